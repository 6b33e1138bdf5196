//! `cargo xtask chaos`: the scenario `chaos` on a stack of its own while calls to AWS fail, processes are killed, and the
//! emulator stops and starts once.
//!
//! What happens when is decided here; clients, oracle and report are the load test's.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use aegis_cli::client::dlq;
use aegis_client::api::Api;
use aegis_client::local::StackFolder;
use aegis_client::stage::Stage;
use aegis_contracts::flow::{DEFAULT_FLOW, Name};
use aegis_loadtest::command::{Order, show, typed};
use aegis_loadtest::drive::Book;
use aegis_loadtest::report::Report;
use aegis_loadtest::scenario::Wanted;
use aegis_loadtest::{DeadLetter, Faults, Ground, Injected, against};
use aegis_local_aws::killer::{Kind, kill_one};
use aegis_local_aws::settings::Settings;
use aegis_local_aws::signals::or_interrupted;
use aegis_local_aws::{Context, down, emulator, up};
use aegis_terminal::progress::say;
use aegis_terminal::text::now;
use anyhow::{Context as _, Result};
use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::time::sleep;

use crate::good;
use crate::proxy::{self, Proxy, all_faults};

/// Run many workflows on a stack of their own while calls to AWS fail and processes are killed, then check each.
///
/// A proxy between services, agents and the local AWS throttles, delays, refuses and cuts calls, and
/// loses answers of calls that took effect. Processes of functions and agents are ended without a
/// warning, and the emulator is stopped and started once. The exit code is 0 only if every workflow
/// ended as its scenario demands and nothing was lost or done twice.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How many workflows.
    #[arg(long, value_name = "N", default_value_t = 200)]
    workflows: usize,
    /// How long faults are injected at most; they end sooner once most workflows have ended.
    #[arg(long, value_name = "M", default_value_t = 10.0, value_parser = positive)]
    minutes: f64,
    /// The seed that decides which faults happen to whom, as far as the machine's own timing allows [default: a new one].
    #[arg(long, value_name = "S")]
    seed: Option<u32>,
    /// The flow that they follow. `AEGIS_CONFIG` names the file with flows and agents of your own.
    #[arg(long, value_name = "NAME", default_value = DEFAULT_FLOW)]
    flow: Name,
    /// Leave the stack running, for a closer look.
    #[arg(long)]
    keep: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(minutes) if minutes > 0.0 && minutes <= 600.0 => Ok(minutes),
        _ => Err("must be a number of minutes above 0, at most 600".to_owned()),
    }
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let longest = Duration::from_secs_f64(arguments.minutes * 60.0);
    let seed = arguments.seed.unwrap_or_else(rand::random);
    let plan = Plan {
        workflows: arguments.workflows,
        flow: arguments.flow.to_string(),
        longest,
        seed,
    };
    let report = on_a_stack_of_its_own(plan, arguments.keep, context).await?;
    show(&report, None, context.json)
}

/// What `cargo xtask test chaos` runs.
const SHORT_WORKFLOWS: usize = 24;
const SHORT_TIME: Duration = Duration::from_secs(60);

/// The short form, for the tests of this repository.
///
/// # Errors
/// What was found wrong, or why it could not be found out.
pub async fn test(context: &Context, keep: bool) -> Result<()> {
    let plan = Plan {
        workflows: SHORT_WORKFLOWS,
        flow: DEFAULT_FLOW.to_owned(),
        longest: SHORT_TIME,
        seed: rand::random(),
    };
    good(&on_a_stack_of_its_own(plan, keep, context).await?)
}

struct Plan {
    workflows: usize,
    flow: String,
    /// How long faults are injected at most.
    longest: Duration,
    seed: u32,
}

async fn on_a_stack_of_its_own(plan: Plan, keep: bool, context: &Context) -> Result<Report> {
    let folder = &context.below("chaos").folder;
    let outcome = or_interrupted(under_faults(plan, folder)).await;
    proxy::end(folder).await?;
    down::after_use(folder, keep, outcome).await
}

