//! A whole run: the clients, what goes wrong meanwhile, then the oracle, then the report.

use std::sync::Arc;
use std::time::Duration;

use aegis_client::api::Api;
use aegis_client::stage::Stage;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::FlowList;
use aegis_terminal::progress::Step;
use aegis_terminal::text::now;
use anyhow::{Result, bail};
use async_trait::async_trait;
use serde::Serialize;

use crate::agents::Worker;
use crate::command::Order;
use crate::drive::{self, Asked, Book};
use crate::measure;
use crate::oracle::queues::Depths;
use crate::oracle::{self, Circumstances, bus::Tap};
use crate::report::{Disturbed, Report, Setup};
use crate::scenario::Scenario;
use crate::target::{Target, is_prod};

/// Between two lines about how far a run is.
const INTERVAL: Duration = Duration::from_millis(500);

/// The stage, and what is known of it beside what its file says.
pub struct Ground<'a> {
    pub stage: Stage,
    pub api: Api,
    /// Agents that stand in for the stage's own, and what the report says of them.
    pub agents: Option<(&'a Worker, String)>,
    /// The stage holds nothing but this run.
    pub alone: bool,
    /// What goes wrong during the run, on purpose.
    pub faults: Option<&'a dyn Faults>,
    /// What the report says was typed.
    pub command: String,
}

/// Makes things go wrong. Under faults dead letters may be there, if they say why, and events on the bus are looked at.
#[async_trait(?Send)]
pub trait Faults {
    /// Goes on until most workflows have ended. Nothing goes wrong any more once it returns.
    async fn inject(&self, book: &Book, workflows: usize) -> Result<Injected>;

    /// All that lie in the dead-letter queues.
    async fn dead_letters(&self) -> Result<Vec<DeadLetter>>;
}

/// What was done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Injected {
    /// How often each kind of fault occurred.
    pub counts: Vec<(&'static str, u64)>,
    pub took: Duration,
    /// From when to when the emulator was stopped and started.
    pub restarts: Vec<(Timestamp, Timestamp)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    pub queue: String,
    pub kind: String,
    pub reason: String,
    pub workflow_id: Option<String>,
}

impl DeadLetter {
    /// Readable, and with a reason.
    pub fn is_explained(&self) -> bool {
        self.kind != "unreadable" && !self.reason.starts_with("no reason")
    }
}

/// Runs the workflows, says how far it is, and reads every one back.
///
/// # Errors
/// Where the stage may not be loaded, or cannot be looked at.
pub async fn against(order: &Order, ground: Ground<'_>) -> Result<Report> {
    if is_prod(&ground.stage) && !order.allow_prod {
        bail!(
            "this stage is prod: workflows of a load test cost money there and are real to whoever \
             listens; `--allow-prod` does it all the same"
        );
    }
    let endpoint = ground.stage.api_endpoint.clone();
    let source = order.event_source.clone();
    let target = Target::new(ground.stage, ground.api, source).await?;
    let before = target.probe(&order.plan).await?;
    let (worker, told) = ground.agents.unzip();
    let setup = Setup {
        at: now(),
        command: ground.command,
        scenario: order.name.clone(),
        description: order.scenario.description.clone(),
        endpoint,
        agents: told.unwrap_or_else(|| own_agents(&order.scenario)),
        mark: target.mark.clone(),
        seed: order.seed,
        alone: ground.alone,
    };
    let target = Arc::new(target);
    let asked = asked(&order.scenario, &target).await?;
    let book = Arc::new(Book::new(order.scenario.redrives, asked));
    let running = whole(order, &target, setup, &before, &book, worker, ground.faults);
    watched(running, &book, order.plan.len()).await
}

/// The scenario's flow as the stage knows it.
async fn asked(scenario: &Scenario, target: &Target) -> Result<Asked> {
    let flows = target.api.get::<FlowList>("/flows").await?.value.flows;
    let found = flows
        .iter()
        .find(|flow| flow.flow.as_str() == scenario.flow);
    let Some(flow) = found else {
        bail!("the stage has no flow `{}`", scenario.flow);
    };
    Ok(Asked {
        flow: scenario.flow.clone(),
        parameters: scenario.parameters(),
        approvals: u32::try_from(flow.approvals().count())?,
    })
}

async fn whole(
    order: &Order,
    target: &Arc<Target>,
    setup: Setup,
    before: &Depths,
    book: &Arc<Book>,
    agents: Option<&Worker>,
    faults: Option<&dyn Faults>,
) -> Result<Report> {
    let (scenario, plan) = (&order.scenario, &order.plan);
    let mut tap = match faults {
        Some(_) => Some(Tap::open(&target.stage).await?),
        None => None,
    };
    let clients = async { Ok(drive::all(target, plan, scenario, book).await) };
    let injecting = async {
        match faults {
            Some(faults) => faults.inject(book, plan.len()).await.map(Some),
            None => Ok(None),
        }
    };
    let (driven, injected) = tokio::try_join!(clients, injecting)?;
    if let (Some(tap), Some(injected)) = (&mut tap, &injected) {
        tap.came.restarts.clone_from(&injected.restarts);
    }
    let known = Circumstances {
        before,
        alone: setup.alone,
        undying: agents.is_some(),
        heard: agents.is_some_and(|agents| agents.counted().failed == 0),
        patience: scenario.patience,
        faults,
    };
    let verdict = oracle::judge(target, &driven, known, tap.as_mut()).await?;
    let measured = measure::of(&driven, &verdict);
    let disturbed = injected.zip(tap).map(|(injected, tap)| Disturbed {
        injected,
        events: tap.came.counted(),
        dead_letters: verdict.letters.clone().unwrap_or_default(),
    });
    let mut report = Report::of(setup, &driven, verdict, measured)?;
    report.agents_counted = agents.map(Worker::counted);
    report.disturbed = disturbed;
    Ok(report)
}

/// Says how far `running` is until it is done.
async fn watched(
    running: impl Future<Output = Result<Report>>,
    book: &Book,
    workflows: usize,
) -> Result<Report> {
    let step = Step::begin("Run the workflows and read them back");
    let mut interval = tokio::time::interval(INTERVAL);
    tokio::pin!(running);
    loop {
        tokio::select! {
            report = &mut running => {
                step.done(if report.is_ok() { "done" } else { "failed" });
                return report;
            }
            _ = interval.tick() => {
                let seen = book.seen();
                let (accepted, decided, ended) = (seen.accepted, seen.decided, seen.ended);
                step.waiting_for(&format!(
                    "of {workflows} workflows {accepted} accepted, {decided} decided, {ended} seen to end"
                ));
            }
        }
    }
}

/// What the report says of agents that are not ours to choose.
fn own_agents(scenario: &Scenario) -> String {
    let passed_over = [
        scenario.agents.map(|_| "`agents`"),
        (scenario.artifact_bytes > 0).then_some("`artifact_bytes`"),
        scenario.new_sessions.map(|_| "`new_sessions`"),
    ];
    let passed_over: Vec<&str> = passed_over.into_iter().flatten().collect();
    if passed_over.is_empty() {
        return "the stage's own".to_owned();
    }
    let what = passed_over.join(" and ");
    format!("the stage's own, so {what} of the scenario did not apply")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_says_what_of_the_scenario_did_not_apply() {
        let of = |name: &str| own_agents(&Scenario::named(name).unwrap());
        assert_eq!(of("steady"), "the stage's own");
        let throttled = of("throttled");
        assert!(throttled.contains("`agents` and `new_sessions` of the scenario did not apply"));
        assert!(of("artifacts").contains("`agents` and `artifact_bytes`"));
    }
}
