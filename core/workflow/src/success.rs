//! A step succeeded: what it left is kept, and the workflow goes on.

use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::event::Event;
use aegis_contracts::problem::Code;
use aegis_contracts::time::Timestamp;

use crate::advance::go_on_after;
use crate::answer::Answer;
use crate::input::Success;
use crate::rules::Rules;
use crate::state::{StepResult, StoredArtifact, Work, Workflow};
use crate::step::current;

pub(crate) fn succeeded(
    rules: &Rules,
    workflow: &Workflow,
    success: Success,
    now: Timestamp,
) -> Answer {
    let already = workflow
        .result_of(&success.of.step)
        .is_some_and(|result| result.attempt == success.of.attempt);
    if already {
        return Answer::duplicate();
    }
    let work = match current(workflow, &success.of) {
        Ok(work) => work.clone(),
        Err(refused) => return Answer::Rejected(refused),
    };
    if let Err(detail) = own_artifacts(workflow, &success) {
        return Answer::illegal(Code::InvalidArtifacts, detail);
    }
    let mut next = workflow.clone();
    let usage = work.usage.at_least(success.usage);
    next.usage = next.usage.plus(usage);
    record_result(&mut next, &work, &success.artifacts, now);
    let completed = Event::StepCompleted {
        step: work.step.clone(),
        agent: work.agent,
        attempt: work.attempt,
        revision: work.revision,
        summary: success.summary,
        artifacts: success.artifacts,
        usage,
    };
    go_on_after(rules, next, &work.step, completed, now)
}

fn record_result(next: &mut Workflow, work: &Work, artifacts: &[ArtifactRef], now: Timestamp) {
    let writes = next.writes(&work.step);
    let stored = |artifact: &ArtifactRef| {
        StoredArtifact::new(
            writes,
            &artifact.name,
            &artifact.media_type,
            artifact.size,
            &artifact.sha256,
        )
    };
    let result = StepResult {
        step: work.step.clone(),
        attempt: work.attempt,
        revision: work.revision,
        succeeded_at: now,
        artifacts: artifacts.iter().map(stored).collect(),
    };
    next.results.retain(|known| known.step != result.step);
    next.results.push(result);
    let flow = next.flow.clone();
    next.results.sort_by_key(|result| flow.place(&result.step));
}

/// Artifacts lie directly under the attempt's own prefix, and the one that the step must write is among them.
fn own_artifacts(workflow: &Workflow, success: &Success) -> Result<(), String> {
    let of = &success.of;
    let prefix = attempt_prefix(&workflow.flow.flow, &workflow.id, &of.step, of.attempt);
    for artifact in &success.artifacts {
        if artifact.name.contains('/') || artifact.key != format!("{prefix}{}", artifact.name) {
            return Err(format!(
                "`{}` does not lie at `{prefix}<name>`",
                artifact.key
            ));
        }
    }
    let needed = workflow.writes(&of.step);
    let found = success
        .artifacts
        .iter()
        .filter(|artifact| artifact.name == needed)
        .count();
    if found == 1 {
        Ok(())
    } else {
        Err(format!(
            "exactly one artifact must be named `{needed}`, found {found}"
        ))
    }
}
