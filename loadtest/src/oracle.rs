//! Whether anything was lost or done twice: every workflow is read back, and what must not be there is looked for.
//!
//! Here all is read; `laws` judges what was read.

pub mod bus;
mod laws;
pub mod queues;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_client::oracle::{Judgement, Oracle};
use aegis_contracts::ids::WorkflowId;
use anyhow::Result;
use futures::{StreamExt as _, stream};
use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::drive::{Driven, Started};
use crate::run::{DeadLetter, Faults};
use crate::target::Target;
use bus::{Came, Tap};
use laws::{Read, accepted};
use queues::Depths;

/// Read back at once.
const AT_ONCE: usize = 16;
/// Objects of one workflow on a stage of its own, at most; beyond it something is wrong anyway.
const OBJECTS_EACH: usize = 200;
/// How long the last events may take to the bus.
const LAST_EVENTS: Duration = Duration::from_secs(60);
/// So many findings of the same kind are told one by one.
pub const TOLD: usize = 20;

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<WorkflowId>,
    pub what: String,
}

impl Finding {
    fn of(id: &WorkflowId, what: impl Into<String>) -> Self {
        Self {
            workflow: Some(id.clone()),
            what: what.into(),
        }
    }

    fn of_stage(what: impl Into<String>) -> Self {
        Self {
            workflow: None,
            what: what.into(),
        }
    }
}

/// All that was found.
#[derive(Debug, Default)]
pub struct Verdict {
    pub findings: Vec<Finding>,
    /// By the number of the workflow.
    pub judged: BTreeMap<usize, Judgement>,
    /// What lies in the dead-letter queues, where some may lie there.
    pub letters: Option<Vec<DeadLetter>>,
}

/// What is known of a run besides what its clients saw.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    /// What lay in the dead-letter queues before.
    pub before: &'a Depths,
    /// Nobody else uses the stage, so that everything in its bucket must be of this run.
    pub alone: bool,
    /// The agents are in this program, so that none of them has died.
    pub undying: bool,
    /// And all that they said was heard, so that none was given up for its silence.
    pub heard: bool,
    /// How long queues may take to empty.
    pub patience: Duration,
    /// Things went wrong on purpose.
    pub faults: Option<&'a dyn Faults>,
}

/// # Errors
/// Where lists or dead-letter queues cannot be read. What cannot be read of one workflow is a finding.
pub async fn judge(
    target: &Target,
    driven: &Driven,
    known: Circumstances<'_>,
    tap: Option<&mut Tap>,
) -> Result<Verdict> {
    // First of all: what still lies in a queue could change all that is read below.
    let backlog = queues::backlog(&target.stage, known.patience).await;
    let judged = read_back(target, &driven.started).await;
    let came = match tap {
        Some(tap) => Some(last_events(tap, &driven.started, &judged).await?),
        None => None,
    };
    let letters = match known.faults {
        Some(faults) => Some(faults.dead_letters().await?),
        None => None,
    };
    let read = Read {
        driven,
        judged: &judged,
        mark: &target.mark,
        listed: target.list(None, driven.began).await?,
        keys: if known.alone {
            keys(target, accepted(&driven.started).len()).await?
        } else {
            Vec::new()
        },
        undying: known.undying,
        heard: known.heard,
        backlog,
        before: known.before,
        after: queues::dead_letters(&target.stage).await?,
        letters: letters.as_deref(),
        came,
    };
    let findings = laws::of_all(&read);
    Ok(Verdict {
        findings,
        judged,
        letters,
    })
}

/// Waits until nothing is missing, or for as long as the last events may take to the bus.
async fn last_events<'a>(
    tap: &'a mut Tap,
    started: &[Started],
    judged: &BTreeMap<usize, Judgement>,
) -> Result<&'a Came> {
    let until = Instant::now() + LAST_EVENTS;
    loop {
        tap.drain().await?;
        let mut all = laws::known(started, judged);
        let missing = all.any(|(id, _, judgement)| tap.came.missing(id, &judgement.history) > 0);
        if !missing || Instant::now() > until {
            return Ok(&tap.came);
        }
        sleep(Duration::from_millis(500)).await;
    }
}

async fn read_back(target: &Target, started: &[Started]) -> BTreeMap<usize, Judgement> {
    let oracle = &Oracle {
        api: &target.api,
        objects: target.objects.clone(),
    };
    let all = started.iter().filter_map(|one| {
        let id = one.id.clone()?;
        Some(async move {
            let judgement = oracle.judge(&id, one.kind.demands()).await;
            let judgement = judgement.unwrap_or_else(|error| Judgement {
                wrong: vec![format!("was accepted and cannot be read back: {error:#}")],
                ..Judgement::default()
            });
            (one.number, judgement)
        })
    });
    stream::iter(all).buffer_unordered(AT_ONCE).collect().await
}

/// All that agents wrote, of so many workflows.
async fn keys(target: &Target, workflows: usize) -> Result<Vec<String>> {
    let limit = OBJECTS_EACH * workflows.max(10);
    let bucket = target.objects.bucket();
    let found = target.objects.list(bucket, "workflows/", limit).await?;
    Ok(found.into_iter().map(|object| object.key).collect())
}
