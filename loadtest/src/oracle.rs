//! Whether anything was lost or done twice: every workflow is read back, and what must not be there is looked for.

use std::collections::{BTreeMap, BTreeSet};

use aegis_client::oracle::{Judgement, Oracle};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use anyhow::Result;
use futures::{StreamExt as _, stream};
use serde::Serialize;

use crate::dead_letters::{self, Depths};
use crate::drive::{Driven, Started};
use crate::list;
use crate::target::Target;

/// Read back at once.
const AT_ONCE: usize = 16;
/// Objects of one workflow on a stage of its own, at most; beyond it something is wrong anyway.
const OBJECTS_EACH: usize = 200;
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
}

/// All that was found.
#[derive(Debug, Default)]
pub struct Verdict {
    pub findings: Vec<Finding>,
    /// By the number of the workflow.
    pub judged: BTreeMap<usize, Judgement>,
}

/// `alone`: nobody else uses the stage, so that everything in its bucket must be of this run.
///
/// # Errors
/// Where lists or dead-letter queues cannot be read. What cannot be read of one workflow is a finding.
pub async fn judge(
    target: &Target,
    driven: &Driven,
    before: &Depths,
    alone: bool,
) -> Result<Verdict> {
    let mut verdict = Verdict {
        findings: of_starts(&driven.started),
        judged: read_back(target, &driven.started).await,
    };
    for started in &driven.started {
        let (Some(id), Some(judgement)) = (&started.id, verdict.judged.get(&started.number)) else {
            continue;
        };
        let wrong = judgement.wrong.iter();
        verdict
            .findings
            .extend(wrong.map(|what| Finding::of(id, what)));
    }
    let late = driven.unfinished.iter();
    verdict
        .findings
        .extend(late.map(|id| Finding::of(id, "has not ended in time")));
    let accepted = accepted(&driven.started);
    verdict
        .findings
        .extend(strangers(target, &accepted, driven.began).await?);
    if alone {
        verdict.findings.extend(orphans(target, &accepted).await?);
    }
    let after = dead_letters::depths(&target.stage).await?;
    let letters = dead_letters::new_ones(before, &after);
    verdict
        .findings
        .extend(letters.into_iter().map(|what| Finding {
            workflow: None,
            what,
        }));
    Ok(verdict)
}

fn accepted(started: &[Started]) -> BTreeSet<WorkflowId> {
    started.iter().filter_map(|one| one.id.clone()).collect()
}

fn of_starts(started: &[Started]) -> Vec<Finding> {
    let mut seen: BTreeMap<&WorkflowId, usize> = BTreeMap::new();
    let mut findings = Vec::new();
    for one in started {
        if let Some(what) = &one.wrong {
            findings.push(Finding {
                workflow: one.id.clone(),
                what: format!("the {} of number {}: {what}", one.kind.as_str(), one.number),
            });
        }
        let Some(id) = &one.id else { continue };
        if let Some(other) = seen.insert(id, one.number) {
            let what = format!(
                "is the workflow of both number {other} and number {}",
                one.number
            );
            findings.push(Finding::of(id, what));
        }
    }
    findings
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

/// Workflows with the mark of this run that nobody was told of.
async fn strangers(
    target: &Target,
    accepted: &BTreeSet<WorkflowId>,
    since: Timestamp,
) -> Result<Vec<Finding>> {
    let rows = list::since(&target.api, None, since).await?;
    let ours = rows
        .into_iter()
        .filter(|row| row.topic.contains(&target.mark));
    let strange = ours.filter(|row| !accepted.contains(&row.workflow_id));
    Ok(strange
        .map(|row| {
            Finding::of(
                &row.workflow_id,
                "is of this run, and no client was told that it was accepted",
            )
        })
        .collect())
}

/// Objects of workflows that are not of this run.
async fn orphans(target: &Target, accepted: &BTreeSet<WorkflowId>) -> Result<Vec<Finding>> {
    let limit = OBJECTS_EACH * accepted.len().max(10);
    let bucket = target.objects.bucket();
    let found = target.objects.list(bucket, "workflows/", limit).await?;
    let keys = found
        .iter()
        .filter_map(|object| object.key.split('/').nth(1));
    let owners: BTreeSet<&str> = keys.collect();
    let orphaned = owners
        .into_iter()
        .filter(|owner| !accepted.iter().any(|id| id.as_str() == *owner));
    Ok(orphaned
        .map(|owner| Finding {
            workflow: None,
            what: format!("objects below workflows/{owner}/ belong to no workflow"),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Kind;
    use std::time::Duration;

    fn started(number: usize, id: Option<&str>, wrong: Option<&str>) -> Started {
        Started {
            number,
            kind: Kind::Plain,
            due: Duration::ZERO,
            late: Duration::ZERO,
            took: Vec::new(),
            failed: 0,
            id: id.map(|key| WorkflowId::derive("p", key)),
            wrong: wrong.map(str::to_owned),
        }
    }

    #[test]
    fn refused_starts_and_shared_workflows_are_findings() {
        let well = [started(0, Some("a"), None), started(1, Some("b"), None)];
        assert_eq!(of_starts(&well), []);
        let ill = [
            started(0, Some("a"), None),
            started(1, Some("a"), None),
            started(2, None, Some("not accepted: 500")),
        ];
        let findings = of_starts(&ill);
        assert_eq!(findings.len(), 2);
        assert!(findings[0].what.contains("both number 0 and number 1"));
        assert!(findings[1].what.contains("not accepted"));
        assert_eq!(accepted(&ill).len(), 1);
    }
}