/// Shorter waits than in production, so that a run does not wait for them.
const SHORT_TIMES: [&str; 5] = [
    "pickup_timeout_seconds=10",
    "start_timeout_seconds=20",
    "heartbeat_timeout_seconds=20",
    "step_timeout_seconds=120",
    "log_level=INFO",
];

/// Of each step: faults hit more than one in a row.
const ATTEMPTS: u32 = 5;

async fn under_faults(plan: Plan, folder: &StackFolder) -> Result<Report> {
    if folder.root().exists() {
        down::take_down(folder, true).await?;
    }
    folder.create()?;
    let mut settings = Settings::load_or_create(folder)?;
    settings.faults = true;
    settings.attempts = Some(ATTEMPTS);
    settings.save(folder)?;
    let wanted = up::Arguments {
        variables: SHORT_TIMES.map(str::to_owned).to_vec(),
        traces: None,
    };
    up::bring_up(&wanted, folder).await.context("the stack")?;
    let stage = Stage::read(&folder.stack_file())?;
    let Plan { longest, seed, .. } = plan;
    let chaos = Chaos {
        proxy: Proxy::start(folder, &settings, seed).await?,
        seed: seed.into(),
        longest,
        folder,
        stage: stage.clone(),
    };
    let wanted = Wanted {
        workflows: Some(plan.workflows),
        rate: None,
    };
    let ground = Ground {
        api: Api::of(&stage, None, "the stack of the chaos run does not answer").await?,
        stage,
        agents: None,
        alone: true,
        faults: Some(&chaos),
        command: typed("cargo xtask"),
    };
    let mut order = Order::named("chaos", wanted, Some(seed.into()))?;
    order.scenario.flow = plan.flow;
    against(&order, ground).await
}

/// Agents are few, and what they lose is only missed after the time-out of a heartbeat.
const AGENT_SHARE: f64 = 0.12;
const PAUSES: std::ops::Range<u64> = 300..1_500;

struct Chaos<'a> {
    proxy: Proxy,
    seed: u64,
    longest: Duration,
    folder: &'a StackFolder,
    stage: Stage,
}

#[async_trait(?Send)]
impl Faults for Chaos<'_> {
    async fn inject(&self, book: &Book, workflows: usize) -> Result<Injected> {
        let mut dice = StdRng::seed_from_u64(self.seed);
        let began = Instant::now();
        let faults = all_faults();
        self.proxy.inject(&faults).await?;
        let mut restarts = Vec::new();
        let mut killed = [0, 0];
        while began.elapsed() < self.longest && book.seen().ended * 100 < workflows * 85 {
            sleep(Duration::from_millis(dice.random_range(PAUSES))).await;
            let late = began.elapsed() * 2 > self.longest;
            let many = book.seen().decided * 100 >= workflows * 35;
            if restarts.is_empty() && (many || late) {
                let from = now();
                restart(self.folder).await?;
                restarts.push((from, now()));
            }
            let (kind, count) = match dice.random_bool(AGENT_SHARE) {
                true => (Kind::Agent, &mut killed[0]),
                false => (Kind::Function, &mut killed[1]),
            };
            *count += u64::from(kill_one(self.folder, kind, &mut dice));
        }
        let fired = self.proxy.calm().await?;
        say("The faults have ended");
        let mut counts: Vec<_> = faults.iter().map(|fault| fault.name).zip(fired).collect();
        counts.push(("agents' processes killed", killed[0]));
        counts.push(("functions' processes killed", killed[1]));
        counts.push(("emulator stopped and started", restarts.len() as u64));
        Ok(Injected {
            counts,
            took: began.elapsed(),
            restarts,
        })
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        let letters = dlq::everything(&self.stage).await?;
        let told = letters.into_iter().map(|(queue, letter)| DeadLetter {
            queue,
            kind: letter.kind,
            reason: letter.reason,
            workflow_id: letter.workflow_id,
        });
        Ok(told.collect())
    }
}

/// An orderly end, by which the emulator keeps what it holds. The agents' credentials are of the
/// process that ends: they begin anew with the next.
async fn restart(folder: &StackFolder) -> Result<()> {
    say("The emulator is stopped and started");
    emulator::end(folder).await?;
    up::bring_up(&up::Arguments::default(), folder).await?;
    Ok(())
}
