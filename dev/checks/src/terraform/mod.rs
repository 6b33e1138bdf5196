//! What is checked of the Terraform sources without a stack: form, validity, tests, that each rule refuses something,
//! insecure settings, that CloudFormation knows what the templates say, and that events reach their log.

mod event_log;
mod plans;
mod rules;
mod templates;

use std::path::Path;

use aegis_client::local::{self, StackFolder};
use aegis_local_aws::foreground::{self, Line};
use aegis_local_aws::settings::Settings;
use aegis_local_aws::terraform::command::Terraform;
use aegis_local_aws::terraform::mirror;
use aegis_local_aws::terraform::module::Module;
use aegis_local_aws::{environment, prerequisites, venv};
use anyhow::{Result, bail};
use tokio::process::Command;

use crate::test::judge;

/// All of it, in a folder beside the stack in `folder`.
pub async fn sources(folder: &StackFolder) -> Result<()> {
    let sources = local::root()?.join("terraform");
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
    let calls: [&[&str]; 3] = [
        &["fmt", "-check", "-recursive", "-diff"],
        &["init", "-input=false", "-no-color"],
        &["validate"],
    ];
    for call in calls {
        let name = format!("terraform {}", call.first().unwrap_or(&""));
        judge(&name, terraform.visibly(call).await?)?;
    }
    plans::check(&terraform, templates::RUNS).await?;
    let python = prerequisites::python()?;
    templates::check(&terraform, folder.root(), &python).await?;
    scan(&sources, &python).await?;
    event_log::check(&terraform, folder.root(), &python).await
}

/// Fails on any finding that has no reason beside it, and on a file that the scanner passes over because it cannot read it.
async fn scan(sources: &Path, python: &str) -> Result<()> {
    let parent = local::default_stack_folder()?;
    let python = venv::ensure(&venv::SCANNER, &parent, python).await?;
    let mut command = Command::new(&python);
    command
        .args(["-m", "checkov.main", "--framework", "terraform"])
        .args(["--compact", "--quiet", "--skip-download"])
        .args(["--skip-path", "tests", "--directory"])
        .arg(sources)
        .env_clear()
        .envs(environment::clean(&std::env::temp_dir()));
    let mut unread = None;
    let finished = foreground::run(command, |line| {
        let (Line::Output(line) | Line::Error(line)) = line;
        errln!("{line}");
        unread = files_not_read(line).or(unread.take());
    });
    judge("checkov", finished.await?.status)?;
    match unread {
        Some(0) => Ok(()),
        Some(count) => {
            bail!("checkov cannot read {count} of the files, and so looked for nothing there")
        }
        None => bail!("checkov does not say how many files it could not read"),
    }
}

/// Of `Passed checks: 196, Failed checks: 0, Skipped checks: 91, Parsing errors: 1`.
fn files_not_read(line: &str) -> Option<u32> {
    let (_, rest) = line.split_once("Passed checks: ")?;
    match rest.split_once("Parsing errors: ") {
        Some((_, count)) => count.trim().parse().ok(),
        None => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_the_scanner_cannot_read_is_noticed() {
        let line = "Passed checks: 196, Failed checks: 0, Skipped checks: 91";
        assert_eq!(files_not_read(line), Some(0));
        let line = "Passed checks: 196, Failed checks: 0, Skipped checks: 91, Parsing errors: 1";
        assert_eq!(files_not_read(line), Some(1));
        assert_eq!(files_not_read("terraform scan results:"), None);
    }
}
