//! Commands that nobody picked up are sent again.

use aegis_contracts::command::Command;
use aegis_contracts::time::Timestamp;

use crate::answer::Answer;
use crate::approval;
use crate::codes;
use crate::decide::touch;
use crate::failure::fail;
use crate::rules::{RESEND_FLOOR, Rules};
use crate::state::{Failure, Phase, ResumeAt, Step, Workflow, working_status};

/// A redelivered message: its first delivery may have died between commit and send. The command of a step that waits
/// for a session is not sent by whoever is told so: that is its own dispatcher, whose queue it would go to.
pub(crate) fn resent(rules: &Rules, workflow: &Workflow, now: Timestamp) -> Answer {
    let long_ago = |sent_at: Option<Timestamp>| {
        sent_at.is_none_or(|sent_at| now.since(sent_at) >= RESEND_FLOOR)
    };
    match &workflow.phase {
        Phase::Working(step)
            if step.dispatched_at.is_none()
                && long_ago(step.sent_at)
                && step.throttled_at.is_none()
                && step.sends < rules.max_sends =>
        {
            resend_step(rules, workflow, step, now)
        }
        Phase::AwaitingApproval(waiting)
            if waiting.notified_at.is_none()
                && long_ago(waiting.sent_at)
                && waiting.sends < rules.max_sends =>
        {
            approval::resend(rules, workflow, waiting, now)
        }
        Phase::Working(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => Answer::duplicate(),
    }
}

pub(super) fn resend_step(
    rules: &Rules,
    workflow: &Workflow,
    step: &Step,
    now: Timestamp,
) -> Answer {
    if step.is_sent_out(rules, now) {
        let (code, message) = why_not_started(rules, step);
        let failure = Failure {
            code: code.to_owned(),
            message,
            status: working_status(step.role),
            resume: ResumeAt::Step(step.role),
            attempt: Some(step.attempt),
        };
        return fail(rules, workflow.clone(), failure, Vec::new(), now);
    }
    let sends = step.sends.saturating_add(1);
    let resend_at = match step.throttled_at {
        Some(_) => step.sent_again_at(rules, &workflow.id, now),
        None => now.plus(rules.resend_after(sends)),
    };
    let step = Step {
        sends,
        sent_at: Some(now),
        resend_at: Some(resend_at),
        deadline_at: resend_at,
        ..step.clone()
    };
    let command = Command::step(step.role, step.attempt, step.revision);
    let next = Workflow {
        phase: Phase::Working(step),
        wake_at: None,
        ..workflow.clone()
    };
    touch(rules, next, vec![command.into()])
}

fn why_not_started(rules: &Rules, step: &Step) -> (&'static str, String) {
    let (role, attempt) = (step.role, step.attempt);
    match step.throttled_at {
        Some(throttled_at) => (
            codes::AGENT_CAPACITY,
            format!(
                "no session of the {role} was free for attempt {attempt} in {:.1} h, first noted at {throttled_at}; \
                 raise the quota of new sessions or start fewer workflows, then redrive",
                rules.capacity_timeout.as_secs_f64() / 3600.0,
            ),
        ),
        None => (
            codes::UNDELIVERABLE,
            format!(
                "the {role} did not pick up attempt {attempt} after {} sends; mend its dispatcher, then redrive",
                step.sends
            ),
        ),
    }
}
