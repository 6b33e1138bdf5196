//! A step or branch succeeded: what it left is kept, and the workflow goes on.

use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::attempt::Attempt;
use aegis_contracts::event::Event;
use aegis_contracts::flow::Name;
use aegis_contracts::problem::Code;
use aegis_contracts::text::counted;
use aegis_contracts::time::Timestamp;
use aegis_contracts::usage::Usage;

use crate::answer::Answer;
use crate::codes;
use crate::draft::Draft;
use crate::input::{StepFailure, Success};
use crate::rules::Rules;
use crate::state::{Ended, Phase, StepResult, StoredArtifact, Workflow};
use crate::step::current;

pub(crate) fn succeeded(
    rules: &Rules,
    workflow: &Workflow,
    success: Success,
    now: Timestamp,
) -> Answer {
    let of = &success.of;
    let result = workflow.result_of(&of.step, of.branch);
    if result.is_some_and(|result| result.of == *of) || was_refused(workflow, of) {
        return Answer::duplicate();
    }
    let work = match current(workflow, of) {
        Ok(work) => work.clone(),
        Err(refused) => return Answer::Rejected(refused),
    };
    if let Err(detail) = own_artifacts(workflow, &success) {
        return Answer::illegal(Code::InvalidArtifacts, detail);
    }
    let mut draft = Draft::of(rules, workflow, now);
    draft.reported = Some(work.of.clone());
    let usage = work.usage.at_least(success.usage);
    if let Err((code, message)) = items(workflow, &success) {
        let why = StepFailure {
            code: code.to_owned(),
            message,
            transient: false,
            usage: Some(usage),
        };
        draft.end_attempt(&work, why);
        return draft.seal();
    }
    draft.next.ends(&work.of);
    draft.next.usage = draft.next.usage.plus(usage);
    draft.keep(&work.agent, success, usage);
    if let Some(entry) = draft.next.entry_of(&work.of.step).cloned() {
        draft.carry_on(&entry);
    }
    draft.seal()
}

/// The workflow has failed by this very report.
fn was_refused(workflow: &Workflow, of: &Attempt) -> bool {
    match &workflow.phase {
        Phase::Ended(Ended::Failed(failure)) => {
            let by_items = [codes::ITEMS_MISSING, codes::TOO_MANY_ITEMS];
            failure.of.as_ref() == Some(of) && by_items.contains(&failure.code.as_str())
        }
        Phase::Running(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => false,
    }
}

/// Whether the success would have been taken, had it come in time.
pub(crate) fn counts(workflow: &Workflow, success: &Success) -> bool {
    own_artifacts(workflow, success).is_ok() && items(workflow, success).is_ok()
}

/// A step for whose items others have branches says how many it found, and not too many.
fn items(workflow: &Workflow, success: &Success) -> Result<(), (&'static str, String)> {
    let Some(most) = workflow.flow.max_items(&success.of.step) else {
        return Ok(());
    };
    let of = &success.of;
    match success.items {
        Some(found) if found <= most => Ok(()),
        Some(found) => Err((
            codes::TOO_MANY_ITEMS,
            format!(
                "{of} found {}, the flow allows {most}",
                counted(found, "item")
            ),
        )),
        None => Err((
            codes::ITEMS_MISSING,
            format!("{of} did not report how many `items` it found, and later steps run for each"),
        )),
    }
}

impl Draft<'_> {
    /// Keeps what an attempt has left, in the place of the result before it.
    pub fn keep(&mut self, agent: &Name, success: Success, usage: Usage) {
        let of = success.of;
        let writes = self.next.writes(&of.step);
        let stored = |artifact: &ArtifactRef| {
            StoredArtifact::new(
                writes,
                &artifact.name,
                &artifact.media_type,
                artifact.size,
                &artifact.sha256,
            )
        };
        let artifacts = success.artifacts.iter().map(stored).collect();
        let counted = self.next.flow.max_items(&of.step).and(success.items);
        let result = StepResult {
            of: of.clone(),
            revision: self.next.revision,
            succeeded_at: self.now,
            items: counted,
            artifacts,
        };
        let results = &mut self.next.results;
        results.retain(|known| known.of.place() != of.place());
        results.push(result);
        let flow = self.next.flow.clone();
        let order = |result: &StepResult| {
            let mut steps = flow.agent_steps();
            let place = steps.position(|step| step.step == result.of.step);
            (place, result.of.branch)
        };
        self.next.results.sort_by_key(order);
        self.happened(Event::StepCompleted {
            step: of.step,
            branch: of.branch,
            agent: agent.clone(),
            attempt: of.attempt,
            revision: self.next.revision,
            summary: success.summary,
            artifacts: success.artifacts,
            items: counted,
            usage,
        });
    }
}

/// Artifacts lie directly under the attempt's own prefix, and the one that the step must write is among them.
fn own_artifacts(workflow: &Workflow, success: &Success) -> Result<(), String> {
    let of = &success.of;
    let prefix = attempt_prefix(&workflow.flow.flow, &workflow.id, of);
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
