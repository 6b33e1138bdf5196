//! Waits that run out: when a state is due, and what happens then.

mod resend;
mod silent;

use std::time::Duration;

use aegis_contracts::flow::Name;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;

use crate::answer::Answer;
use crate::approval;
use crate::draft::Draft;
use crate::rules::{Limits, Rules};
use crate::spread;
use crate::state::{Phase, Work, Workflow};

pub(crate) use resend::resent;

/// An attempt is given up somewhat later than its record is looked for: a wait must not end in between.
const LOOK_AHEAD: Duration = Duration::from_secs(60);

impl Workflow {
    /// When something happens even if nobody does anything. `None` only in a terminal state that owes no stops.
    pub fn due_at(&self, rules: &Rules) -> Option<Timestamp> {
        let stops = self.stops.as_ref().map(|stops| stops.due_at(rules));
        let both = [self.phase_due_at(rules), stops];
        both.into_iter().flatten().min()
    }

    fn phase_due_at(&self, rules: &Rules) -> Option<Timestamp> {
        match &self.phase {
            Phase::Running(running) => {
                let due = running
                    .work
                    .iter()
                    .map(|work| self.work_due_at(rules, work));
                due.min()
            }
            Phase::AwaitingApproval(approval) => Some(approval.due_at(rules)),
            Phase::Ended(_) => None,
        }
    }

    /// What holds for the attempts of a step.
    pub fn limits(&self, rules: &Rules, step: &Name) -> Limits {
        rules.limits(self.definition(step))
    }

    fn work_due_at(&self, rules: &Rules, work: &Work) -> Timestamp {
        work.due_at(self.limits(rules, &work.of.step), rules)
    }

    /// The attempts that are about to be given up: their completion records are worth a look.
    ///
    /// Also those that nobody noted as dispatched, once they are not sent again: the note may be what is missing, not the
    /// work.
    pub fn silent_work(&self, rules: &Rules, now: Timestamp) -> Vec<&Work> {
        if self.phase_due_at(rules).is_none_or(|due| due > now) {
            return Vec::new();
        }
        // Branches were often dispatched together: one that is due in a moment may be due when the others are given up.
        let soon = now.plus(LOOK_AHEAD);
        let silent = |work: &&Work| {
            self.work_due_at(rules, work) <= soon
                && (work.dispatched_at.is_some() || work.is_sent_out(rules, soon))
        };
        self.work().iter().filter(silent).collect()
    }
}

impl Work {
    /// Whether its command is not sent once more. An attempt that waits for a free session does so for a time, however often
    /// that was.
    fn is_sent_out(&self, rules: &Rules, now: Timestamp) -> bool {
        if self.throttled_at.is_some() {
            now >= self.waits_for_capacity_until(rules)
        } else {
            self.sends >= rules.max_sends
        }
    }

    /// When the command of an attempt that waits for a free session is sent again, or the wait ends. Spread, so that starts
    /// which were asked for together do not ask together for ever.
    pub(crate) fn sent_again_at(
        &self,
        rules: &Rules,
        id: &WorkflowId,
        now: Timestamp,
    ) -> Timestamp {
        let most = rules.longest_pause(now.since(self.requested_at));
        let send = format!("{} {} {}", self.of.whose(), self.of.attempt, self.sends);
        let pause = spread::between(most / 2, most, &[id.as_str().as_bytes(), send.as_bytes()]);
        now.plus(pause)
            .min(self.waits_for_capacity_until(rules))
            .max(now)
    }

    fn waits_for_capacity_until(&self, rules: &Rules) -> Timestamp {
        self.requested_at.plus(rules.capacity_timeout)
    }

    fn due_at(&self, limits: Limits, rules: &Rules) -> Timestamp {
        let Some(dispatched_at) = self.dispatched_at else {
            return self.deadline_at;
        };
        let silence = match self.last_heartbeat_at {
            Some(last) => last.plus(limits.heartbeat),
            None => dispatched_at.plus(rules.start_timeout),
        };
        silence.min(self.deadline_at)
    }
}

pub(crate) fn passed(rules: &Rules, workflow: &Workflow, now: Timestamp) -> Answer {
    let Some(due) = workflow.due_at(rules) else {
        return Answer::duplicate();
    };
    if now < due {
        if workflow.wake_at == Some(due) {
            return Answer::duplicate();
        }
        // A touch moved the deadline since the index was written.
        let mut draft = Draft::of(rules, workflow, now);
        draft.next.wake_at = None;
        return draft.seal();
    }
    let workflow = workflow.stops_due(rules, now);
    let mut draft = Draft::of(rules, &workflow, now);
    draft.next.wake_at = None;
    match &workflow.phase {
        Phase::Running(running) => {
            for work in &running.work {
                // The end of one can be the end of all.
                let at_work = draft.next.current_work(&work.of).is_some();
                if !at_work || workflow.work_due_at(rules, work) > now {
                    continue;
                }
                match work.dispatched_at {
                    None => draft.resend(work),
                    Some(_) => draft.time_is_up(work),
                }
            }
            draft.seal()
        }
        Phase::AwaitingApproval(waiting) if now >= waiting.deadline_at => {
            approval::timed_out(rules, &workflow, waiting, now)
        }
        Phase::AwaitingApproval(waiting) if now >= waiting.due_at(rules) => {
            approval::look(rules, &workflow, waiting, now)
        }
        // Its stops were due.
        Phase::AwaitingApproval(_) | Phase::Ended(_) => draft.seal(),
    }
}
