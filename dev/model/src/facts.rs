//! What a write adds to the history, held against what the history says already.

use std::collections::BTreeSet;

use aegis_contracts::agent::Role;
use aegis_contracts::approval::DecisionKind;
use aegis_contracts::command::SessionCommand;
use aegis_contracts::event::Event;
use aegis_contracts::time::Timestamp;
use aegis_workflow::{Ended, Owed, Phase, Rules, Workflow};

use crate::ask::Ask;
use crate::message::Message;
use crate::state::{Activity, State};
use crate::violation::Violation;

/// A write that has just passed its condition.
pub struct Written<'a> {
    pub rules: &'a Rules,
    pub next: &'a Workflow,
    /// `None` for a touch.
    pub events: Option<&'a [Event]>,
    pub commands: &'a [Owed],
    /// The session that is to be stopped.
    pub stop: Option<SessionCommand>,
    pub ask: Ask,
    /// When it was decided.
    pub at: Timestamp,
    /// Somebody may have acted since the handler loaded.
    pub overtaken: bool,
}

impl State {
    /// Called before the write replaces `self.workflow`.
    pub fn record(&mut self, written: &Written<'_>) {
        match written.events {
            Some(events) => self.record_transition(written, events),
            None => self.record_touch(written),
        }
        let dispatcher = matches!(written.ask, Ask::Dispatched { .. } | Ask::Throttled { .. });
        if dispatcher && !written.commands.is_empty() {
            self.blame(Violation::SentToItself);
        }
        if self.decides_too_late(written) {
            self.blame(Violation::DecidedTooLate);
        }
        self.record_limits(written);
        if written.next.seq != self.workflow.seq + 1 {
            self.blame(Violation::UpdateLost);
        }
    }

    fn decides_too_late(&self, written: &Written<'_>) -> bool {
        let decided = matches!(written.ask, Ask::Message(Message::Decision { .. }));
        match &self.workflow.phase {
            Phase::AwaitingApproval(approval) => {
                decided && written.events.is_some() && written.at >= approval.deadline_at
            }
            _ => false,
        }
    }

    fn record_touch(&mut self, written: &Written<'_>) {
        if matches!(written.ask, Ask::Message(Message::Progress { .. })) {
            self.facts.heard = self.facts.heard.saturating_add(1);
        }
        if !self.is_live() {
            self.blame(Violation::EndLeft);
        }
        for owed in written.commands {
            if let Some((role, step)) = owed.command.as_step()
                && step.attempt != self.facts.asked[role as usize]
            {
                self.blame(Violation::AttemptReused);
            }
        }
    }

    fn record_transition(&mut self, written: &Written<'_>, events: &[Event]) {
        self.record_version(written.next.version);
        let redriven = matches!(events.first(), Some(Event::WorkflowRedriven { .. }));
        let revived = redriven && matches!(self.workflow.phase, Phase::Ended(Ended::Failed(_)));
        if !self.is_live() && !revived {
            self.blame(Violation::EndLeft);
        }
        self.facts.redriven |= redriven;
        self.facts.heard = 0;
        self.record_stop(written);
        self.record_giving_up(written);
        for event in events {
            self.record_event(event, written.next);
        }
        self.facts.believed |= matches!(written.ask, Ask::Believe { .. });
        for owed in written.commands {
            if let Some(command) = Message::of(&owed.command) {
                self.record_command(&command);
            }
        }
    }

    /// Retries and sends are counted, and after each there is time to wait.
    fn record_limits(&mut self, written: &Written<'_>) {
        let again = |event: &Event| matches!(event, Event::StepRetried { .. });
        if let Some(events) = written.events {
            let retried = events.iter().any(again);
            self.facts.retried = if retried { self.facts.retried + 1 } else { 0 };
            self.facts.sends = 0;
        }
        let mut steps = written.commands.iter();
        let asks = steps.any(|owed| owed.command.as_step().is_some());
        self.facts.sends += u32::from(asks);
        let rules = written.rules;
        let due = written.next.due_at(rules);
        // Who waits for a free session does so for a time, however often its command is sent.
        let waits_until = match &written.next.phase {
            Phase::Working(step) if step.throttled_at.is_some() => {
                Some(step.requested_at.plus(rules.capacity_timeout))
            }
            _ => None,
        };
        let sent_too_often = match waits_until {
            Some(end) => due.is_none_or(|due| due > end.max(self.now)),
            None => asks && self.facts.sends > rules.max_sends,
        };
        let too_many =
            self.facts.retried >= rules.step_retries.researcher.attempts || sent_too_often;
        let at_once = asks && !written.overtaken && due.is_some_and(|due| due <= self.now);
        if too_many || at_once {
            self.blame(Violation::AboveLimit);
        }
    }

