//! Attempts whose time is up.

use aegis_contracts::time::Timestamp;

use crate::answer::Answer;
use crate::codes;
use crate::failure::end_attempt;
use crate::input::StepFailure;
use crate::rules::Rules;
use crate::state::{Work, Workflow};

pub(super) fn give_up(rules: &Rules, workflow: &Workflow, work: &Work, now: Timestamp) -> Answer {
    let limits = workflow.limits(rules, &work.step);
    let attempt = format!("attempt {} of `{}`", work.attempt, work.step);
    let (code, message) = if now >= work.deadline_at {
        let limit = limits.timeout.as_secs();
        (
            codes::STEP_TIMEOUT,
            format!(
                "{attempt} took longer than {limit} s; ask for less or allow more, then redrive"
            ),
        )
    } else if work.last_heartbeat_at.is_some() {
        let limit = limits.heartbeat.as_secs();
        (
            codes::AGENT_SILENT,
            format!("{attempt} was silent for {limit} s; the agent's log says why, then redrive"),
        )
    } else {
        let limit = rules.start_timeout.as_secs();
        (
            codes::AGENT_NOT_STARTED,
            format!(
                "{attempt} gave no sign of life in {limit} s; the agent's log says why, then redrive"
            ),
        )
    };
    let why = StepFailure {
        code: code.to_owned(),
        message,
        transient: true,
        usage: None,
    };
    end_attempt(rules, workflow.clone(), work, why, now)
}
