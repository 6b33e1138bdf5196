//! What is checked of the Terraform sources without a stack: form, validity, tests, that each rule refuses something,
//! insecure settings, and that events reach their log.

use std::path::Path;

use anyhow::Result;
use tokio::process::Command;

use crate::stack::folder::StackFolder;
use crate::stack::settings::Settings;
use crate::stack::terraform::command::Terraform;
use crate::stack::terraform::module::Module;
use crate::stack::terraform::{event_log, mirror, refusals};
use crate::stack::test::judge;
use crate::stack::{environment, foreground, prerequisites, venv, workspace};

/// All of it, in a folder beside the stack in `folder`.
pub async fn sources(folder: &StackFolder) -> Result<()> {
    let sources = workspace::root()?.join("terraform");
    let folder = StackFolder::new(folder.root().join("test"));
    folder.create()?;
    let settings = Settings::load_or_create(&folder)?;
    let module = Module::of(&folder);
    module.copy_sources(&sources)?;
    let mirror = mirror::find();
    if let Some(mirror) = &mirror {
        mirror::write_configuration(mirror, &module.cli_configuration())?;
    }
    let terraform = Terraform {
        program: "terraform",
        module: &module,
        settings: &settings,
        mirrored: mirror.is_some(),
    };
    let calls: [&[&str]; 4] = [
        &["fmt", "-check", "-recursive", "-diff"],
        &["init", "-input=false", "-no-color"],
        &["validate"],
        &["test"],
    ];
    for call in calls {
        let name = format!("terraform {}", call.first().unwrap_or(&""));
        judge(&name, terraform.visibly(call).await?)?;
    }
    refusals::check(&terraform).await?;
    let python = prerequisites::python()?;
    scan(&sources, &python).await?;
    event_log::check(&terraform, folder.root(), &python).await
}

/// Fails on any finding that has no reason beside it.
async fn scan(sources: &Path, python: &str) -> Result<()> {
    let parent = workspace::default_stack_folder()?;
    let python = venv::ensure(&venv::SCANNER, &parent, python).await?;
    let mut command = Command::new(&python);
    command
        .args(["-m", "checkov.main", "--framework", "terraform"])
        .args(["--compact", "--quiet", "--skip-download"])
        .args(["--skip-path", "tests", "--directory"])
        .arg(sources)
        .env_clear()
        .envs(environment::clean(&std::env::temp_dir()));
    judge("checkov", foreground::run_visibly(command).await?)
}
