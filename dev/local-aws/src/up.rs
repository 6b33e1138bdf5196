//! `cargo xtask up`: from nothing, or from whatever is there, to a running stack as the sources say.
//!
//! Every part does nothing when there is nothing to do. What this call started is ended again
//! when it fails or is interrupted.

use std::process::ExitCode;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::Context;
use crate::configuration::Configuration;
use crate::description::Description;
use crate::emulator::Running;
use crate::host::plan::Plan;
use crate::json::write_json;
use crate::packages::Products;
use crate::prerequisites::{self, Prerequisites};
use crate::settings::{Settings, merge_variables};
use crate::signals::{Interrupted, interrupted};
use crate::terraform::apply::{Outcome, Wanted, apply};
use crate::{agents, binaries, emulator, lock, packages, venv};
use aegis_client::local;
use aegis_client::local::StackFolder;
use aegis_terminal::out;
use aegis_terminal::progress::say;

#[derive(Debug, Clone, Default, clap::Args)]
pub struct Arguments {
    /// Set a Terraform variable of this stack; kept until the stack is wiped.
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub variables: Vec<String>,
    /// Where agents and services send their traces (OTLP over HTTP); kept until the stack is wiped.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub traces: Option<String>,
}

/// What this call started, and so has to end if it does not get through.
#[derive(Default)]
struct Started {
    emulator: std::cell::Cell<bool>,
    agents: std::cell::Cell<bool>,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let description = bring_up(&arguments, &context.folder).await?;
    intake_answers(&description).await?;
    if context.json {
        out::json(serde_json::to_string_pretty(&description)?);
    } else {
        errln!("The stack is up: {}", description.api_endpoint);
    }
    Ok(ExitCode::SUCCESS)
}

/// Intake does not start where a flow's file differs from what the stage keeps of this version, which whoever edits flows
/// should hear at once.
async fn intake_answers(description: &Description) -> Result<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{}/flows", description.api_endpoint);
    // With any other answer it runs: the API may want signatures.
    if client.get(url).send().await?.status().is_server_error() {
        bail!(
            "the stack is up, but intake does not start: `aegis logs intake` says why. Where the file of a flow was \
             changed after a deployment, put the change into a new version, `<flow>/<version>.json`; or wipe the \
             stack with `cargo xtask down --wipe`"
        );
    }
    Ok(())
}

/// Returns the running stack. Other verbs that need one call this too.
pub async fn bring_up(arguments: &Arguments, folder: &StackFolder) -> Result<Description> {
    let _lock = lock::acquire(&folder.lock_file()).await?;
    let started = Started::default();
    let outcome = tokio::select! {
        outcome = all_parts(arguments, folder, &started) => outcome,
        name = interrupted() => name.and_then(|name| Err(Interrupted(name).into())),
    };
    if outcome.is_err() {
        started.end(folder).await?;
    }
    outcome
}

async fn all_parts(
    arguments: &Arguments,
    folder: &StackFolder,
    started: &Started,
) -> Result<Description> {
    let found = prerequisites::check()?;
    let root = local::root()?;
    folder.create()?;
    let mut settings = Settings::load_or_create(folder)?;
    merge_variables(&mut settings.variables, &arguments.variables)?;
    settings.set_traces(arguments.traces.as_deref());
    settings.configuration = Configuration::find()?;
    let parent = local::default_stack_folder()?;
    let python = venv::ensure(&venv::EMULATOR, &parent, &found.python).await?;
    // The emulator starts while cargo builds: neither needs the other.
    let start = start_emulator(folder, &settings, &python, started);
    let built = binaries::build(&found.cargo, &root);
    let (running, built) = tokio::try_join!(start, built)?;
    let products = packages::make(folder, &built, &settings.configuration.flows).await?;
    let stage = Stage {
        folder,
        settings: &settings,
        products: &products,
    };
    let (running, outputs) = stage.apply(running, &python, &found, started).await?;
    settings.save(folder)?;
    let plan = Plan::new(folder, &settings, &outputs);
    started.agents.set(true);
    let host = agents::ensure(folder, &plan, &products, &running.record).await?;
    started.agents.set(host.is_some());
    let description = Description::new(&settings, outputs);
    write_json(&folder.stack_file(), &description)?;
    Ok(description)
}

async fn start_emulator(
    folder: &StackFolder,
    settings: &Settings,
    python: &std::path::Path,
    started: &Started,
) -> Result<Running> {
    let ran = emulator::is_healthy(settings).await;
    started.emulator.set(!ran);
    let running = emulator::ensure(folder, settings, python).await?;
    started.emulator.set(running.started);
    Ok(running)
}

struct Stage<'a> {
    folder: &'a StackFolder,
    settings: &'a Settings,
    products: &'a Products,
}

impl Stage<'_> {
    /// Applies Terraform; where its memory and the emulator cannot be brought together, both
    /// begin anew, once.
    async fn apply(
        &self,
        running: Running,
        python: &std::path::Path,
        found: &Prerequisites,
        started: &Started,
    ) -> Result<(Running, Value)> {
        let reason = match self.apply_to(&running, found).await? {
            Outcome::UpToDate(outputs) => return Ok((running, outputs)),
            Outcome::Applied(outputs) => return Ok((running, outputs)),
            Outcome::MustBeginAnew(reason) => reason,
        };
        say(&format!("The local stack is wiped and made anew: {reason}"));
        emulator::end(self.folder).await?;
        emulator::wipe(self.folder)?;
        let fresh = start_emulator(self.folder, self.settings, python, started).await?;
        match self.apply_to(&fresh, found).await? {
            Outcome::UpToDate(outputs) | Outcome::Applied(outputs) => Ok((fresh, outputs)),
            Outcome::MustBeginAnew(reason) => bail!("{reason}"),
        }
    }

    async fn apply_to(&self, running: &Running, found: &Prerequisites) -> Result<Outcome> {
        let sources = local::root()?.join("terraform");
        apply(&Wanted {
            folder: self.folder,
            settings: self.settings,
            products: self.products,
            emulator: running,
            terraform: &found.terraform,
            sources: &sources,
        })
        .await
    }
}

impl Started {
    async fn end(&self, folder: &StackFolder) -> Result<()> {
        if self.agents.get() {
            agents::end(folder).await?;
        }
        if self.emulator.get() {
            emulator::end(folder).await?;
        }
        Ok(())
    }
}
