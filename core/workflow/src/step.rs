//! A step on its way: asked for, dispatched, alive.

use aegis_contracts::agent::Role;
use aegis_contracts::command::Command;
use aegis_contracts::problem::Code;
use aegis_contracts::time::Timestamp;
use aegis_contracts::usage::Usage;

use crate::answer::{Answer, Illegal, Owed, Rejection};
use crate::decide::touch;
use crate::rules::{HEARTBEAT_GRAIN, Rules};
use crate::state::{Attempts, Phase, Progress, Step, Workflow};

/// Longest progress message that is kept in the state, in characters.
const KEPT_MESSAGE: usize = 120;

pub(crate) struct Heartbeat {
    pub role: Role,
    pub attempt: u32,
    pub message: String,
    pub percent: Option<u8>,
    pub usage: Option<Usage>,
}

/// A new attempt of `role`, and the command that asks for it.
pub(crate) fn request(
    rules: &Rules,
    attempts: &mut Attempts,
    role: Role,
    revision: u32,
    now: Timestamp,
) -> (Step, Owed) {
    let attempt = attempts.next(role);
    let resend_at = now.plus(rules.resend_after(1));
    let step = Step {
        role,
        attempt,
        revision,
        retries: 0,
        retry_of: None,
        sends: 1,
        requested_at: now,
        sent_at: Some(now),
        resend_at: Some(resend_at),
        throttled_at: None,
        dispatched_at: None,
        last_heartbeat_at: None,
        deadline_at: resend_at,
        usage: Usage::default(),
        progress: None,
    };
    (step, Command::step(role, attempt, revision).into())
}

/// The step under way if it is this attempt, else why the report of it is refused.
pub(crate) fn current(workflow: &Workflow, role: Role, attempt: u32) -> Result<&Step, Rejection> {
    if attempt == 0 || attempt > workflow.attempts.of(role) {
        let detail = format!("attempt {attempt} of the {role} was never asked for");
        return Err(Rejection::Illegal(Illegal {
            code: Code::UnknownAttempt,
            detail,
        }));
    }
    workflow.current_step(role, attempt).ok_or_else(|| {
        let status = workflow.status().as_str();
        let detail =
            format!("attempt {attempt} of the {role} is superseded; the workflow is {status}");
        Rejection::Stale {
            detail,
            current_revision: None,
        }
    })
}

/// The step under way if nobody has noted its dispatch.
fn not_dispatched(workflow: &Workflow, role: Role, attempt: u32) -> Result<&Step, Rejection> {
    let step = current(workflow, role, attempt)?;
    match step.dispatched_at {
        Some(_) => Err(Rejection::Duplicate),
        None => Ok(step),
    }
}

/// Something was noted of the step; nothing is owed for it.
fn noted(rules: &Rules, workflow: &Workflow, step: Step) -> Answer {
    let next = Workflow {
        phase: Phase::Working(step),
        ..workflow.clone()
    };
    touch(rules, next, Vec::new())
}

fn mark_dispatched(rules: &Rules, step: &mut Step, now: Timestamp) {
    step.dispatched_at = Some(now);
    (step.sent_at, step.resend_at, step.throttled_at) = (None, None, None);
    step.deadline_at = now.plus(rules.step_timeout);
}

pub(crate) fn dispatched(
    rules: &Rules,
    workflow: &Workflow,
    role: Role,
    attempt: u32,
    now: Timestamp,
) -> Answer {
    let step = match not_dispatched(workflow, role, attempt) {
        Ok(step) => step,
        Err(refused) => return Answer::Rejected(refused),
    };
    let mut step = step.clone();
    mark_dispatched(rules, &mut step, now);
    noted(rules, workflow, step)
}

/// From now on the step waits for a session: the sweep alone sends its command again, no send counts towards the end
/// of its workflow, and time does. Noted once; each send of the sweep sets the time of the next one.
pub(crate) fn throttled(
    rules: &Rules,
    workflow: &Workflow,
    role: Role,
    attempt: u32,
    now: Timestamp,
) -> Answer {
    let step = match not_dispatched(workflow, role, attempt) {
        Ok(step) if step.throttled_at.is_some() => return Answer::duplicate(),
        Ok(step) => step,
        Err(refused) => return Answer::Rejected(refused),
    };
    let resend_at = step.sent_again_at(rules, &workflow.id, now);
    let step = Step {
        throttled_at: Some(now),
        resend_at: Some(resend_at),
        deadline_at: resend_at,
        ..step.clone()
    };
    let next = Workflow {
        // The old time would only wake the sweep in vain.
        wake_at: None,
        ..workflow.clone()
    };
    noted(rules, &next, step)
}

pub(crate) fn progress(
    rules: &Rules,
    workflow: &Workflow,
    report: Heartbeat,
    now: Timestamp,
) -> Answer {
    let step = match current(workflow, report.role, report.attempt) {
        Ok(step) => step,
        Err(refused) => return Answer::Rejected(refused),
    };
    let fresh = step
        .last_heartbeat_at
        .is_some_and(|last| now.since(last) < HEARTBEAT_GRAIN);
    if fresh {
        return Answer::duplicate();
    }
    let mut step = step.clone();
    if step.dispatched_at.is_none() {
        // The report overtook the dispatcher's note: the agent proves that it was dispatched.
        mark_dispatched(rules, &mut step, now);
    }
    step.last_heartbeat_at = Some(now);
    step.usage = step.usage.at_least(report.usage.unwrap_or_default());
    let message = report.message.chars().take(KEPT_MESSAGE).collect();
    step.progress = Some(Progress {
        message,
        percent: report.percent,
    });
    noted(rules, workflow, step)
}
