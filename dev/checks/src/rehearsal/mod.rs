//! `cargo xtask test deploy`: `deploy.sh` as a platform engineer types it, against an emulator of its own, in dev and in a
//! rehearsal of prod, and nothing is left at the end.
//!
//! Stand-ins take the places of cargo, whose work is done already, and of docker, which a test cannot count on. They
//! note how they are called.

mod configuration;
pub mod deployed;
mod development;
mod ground;
mod leftovers;
mod logs;
mod operator;
mod production;
mod site;

use anyhow::{Result, bail};

use aegis_client::local::StackFolder;
use aegis_local_aws::down;

use ground::Ground;
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
    let ground = Ground::prepare(folder, false).await?;
    let (dev, prod) = (ground.site("dev")?, ground.site("prod")?);
    // Side by side, because each of them mostly waits for the provider.
    tokio::try_join!(development::story(&dev), production::story(&prod))?;
    nothing_is_left(&prod, &[production::STATE_BUCKET]).await
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
