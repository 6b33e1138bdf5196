//! `aegis test deploy`: `deploy.sh` as a platform engineer types it, against an emulator of its own, in dev and in a
//! rehearsal of prod, and nothing is left at the end.
//!
//! Stand-ins take the places of cargo, whose work is done already, and of docker, which a test cannot count on. They
//! note how they are called.

mod development;
mod leftovers;
mod production;
mod site;

use anyhow::{Result, bail};

use crate::stack::folder::StackFolder;
use crate::stack::settings::Settings;
use crate::stack::{binaries, down, emulator, packages, prerequisites, venv, workspace};

use site::Site;

/// Where the stack of this part is, below the folder that `--dir` names.
const FOLDER: &str = "deploy";

pub async fn test(parent: &StackFolder, keep: bool) -> Result<()> {
    let folder = StackFolder::new(parent.root().join(FOLDER));
    if folder.root().exists() {
        down::take_down(&folder, true).await?;
    }
    let outcome = all(&folder).await;
    if keep {
        return outcome;
    }
    let down = down::take_down(&folder, true).await;
    outcome.and(down)
}

async fn all(folder: &StackFolder) -> Result<()> {
    let found = prerequisites::check()?;
    let root = workspace::root()?;
    folder.create()?;
    let settings = Settings::load_or_create(folder)?;
    let environments = workspace::default_stack_folder()?;
    let python = venv::ensure(&venv::EMULATOR, &environments, &found.python).await?;
    let tools = venv::ensure(&venv::DEPLOY_TOOLS, &environments, &found.python).await?;
    emulator::ensure(folder, &settings, &python).await?;
    let built = binaries::build(&found.cargo, &root).await?;
    packages::make(folder, &built).await?;

    let site = Site::prepare(folder, &settings, &root, &tools)?;
    development::story(&site).await?;
    nothing_is_left(&site, &[]).await?;
    production::story(&site).await?;
    nothing_is_left(&site, &[production::STATE_BUCKET]).await
}

async fn nothing_is_left(site: &Site, expected: &[&str]) -> Result<()> {
    let left = leftovers::find(site).await?;
    let unexpected: Vec<_> = left
        .iter()
        .filter(|(_, name)| !expected.contains(&name.as_str()))
        .map(|(kind, name)| format!("{kind} {name}"))
        .collect();
    if !unexpected.is_empty() {
        bail!("destroy left behind:\n{}", unexpected.join("\n"));
    }
    Ok(())
}
