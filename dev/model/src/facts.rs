//! What a write adds to the history, held against what the history says already.

use std::collections::BTreeSet;

use aegis_contracts::approval::{DecisionKind, TIMEOUT};
use aegis_contracts::command::{Command, SessionCommand};
use aegis_contracts::event::Event;
use aegis_contracts::flow::Name;
use aegis_contracts::time::Timestamp;
use aegis_workflow::{Ended, Owed, Phase, Rules, Workflow};

use crate::ask::Ask;
use crate::attempt::{Attempt, place};
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
        let dispatcher = matches!(written.ask, Ask::Dispatched(_) | Ask::Throttled(_));
        if dispatcher && !written.commands.is_empty() {
            self.blame(Violation::SentToItself);
        }
        if self.decides_too_late(written) {
            self.blame(Violation::DecidedTooLate);
        }
        if self.decides_another(written) {
            self.blame(Violation::DecidedAnother);
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

    /// A decision is an answer to the revision that it names, and to no other.
    fn decides_another(&self, written: &Written<'_>) -> bool {
        match (&self.workflow.phase, written.ask) {
            (
                Phase::AwaitingApproval(approval),
                Ask::Message(Message::Decision { revision, .. }),
            ) => written.events.is_some() && approval.revision != revision,
            _ => false,
        }
    }

    fn record_touch(&mut self, written: &Written<'_>) {
        if matches!(written.ask, Ask::Message(Message::Progress(_))) {
            self.facts.heard = self.facts.heard.saturating_add(1);
        }
        if !self.is_live() {
            self.blame(Violation::EndLeft);
        }
        for owed in written.commands {
            if let Some(Message::Step { of, .. }) = Message::of(&self.workflow.flow, &owed.command)
                && of.number != self.asked(of.place)
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
        self.facts.believed |= matches!(written.ask, Ask::Believe(_));
        for owed in written.commands {
            if let Some(command) = Message::of(&written.next.flow, &owed.command) {
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
        let asks = steps.any(|owed| matches!(owed.command, Command::RunStep(_)));
        self.facts.sends += u32::from(asks);
        let rules = written.rules;
        let due = written.next.due_at(rules);
        // Who waits for a free session does so for a time, however often its command is sent.
        let waits_until = match &written.next.phase {
            Phase::Running(work) if work.throttled_at.is_some() => {
                Some(work.requested_at.plus(rules.capacity_timeout))
            }
            _ => None,
        };
        let sent_too_often = match waits_until {
            Some(end) => due.is_none_or(|due| due > end.max(self.now)),
            None => asks && self.facts.sends > rules.max_sends,
        };
        let too_many = self.facts.retried >= rules.retries.usual.attempts || sent_too_often;
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
        let next = written.next;
        let stop = written.stop.as_ref();
        let stopped = stop.map(|stop| Attempt::of(&next.flow, &stop.step, stop.attempt));
        let still_counts =
            stop.is_some_and(|stop| next.current_work(&stop.step, stop.attempt).is_some());
        if stopped != self.current() || still_counts {
            self.blame(Violation::SessionLeft);
        }
    }

    /// Between a look at storage and the write the agent may have finished: that is bad luck, not a fault.
    fn record_giving_up(&mut self, written: &Written<'_>) {
        if written.ask != Ask::DeadlinePassed || written.overtaken {
            return;
        }
        if let Some(of) = self.current()
            && self
                .session(of)
                .is_some_and(|session| session.activity == Activity::Done)
            && written.events.is_some()
        {
            self.blame(Violation::WorkPaidTwice);
        }
    }

    fn record_event(&mut self, event: &Event, next: &Workflow) {
        match event {
            Event::StepCompleted { step, attempt, .. } => {
                let of = Attempt::of(&next.flow, step, *attempt);
                self.record_result(of);
                self.facts.done |= bit(of.place);
            }
            Event::ApprovalGranted {
                approval, approver, ..
            } => {
                let granted = bit(place(&next.flow, approval));
                if self.facts.done & granted != 0 {
                    self.blame(Violation::GrantedTwice);
                }
                self.facts.done |= granted;
                let required = next.policy(approval).required as usize;
                if approver != TIMEOUT && votes(next, approval) < required {
                    self.blame(Violation::TooFewVotes);
                }
            }
            Event::ApprovalRequested {
                approval, revision, ..
            } => {
                if *revision < self.facts.approvals_asked {
                    self.blame(Violation::RevisionReused);
                }
                self.facts.approvals_asked = self.facts.approvals_asked.max(revision + 1);
                self.record_order(place(&next.flow, approval));
            }
            // All that follows has to be done again, whatever it left.
            Event::ChangesRequested { redo, .. } => {
                self.facts.done &= bit(place(&next.flow, redo)) - 1;
            }
            Event::WorkflowCompleted { .. } => {
                self.record_order(u8::try_from(next.flow.steps.len()).unwrap_or(u8::MAX));
            }
            Event::WorkflowStarted { .. }
            | Event::StepRetried { .. }
            | Event::ApprovalRecorded { .. }
            | Event::ApprovalReminded { .. }
            | Event::ApprovalEscalated { .. }
            | Event::WorkflowRejected { .. }
            | Event::WorkflowExpired { .. }
            | Event::WorkflowFailed { .. }
            | Event::WorkflowCancelled { .. }
            | Event::WorkflowRedriven { .. } => {}
        }
    }

    /// The workflow has come to `place`: what stands before it in the flow is done.
    fn record_order(&mut self, place: u8) {
        let before = bit(place) - 1;
        if self.without_grant(place) {
            self.blame(Violation::WithoutGrant);
        } else if self.facts.done & before != before {
            self.blame(Violation::OutOfOrder);
        }
    }

    fn record_result(&mut self, of: Attempt) {
        let bit = 1u32.checked_shl(of.number).unwrap_or_default();
        if self.session(of).is_none_or(|session| session.works == 0) {
            self.blame(Violation::ResultWithoutWork);
        }
        let Some(counted) = self.facts.counted.get_mut(usize::from(of.place)) else {
            return;
        };
        let twice = *counted & bit != 0;
        *counted |= bit;
        if twice {
            self.blame(Violation::ResultCountedTwice);
        }
    }

    /// A command that a transition owes is for something new.
    fn record_command(&mut self, command: &Message) {
        let Message::Step { of, .. } = *command else {
            return;
        };
        if of.number <= self.asked(of.place) {
            self.blame(Violation::AttemptReused);
        }
        if let Some(asked) = self.facts.asked.get_mut(usize::from(of.place)) {
            *asked = of.number;
        }
        self.record_order(of.place);
    }

    /// The highest attempt that the history asked for.
    pub fn asked(&self, place: u8) -> u32 {
        let asked = self.facts.asked.get(usize::from(place));
        asked.copied().unwrap_or_default()
    }
}

fn bit(place: u8) -> u32 {
    1u32.checked_shl(place.into()).unwrap_or(1 << 31)
}

/// Approvals of `approval` by different people.
fn votes(workflow: &Workflow, approval: &Name) -> usize {
    let settled = workflow.settled.iter();
    let decisions = settled
        .filter(|settled| settled.approval == *approval)
        .flat_map(|settled| &settled.decisions);
    let approved = decisions.filter(|one| one.kind == DecisionKind::Approve);
    let people: BTreeSet<&String> = approved.map(|one| &one.approver).collect();
    people.len()
}
