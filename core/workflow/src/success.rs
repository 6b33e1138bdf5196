//! A step succeeded: what it left is kept, and the next one is asked for.

use aegis_contracts::agent::Role;
use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::event::Event;
use aegis_contracts::problem::Code;
use aegis_contracts::time::Timestamp;
use aegis_contracts::usage::Usage;

use crate::answer::Answer;
use crate::budget::over_budget;
use crate::decide::transition;
use crate::failure::fail;
use crate::results::{own_artifacts, record_result};
use crate::rules::Rules;
use crate::state::{Ended, Phase, ResumeAt, Step, Workflow, working_status};
use crate::step::current;
use crate::{approval, redrive};

pub(crate) struct Success {
    pub role: Role,
    pub attempt: u32,
    pub summary: String,
    pub artifacts: Vec<ArtifactRef>,
    pub usage: Usage,
}

pub(crate) fn succeeded(
    rules: &Rules,
    workflow: &Workflow,
    success: Success,
    now: Timestamp,
) -> Answer {
    let already = workflow
        .result_of(success.role)
        .is_some_and(|result| result.attempt == success.attempt);
    if already {
        return Answer::duplicate();
    }
    let step = match current(workflow, success.role, success.attempt) {
        Ok(step) => step.clone(),
        Err(refused) => return Answer::Rejected(refused),
    };
    if let Err(detail) = own_artifacts(workflow, &success) {
        return Answer::illegal(Code::InvalidArtifacts, detail);
    }
    let mut next = workflow.clone();
    let usage = step.usage.at_least(success.usage);
    next.usage = next.usage.plus(usage);
    record_result(&mut next, &step, &success.artifacts);
    let completed = Event::StepCompleted {
        role: step.role,
        attempt: step.attempt,
        revision: step.revision,
        summary: success.summary,
        artifacts: success.artifacts.clone(),
        usage,
    };
    advance(rules, next, &step, completed, success.artifacts, now)
}

/// What follows the success of a step. What follows a decision is in `approval::vote`, where a failed workflow goes on
/// in `redrive`.
fn advance(
    rules: &Rules,
    mut next: Workflow,
    step: &Step,
    completed: Event,
    artifacts: Vec<ArtifactRef>,
    now: Timestamp,
) -> Answer {
    let mut events = vec![completed];
    let resume = match step.role {
        Role::Researcher => ResumeAt::Step(Role::Analyst),
        Role::Analyst => ResumeAt::Approval,
        Role::Writer => {
            let report = artifacts
                .into_iter()
                .find(|artifact| artifact.name == Role::Writer.artifact_name());
            let usage = next.usage;
            events.extend(report.map(|report| Event::WorkflowCompleted { report, usage }));
            next.phase = Phase::Ended(Ended::Completed);
            return transition(rules, next, now, events, Vec::new());
        }
    };
    if let Some(exceeded) = over_budget(&next, resume, working_status(step.role), now) {
        return fail(rules, next, exceeded, events, now);
    }
    let (owed, event) = match resume {
        ResumeAt::Step(role) => (redrive::enter_step(rules, &mut next, role, now), None),
        ResumeAt::Approval => {
            let (owed, event) = approval::enter(rules, &mut next, now);
            (owed, Some(event))
        }
    };
    events.extend(event);
    transition(rules, next, now, events, vec![owed])
}
