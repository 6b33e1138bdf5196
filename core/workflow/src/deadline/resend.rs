//! Commands that nobody picked up are sent again.

use aegis_contracts::time::Timestamp;

use crate::answer::Answer;
use crate::approval;
use crate::codes;
use crate::decide::touch;
use crate::failure::fail;
use crate::rules::{RESEND_FLOOR, Rules};
use crate::state::{Failure, Phase, Work, Workflow};
use crate::step::run_step;

/// A redelivered message: its first delivery may have died between commit and send. The command of an attempt that
/// waits for a session is not sent by whoever is told so: that is its own dispatcher, whose queue it would go to.
pub(crate) fn resent(rules: &Rules, workflow: &Workflow, now: Timestamp) -> Answer {
    let long_ago = |sent_at: Option<Timestamp>| {
        sent_at.is_none_or(|sent_at| now.since(sent_at) >= RESEND_FLOOR)
    };
    match &workflow.phase {
        Phase::Running(work)
            if work.dispatched_at.is_none()
                && long_ago(work.sent_at)
                && work.throttled_at.is_none()
                && work.sends < rules.max_sends =>
        {
            resend_work(rules, workflow, work, now)
        }
        Phase::AwaitingApproval(waiting)
            if waiting.notified_at.is_none()
                && long_ago(waiting.sent_at)
                && waiting.sends < rules.max_sends =>
        {
            approval::resend(rules, workflow, waiting, now)
        }
        Phase::Running(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => Answer::duplicate(),
    }
}

pub(super) fn resend_work(
    rules: &Rules,
    workflow: &Workflow,
    work: &Work,
    now: Timestamp,
) -> Answer {
    if work.is_sent_out(rules, now) {
        let (code, message) = why_not_started(rules, work);
        let failure = Failure {
            code: code.to_owned(),
            message,
            at: work.step.clone(),
            attempt: Some(work.attempt),
        };
        return fail(rules, workflow.clone(), failure, Vec::new(), now);
    }
    let sends = work.sends.saturating_add(1);
    let resend_at = match work.throttled_at {
        Some(_) => work.sent_again_at(rules, &workflow.id, now),
        None => now.plus(rules.resend_after(sends)),
    };
    let work = Work {
        sends,
        sent_at: Some(now),
        resend_at: Some(resend_at),
        deadline_at: resend_at,
        ..work.clone()
    };
    let command = run_step(&work);
    let next = Workflow {
        phase: Phase::Running(work),
        wake_at: None,
        ..workflow.clone()
    };
    touch(rules, next, vec![command.into()])
}

fn why_not_started(rules: &Rules, work: &Work) -> (&'static str, String) {
    let Work {
        step,
        agent,
        attempt,
        ..
    } = work;
    match work.throttled_at {
        Some(throttled_at) => (
            codes::AGENT_CAPACITY,
            format!(
                "no session of the agent `{agent}` was free for attempt {attempt} of `{step}` in {:.1} h, first noted at {throttled_at}; \
                 raise the quota of new sessions or start fewer workflows, then redrive",
                rules.capacity_timeout.as_secs_f64() / 3600.0,
            ),
        ),
        None => (
            codes::UNDELIVERABLE,
            format!(
                "the dispatcher of `{agent}` did not pick up attempt {attempt} of `{step}` after {} sends; mend it, then redrive",
                work.sends
            ),
        ),
    }
}
