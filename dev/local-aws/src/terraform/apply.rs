//! Which calls of Terraform are needed, and what to do when its memory and the emulator differ.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::emulator::Running;
use crate::json::write_json;
use crate::packages::Products;
use crate::settings::Settings;
use crate::terraform::command::Terraform;
use crate::terraform::mirror;
use crate::terraform::module::{Applied, Module};
use crate::terraform::variables;
use crate::{digest, generation, trust};
use aegis_client::local::StackFolder;
use aegis_terminal::progress::Step;

/// What is to be applied.
pub struct Wanted<'a> {
    pub folder: &'a StackFolder,
    pub settings: &'a Settings,
    pub products: &'a Products,
    pub emulator: &'a Running,
    pub terraform: &'a str,
    pub sources: &'a Path,
}

/// What came of it.
pub enum Outcome {
    UpToDate(Value),
    Applied(Value),
    /// The emulator holds things that Terraform knows nothing of: both must begin anew.
    MustBeginAnew(String),
}

/// The least that makes the stack as wanted.
#[derive(Debug, PartialEq, Eq)]
enum Need {
    Nothing,
    /// Only code changed, so that what Terraform remembers is still true.
    Code,
    Everything,
}

pub async fn apply(wanted: &Wanted<'_>) -> Result<Outcome> {
    let module = Module::of(wanted.folder);
    if wanted.emulator.empty {
        module.forget()?;
    } else if !module.state().exists() {
        let why = "the emulator holds a stack that Terraform does not remember";
        return Ok(Outcome::MustBeginAnew(why.to_owned()));
    }
    let configuration = prepare(&module, wanted)?;
    let before = module.applied();
    let need = need(before.as_ref(), &configuration, wanted);
    if need == Need::Nothing
        && let Some(applied) = before
        && trust::stack_is_there(wanted.settings, &applied.outputs).await
    {
        return Ok(Outcome::UpToDate(applied.outputs));
    }
    let generation = Some(wanted.emulator.generation.as_str());
    let doubtful = !wanted.emulator.empty
        && (module.was_cut_short() || module.last_generation().as_deref() != generation);
    match run(&module, wanted, need == Need::Code).await {
        Ok(outputs) => {
            let applied = Applied {
                configuration,
                packages: wanted.products.packages.clone(),
                generation: wanted.emulator.generation.clone(),
                outputs: outputs.clone(),
            };
            module.save(&applied)?;
            Ok(Outcome::Applied(outputs))
        }
        Err(error) if doubtful => Ok(Outcome::MustBeginAnew(format!("{error:#}"))),
        Err(error) => Err(error),
    }
}

/// Puts sources and variables in place; returns the digest of both.
fn prepare(module: &Module, wanted: &Wanted<'_>) -> Result<String> {
    let sources = module.copy_sources(wanted.sources)?;
    let local = variables::local(wanted.folder, wanted.settings);
    write_json(&module.variables(), &local)?;
    let given = &wanted.settings.variables;
    Ok(digest::of_bytes(
        format!("{sources}{local}{given:?}").as_bytes(),
    ))
}

fn need(before: Option<&Applied>, configuration: &str, wanted: &Wanted<'_>) -> Need {
    match before {
        Some(applied)
            if applied.configuration == configuration
                && applied.generation == wanted.emulator.generation =>
        {
            if applied.packages == wanted.products.packages {
                Need::Nothing
            } else {
                Need::Code
            }
        }
        _ => Need::Everything,
    }
}

async fn run(module: &Module, wanted: &Wanted<'_>, only_code: bool) -> Result<Value> {
    let step = Step::begin(if only_code {
        "Update the services"
    } else {
        "Apply Terraform"
    });
    let mirror = mirror::find();
    if let Some(mirror) = &mirror {
        mirror::write_configuration(mirror, &module.cli_configuration())?;
    }
    let terraform = Terraform {
        program: wanted.terraform,
        module,
        settings: wanted.settings,
        mirrored: mirror.is_some(),
    };
    if !only_code || !module.data().exists() {
        terraform.init(&step).await?;
    }
    generation::mark_used(wanted.folder)?;
    module.begin(&wanted.emulator.generation)?;
    terraform.apply(!only_code, &step).await?;
    let outputs = terraform
        .outputs()
        .await
        .context("after an apply that worked")?;
    step.done("the stack is as the sources say");
    Ok(outputs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::ProcessRecord;

    fn need_of(applied: Option<(&str, &str, &str)>) -> Need {
        let packages = |digest: &str| [("intake".to_owned(), digest.to_owned())].into();
        let folder = StackFolder::new("/stack".into());
        let settings = Settings::sample();
        let products = Products {
            packages: packages("zip"),
            programs: Default::default(),
        };
        let record = ProcessRecord {
            pid: 1,
            identity: String::new(),
            fingerprint: String::new(),
        };
        let emulator = Running {
            generation: "g1".to_owned(),
            empty: false,
            started: false,
            record,
        };
        let wanted = Wanted {
            folder: &folder,
            settings: &settings,
            products: &products,
            emulator: &emulator,
            terraform: "terraform",
            sources: Path::new("/sources"),
        };
        let applied = applied.map(|(configuration, digest, generation)| Applied {
            configuration: configuration.to_owned(),
            packages: packages(digest),
            generation: generation.to_owned(),
            outputs: Value::Null,
        });
        need(applied.as_ref(), "c1", &wanted)
    }

    #[test]
    fn only_what_changed_is_applied() {
        assert_eq!(need_of(Some(("c1", "zip", "g1"))), Need::Nothing);
        assert_eq!(need_of(Some(("c1", "older zip", "g1"))), Need::Code);
        assert_eq!(need_of(Some(("c0", "zip", "g1"))), Need::Everything);
        assert_eq!(need_of(None), Need::Everything);
    }

    #[test]
    fn a_new_generation_of_the_emulators_state_is_never_trusted() {
        assert_eq!(need_of(Some(("c1", "zip", "g0"))), Need::Everything);
    }
}
