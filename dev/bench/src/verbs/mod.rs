//! `cargo xtask bench`: how fast it is, here and, computed, in AWS.
//!
//! Brings up what a bench needs and prints its figures; what is measured and how is in the other modules.

mod cold_start;
mod functions;
mod model;
mod step_functions;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::results::{Kept, Results};
use anyhow::Result;
use serde::Serialize;

use aegis_client::local;
use aegis_local_aws::Context;
use aegis_terminal::out;

/// Measure aegis: against Step Functions, its cold starts, and a model of its latency in AWS.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
    /// Keep the figures: in dev/bench/results.json, and in docs/performance.md.
    #[arg(long, global = true)]
    keep: bool,
    /// Folder with packages that `cargo xtask package` made for this machine's processors [default: target/lambda, if it holds
    /// such; else functions as tests run them].
    #[arg(long, global = true, value_name = "FOLDER")]
    packages: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// All three, one after the other.
    All(All),
    StepFunctions(step_functions::Arguments),
    Model(model::Arguments),
    ColdStart(cold_start::Arguments),
}

#[derive(Debug, clap::Args)]
struct All {
    #[command(flatten)]
    model: model::Arguments,
    #[command(flatten)]
    cold_start: cold_start::Arguments,
    #[command(flatten)]
    step_functions: step_functions::Arguments,
}

/// What every bench needs to know.
struct Bench<'a> {
    keep: bool,
    packages: Option<&'a Path>,
    context: &'a Context,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let bench = Bench {
        keep: arguments.keep,
        packages: arguments.packages.as_deref(),
        context,
    };
    match arguments.what {
        What::StepFunctions(what) => bench.step_functions(&what).await?,
        What::Model(what) => bench.model(&what)?,
        What::ColdStart(what) => bench.cold_start(&what).await?,
        What::All(all) => {
            bench.model(&all.model)?;
            bench.cold_start(&all.cold_start).await?;
            bench.step_functions(&all.step_functions).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Bench<'_> {
    async fn step_functions(&self, what: &step_functions::Arguments) -> Result<()> {
        let (command, figures) = step_functions::run(what, self.packages, self.context).await?;
        show(&figures, crate::step_functions::text, self.context)?;
        self.keep(|all| all.step_functions = Some(Kept::new(today(), &command, figures)))
    }

    fn model(&self, what: &model::Arguments) -> Result<()> {
        let (command, figures) = model::run(what)?;
        show(&figures, crate::model::text, self.context)?;
        self.keep(|all| all.model = Some(Kept::new(today(), &command, figures)))
    }

    async fn cold_start(&self, what: &cold_start::Arguments) -> Result<()> {
        let (command, figures) = cold_start::run(what, self.packages, self.context).await?;
        show(&figures, crate::cold_start::text, self.context)?;
        self.keep(|all| all.cold_start = Some(Kept::new(today(), &command, figures)))
    }

    fn keep(&self, put: impl FnOnce(&mut Results)) -> Result<()> {
        if !self.keep {
            return Ok(());
        }
        let root = local::root()?;
        let mut all = Results::read(&root)?;
        put(&mut all);
        all.write(&root)
    }
}

fn show<T: Serialize>(figures: &T, text: impl Fn(&T) -> String, context: &Context) -> Result<()> {
    if context.json {
        out::json(serde_json::to_string_pretty(figures)?);
    } else {
        outln!("{}", text(figures).trim_end());
    }
    Ok(())
}

fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}
