//! Steps whose time is up.

use aegis_contracts::time::Timestamp;

use crate::answer::Answer;
use crate::codes;
use crate::failure::end_attempt;
use crate::input::StepFailure;
use crate::rules::Rules;
use crate::state::{Step, Workflow};

pub(super) fn give_up(rules: &Rules, workflow: &Workflow, step: &Step, now: Timestamp) -> Answer {
    let (code, message) = if now >= step.deadline_at {
        let limit = rules.step_timeout.as_secs();
        (
            codes::STEP_TIMEOUT,
            format!(
                "attempt {} of the {} took longer than {limit} s; ask for less or allow more, then redrive",
                step.attempt, step.role
            ),
        )
    } else if step.last_heartbeat_at.is_some() {
        let limit = rules.heartbeat_timeout.as_secs();
        (
            codes::AGENT_SILENT,
            format!(
                "attempt {} of the {} was silent for {limit} s; the agent's log says why, then redrive",
                step.attempt, step.role
            ),
        )
    } else {
        let limit = rules.start_timeout.as_secs();
        (
            codes::AGENT_NOT_STARTED,
            format!(
                "attempt {} of the {} gave no sign of life in {limit} s; the agent's log says why, then redrive",
                step.attempt, step.role
            ),
        )
    };
    let mut next = workflow.clone();
    next.usage = next.usage.plus(step.usage);
    end_attempt(
        rules,
        next,
        step,
        StepFailure {
            code: code.to_owned(),
            message,
            transient: true,
        },
        now,
    )
}
