//! Commands that nobody picked up are sent again.

use aegis_contracts::time::Timestamp;

use crate::answer::Answer;
use crate::approval;
use crate::codes;
use crate::draft::Draft;
use crate::input::StepFailure;
use crate::rules::{RESEND_FLOOR, Rules};
use crate::state::{Phase, Work, Workflow};
use crate::step::run_step;

/// A redelivered message: its first delivery may have died between commit and send. The command of an attempt that
/// waits for a session is not sent by whoever is told so: that is its own dispatcher, whose queue it would go to.
pub(crate) fn resent(rules: &Rules, workflow: &Workflow, now: Timestamp) -> Answer {
    let long_ago = |sent_at: Option<Timestamp>| {
        sent_at.is_none_or(|sent_at| now.since(sent_at) >= RESEND_FLOOR)
    };
    let known = &workflow.stops;
    let workflow = workflow.stops_repeated(rules, now);
    let mut draft = Draft::of(rules, &workflow, now);
    draft.next.wake_at = None;
    match &workflow.phase {
        Phase::Running(running) => {
            for work in &running.work {
                if work.dispatched_at.is_none()
                    && long_ago(work.sent_at)
                    && work.throttled_at.is_none()
                    && work.sends < rules.max_sends
                {
                    draft.resend(work);
                }
            }
        }
        Phase::AwaitingApproval(waiting)
            if waiting.notified_at.is_none()
                && long_ago(waiting.sent_at)
                && waiting.sends < rules.max_sends =>
        {
            return approval::resend(rules, &workflow, waiting, now);
        }
        Phase::AwaitingApproval(_) | Phase::Ended(_) => {}
    }
    if draft.owed.is_empty() && workflow.stops == *known {
        return Answer::duplicate();
    }
    draft.seal()
}

impl Draft<'_> {
    /// Sends the command of an attempt again, or gives the attempt up if that was done often enough.
    pub(super) fn resend(&mut self, work: &Work) {
        let (rules, now) = (self.rules, self.now);
        if work.is_sent_out(rules, now) {
            let (code, message) = why_not_started(rules, work);
            let why = StepFailure {
                code: code.to_owned(),
                message,
                transient: false,
                usage: None,
            };
            return self.end_attempt(work, why);
        }
        let sends = work.sends.saturating_add(1);
        let resend_at = match work.throttled_at {
            Some(_) => work.sent_again_at(rules, &self.next.id, now),
            None => now.plus(rules.resend_after(sends)),
        };
        let work = Work {
            sends,
            sent_at: Some(now),
            resend_at: Some(resend_at),
            deadline_at: resend_at,
            ..work.clone()
        };
        self.owes(run_step(&work));
        self.next.notes(work);
    }
}

fn why_not_started(rules: &Rules, work: &Work) -> (&'static str, String) {
    let Work { of, agent, .. } = work;
    match work.throttled_at {
        Some(throttled_at) => (
            codes::AGENT_CAPACITY,
            format!(
                "no session of the agent `{agent}` was free for {of} in {:.1} h, first noted at {throttled_at}; \
                 raise the quota of new sessions or start fewer workflows, then redrive",
                rules.capacity_timeout.as_secs_f64() / 3600.0,
            ),
        ),
        None => (
            codes::UNDELIVERABLE,
            format!(
                "the dispatcher of `{agent}` did not pick up {of} after {} sends; mend it, then redrive",
                work.sends
            ),
        ),
    }
}
