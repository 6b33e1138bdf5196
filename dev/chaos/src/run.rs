//! A whole run: the stack, the workflows under faults, the calm after, the oracle.

use std::cell::Cell;
use std::time::{Duration, Instant};

use aegis_aws::client::bus::BusClient;
use aegis_aws::client::objects::S3Objects;
use anyhow::{Context as _, Result};
use futures::{StreamExt as _, stream};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::bus::Tap;
use super::driver::{Clients, Life};
use super::faults;
use super::letters;
use super::proxy::Proxy;
use super::report::{Ended, Events, Report};
use super::scenario::Scenario;
use super::turmoil::{Done, Progress, rage};
use aegis_client::api::Api;
use aegis_client::oracle::{Judgement, Oracle};
use aegis_client::stage::Stage;
use aegis_local_aws::Context;
use aegis_local_aws::settings::Settings;
use aegis_local_aws::{down, up};
use aegis_terminal::progress::{Step, say};
use aegis_terminal::text::counted;

/// Workflows under way at once: more than the emulator can serve only wait.
const AT_ONCE: usize = 24;
/// After the faults: sweeps, retries and redrives have their time.
const CALM: Duration = Duration::from_secs(300);
/// How long the last events may take to the bus.
const LAST_EVENTS: Duration = Duration::from_secs(60);

/// Shorter waits than in production, so that a run does not wait for them.
const SHORT_TIMES: [&str; 6] = [
    "pickup_timeout_seconds=10",
    "start_timeout_seconds=20",
    "heartbeat_timeout_seconds=20",
    "step_timeout_seconds=120",
    "step_retries={researcher={attempts=5},analyst={attempts=5},writer={attempts=5}}",
    "log_level=INFO",
];

#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub workflows: usize,
    pub turmoil: Duration,
    pub seed: u32,
}

pub async fn all(plan: &Plan, context: &Context) -> Result<Report> {
    let folder = &context.folder;
    if folder.root().exists() {
        down::take_down(folder, true).await?;
    }
    folder.create()?;
    let mut settings = Settings::load_or_create(folder)?;
    settings.faults = true;
    settings.save(folder)?;
    let wanted = up::Arguments {
        variables: SHORT_TIMES.map(str::to_owned).to_vec(),
        traces: None,
    };
    let description = up::bring_up(&wanted, folder).await.context("the stack")?;
    let proxy = Proxy::start(folder, &settings, plan.seed).await?;
    say(&format!(
        "{} at {} with seed {}",
        counted(plan.workflows, "workflow"),
        description.api_endpoint,
        plan.seed
    ));
    under_faults(plan, context, &proxy).await
}

async fn under_faults(plan: &Plan, context: &Context, proxy: &Proxy) -> Result<Report> {
    let stage = Stage::read(&context.folder.stack_file())?;
    let api = Api::of(&stage, None, "the stack of the chaos run does not answer").await?;
    let config = stage.connection().load().await;
    let bus = stage.output("event_bus_name")?;
    let mut tap = Tap::open(config.clone(), bus).await?;
    let clients = Clients {
        api: &api,
        bus: BusClient::new(&config, bus),
        account: stage.account().context("no account in the stage")?,
        until: Instant::now() + plan.turmoil + CALM,
    };
    let began = Instant::now();
    let faults = faults::all();
    proxy.inject(&faults).await?;
    let progress = Progress {
        ended: Cell::new(0),
        total: plan.workflows,
    };
    let turmoil = async {
        let done = rage(&context.folder, plan.seed, plan.turmoil, &progress).await?;
        let fired = proxy.calm().await?;
        say("The faults have ended");
        Ok::<_, anyhow::Error>((done, fired, began.elapsed()))
    };
    let (lives, turmoil) = tokio::join!(lives(plan, &clients, &progress), turmoil);
    let (done, fired, turmoil_took) = turmoil?;
    let ended_after = began.elapsed();
    let step = Step::begin("Read every workflow back");
    let oracle = Oracle {
        api: &api,
        objects: S3Objects::new(&config, stage.output("artifact_bucket_name")?),
    };
    let (ended, forgotten) = judged(&oracle, &mut tap, lives, &done, &step).await?;
    let letters = letters::all(&stage).await?;
    step.done("done");
    Ok(Report {
        seed: plan.seed,
        faults: faults.iter().map(|fault| fault.name).zip(fired).collect(),
        done,
        turmoil: turmoil_took,
        took: ended_after,
        ended,
        events: Events {
            different: tap.different(),
            again: tap.duplicates(),
            forgotten,
        },
        letters,
    })
}

/// What became of each workflow's clients.
type Lived = (Life, Duration, Option<String>);

async fn lives(plan: &Plan, clients: &Clients<'_>, progress: &Progress) -> Vec<Lived> {
    let mut dice = StdRng::seed_from_u64(u64::from(plan.seed) + 1);
    let delays: Vec<u64> = (0..plan.workflows)
        .map(|_| dice.random_range(0..6_000))
        .collect();
    let lives = delays
        .into_iter()
        .enumerate()
        .map(|(number, delay)| async move {
            let mut life = Life::new(Scenario::of(number), &clients.account);
            let began = Instant::now();
            let outcome = life.live(clients, Duration::from_millis(delay)).await;
            progress.ended.set(progress.ended.get() + 1);
            let ended = progress.ended.get();
            if ended.is_multiple_of(20) {
                say(&format!("{ended} of {} have ended", progress.total));
            }
            let trouble = outcome.err().map(|error| format!("{error:#}"));
            (life, began.elapsed(), trouble)
        });
    stream::iter(lives)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

async fn judged(
    oracle: &Oracle<'_>,
    tap: &mut Tap,
    lives: Vec<Lived>,
    done: &Done,
    step: &Step,
) -> Result<(Vec<Ended>, usize)> {
    let mut all = Vec::new();
    for (life, took, trouble) in lives {
        step.waiting_for(&life.id.to_string());
        let mut judgement = match oracle.judge(&life.id, life.scenario.demands()).await {
            Ok(judgement) => judgement,
            Err(error) => Judgement {
                wrong: vec![format!("cannot be read back: {error:#}")],
                ..Judgement::default()
            },
        };
        judgement.wrong.extend(trouble);
        all.push(Ended {
            life,
            took,
            judgement,
        });
    }
    let began = Instant::now();
    loop {
        tap.drain().await?;
        let missing = all.iter().any(|one| one.missing_events(tap, done).0 > 0);
        if !missing || began.elapsed() > LAST_EVENTS {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mut all_forgotten = 0;
    for one in &mut all {
        let (lost, forgotten) = one.missing_events(tap, done);
        all_forgotten += forgotten;
        if lost > 0 {
            let wrong = format!("{lost} events of its history never came over the bus");
            one.judgement.wrong.push(wrong);
        }
    }
    Ok((all, all_forgotten))
}
