//! Says that work goes on: at a new stage, and at least three times per allowed silence.

use std::time::Duration;

use aegis_contracts::callback::{AgentReport, MAX_MESSAGE};
use tokio::time::{Instant, sleep_until};

use crate::context::{Stage, WorkContext};
use crate::reporter::{Answer, Reporter};

/// Work that is over sooner reports its result alone: that it began, the answer to its invocation has said.
pub const FIRST_REPORT: Duration = Duration::from_secs(5);
/// Stages that pass faster than this share one report: each costs a request and a Lambda call, and the platform
/// writes none that comes sooner after the last.
const SHORTEST_GAP: Duration = Duration::from_secs(15);

/// Why the work must stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Superseded,
    Unauthorised,
    /// The runtime ended the session.
    Session,
}

/// Reports until the platform says stop; never returns otherwise. Failing to report is no reason to stop: the work may be
/// finished before the platform is back, and gives up at its deadline if not.
pub async fn beat(ctx: &WorkContext, reporter: &Reporter) -> Stop {
    let silence = Duration::from_secs(ctx.task().heartbeat_seconds.max(3)) / 3;
    let mut stages = ctx.stages();
    tokio::time::sleep(FIRST_REPORT.min(silence)).await;
    stages.mark_changed();
    loop {
        let quiet_until = Instant::now() + silence;
        tokio::select! {
            _ = stages.changed() => {}
            () = sleep_until(quiet_until) => {}
        }
        let stage = stages.borrow_and_update().clone();
        match reporter.send(&progress(ctx, stage)).await {
            Answer::Taken => {}
            Answer::Superseded => return Stop::Superseded,
            Answer::Unauthorised => return Stop::Unauthorised,
            Answer::Refused(reason) | Answer::Unavailable(reason) => {
                tracing::warn!(reason, "progress not taken");
            }
        }
        tokio::time::sleep(SHORTEST_GAP.min(silence)).await;
    }
}

fn progress(ctx: &WorkContext, stage: Stage) -> AgentReport {
    let usage = ctx.usage();
    AgentReport::Progress {
        step: ctx.task().step.clone(),
        branch: ctx.task().branch,
        attempt: ctx.task().attempt,
        message: crate::text::shorten(&stage.message, MAX_MESSAGE),
        percent: Some(stage.percent),
        usage: (!usage.is_zero()).then_some(usage),
    }
}