    fn record_version(&mut self, version: u64) {
        if version <= self.facts.versions {
            self.blame(Violation::HistoryRewritten);
        } else if version > self.facts.versions + 1 {
            self.blame(Violation::HistoryGap);
        }
        self.facts.versions = self.facts.versions.max(version);
    }

    /// Whether the stop arrives is another matter: nobody owes it.
    fn record_stop(&mut self, written: &Written<'_>) {
        let ended = match &self.workflow.phase {
            Phase::Working(step) => Some((step.role, step.attempt)),
            _ => None,
        };
        let stopped = written.stop.map(|stop| (stop.role, stop.attempt));
        let still_counts = |(role, attempt)| written.next.current_step(role, attempt).is_some();
        if stopped != ended || stopped.is_some_and(still_counts) {
            self.blame(Violation::SessionLeft);
        }
    }

    /// Between a look at storage and the write the agent may have finished: that is bad luck, not a fault.
    fn record_giving_up(&mut self, written: &Written<'_>) {
        if written.ask != Ask::DeadlinePassed || written.overtaken {
            return;
        }
        if let Phase::Working(step) = &self.workflow.phase
            && self
                .session(step.role, step.attempt)
                .is_some_and(|session| session.activity == Activity::Done)
            && written.events.is_some()
        {
            self.blame(Violation::WorkPaidTwice);
        }
    }

    fn record_event(&mut self, event: &Event, next: &Workflow) {
        match event {
            Event::StepCompleted { role, attempt, .. } => self.record_result(*role, *attempt),
            Event::ApprovalGranted {
                revision, approver, ..
            } => {
                self.facts.granted = Some(*revision);
                if approver != "timeout" && votes(next) < next.policy.required as usize {
                    self.blame(Violation::TooFewVotes);
                }
            }
            Event::WorkflowStarted { .. }
            | Event::StepRetried { .. }
            | Event::ApprovalRequested { .. }
            | Event::ApprovalRecorded { .. }
            | Event::ApprovalReminded { .. }
            | Event::ApprovalEscalated { .. }
            | Event::ChangesRequested { .. }
            | Event::WorkflowCompleted { .. }
            | Event::WorkflowRejected { .. }
            | Event::WorkflowExpired { .. }
            | Event::WorkflowFailed { .. }
            | Event::WorkflowCancelled { .. }
            | Event::WorkflowRedriven { .. } => {}
        }
    }

    fn record_result(&mut self, role: Role, attempt: u32) {
        let bit = 1u32.checked_shl(attempt).unwrap_or_default();
        if self.facts.counted[role as usize] & bit != 0 {
            self.blame(Violation::ResultCountedTwice);
        }
        self.facts.counted[role as usize] |= bit;
        if self.session(role, attempt).is_none_or(|s| s.works == 0) {
            self.blame(Violation::ResultWithoutWork);
        }
    }

    /// A command that a transition owes is for something new.
    fn record_command(&mut self, command: &Message) {
        match *command {
            Message::Step {
                role,
                attempt,
                revision,
            } => {
                if attempt <= self.facts.asked[role as usize] {
                    self.blame(Violation::AttemptReused);
                }
                self.facts.asked[role as usize] = attempt;
                if role == Role::Writer && self.facts.granted != Some(revision) {
                    self.blame(Violation::WriterWithoutGrant);
                }
            }
            Message::RequestApproval { revision } => {
                self.facts.approvals_asked = self.facts.approvals_asked.max(revision + 1);
            }
            Message::Progress { .. }
            | Message::Succeeded { .. }
            | Message::Failed { .. }
            | Message::Decision { .. }
            | Message::Cancel
            | Message::Redrive { .. } => {}
        }
    }
}

/// Approvals by different people.
fn votes(workflow: &Workflow) -> usize {
    let Some(settled) = &workflow.settled else {
        return 0;
    };
    let approved = settled
        .decisions
        .iter()
        .filter(|one| one.kind == DecisionKind::Approve);
    approved
        .map(|one| &one.approver)
        .collect::<BTreeSet<_>>()
        .len()
}
