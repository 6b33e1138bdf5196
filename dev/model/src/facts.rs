//! What a write adds to the history, held against what the history says already.

use std::collections::BTreeSet;

use aegis_contracts::approval::{DecisionKind, TIMEOUT};
use aegis_contracts::attempt::Attempt as Named;
use aegis_contracts::command::SessionCommand;
use aegis_contracts::event::Event;
use aegis_contracts::flow::{AgentStep, Entry, Name};
use aegis_contracts::time::Timestamp;
use aegis_workflow::{Ended, Owed, Phase, Rules, Work, Workflow};

use crate::ask::Ask;
use crate::attempt::{Attempt, PIECES, pieces, place};
use crate::message::Message;
use crate::state::{Facts, State};
use crate::violation::Violation;

/// A write that has just passed its condition.
pub struct Written<'a> {
    pub rules: &'a Rules,
    pub next: &'a Workflow,
    /// `None` for a touch.
    pub events: Option<&'a [Event]>,
    pub commands: &'a [Owed],
    /// The sessions that are to be stopped.
    pub stops: &'a [SessionCommand],
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
        self.record_commands(written);
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
        if !self.is_watched() {
            self.blame(Violation::EndLeft);
        }
    }

    /// The attempts that the commands of a write ask for.
    fn asked_for(written: &Written<'_>) -> Vec<Attempt> {
        let commands = written.commands.iter();
        let messages = commands.filter_map(|owed| Message::of(&written.next.flow, &owed.command));
        let asked = messages.filter_map(|message| match message {
            Message::Step { of, .. } => Some(of),
            _ => None,
        });
        asked.collect()
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
        self.record_stops(written);
        self.record_giving_up(written);
        for event in events {
            self.record_event(event, written.next);
        }
        self.facts.believed |= matches!(written.ask, Ask::Believe { .. });
        if redriven {
            self.record_redrive(written, events);
        }
    }

    /// What a command asks for is under way once the write is done, and nobody has picked it up. What was not under way
    /// before is new, and only a transition brings that.
    fn record_commands(&mut self, written: &Written<'_>) {
        let next = written.next;
        for of in Self::asked_for(written) {
            let work = of.real(&next.flow);
            let work = work.and_then(|of| next.current_work(&of));
            if work.is_none_or(|work| work.dispatched_at.is_some()) {
                self.blame(Violation::SentForNothing);
            }
            if self.is_current(of) {
                self.count_send(of);
            } else if let Some(events) = written.events {
                let again = |event: &Event| match event {
                    Event::StepRetried {
                        step,
                        branch,
                        next_attempt,
                        ..
                    } => Attempt::at(&next.flow, step, *branch, *next_attempt) == of,
                    _ => false,
                };
                self.record_new(of, events.iter().any(again));
            } else {
                self.blame(Violation::AttemptReused);
            }
        }
    }

    fn count_send(&mut self, of: Attempt) {
        if let Some(sends) = self.facts.sends.get_mut(usize::from(of.piece)) {
            *sends = sends.saturating_add(1);
        }
    }

    /// An attempt that is asked for is a new one, of a piece that has not ended.
    pub fn record_new(&mut self, of: Attempt, is_retry: bool) {
        if self.facts.asked(of) >> of.number != 0 {
            self.blame(Violation::AttemptReused);
        }
        if self.facts.settled(of.place) & 1 << of.piece != 0 {
            self.blame(Violation::DoneAgain);
        }
        self.record_order(of.place);
        let piece = usize::from(of.piece);
        let place = self.facts.asked.get_mut(usize::from(of.place));
        if let Some(asked) = place.and_then(|place| place.get_mut(piece)) {
            *asked |= bit(of.number);
        }
        if let Some(retried) = self.facts.retried.get_mut(piece) {
            *retried = if is_retry { *retried + 1 } else { 0 };
        }
        if let Some(sends) = self.facts.sends.get_mut(piece) {
            *sends = 1;
        }
    }

    /// No more work at once than the flow allows, and one attempt of each piece. Retries and sends are counted, and after
    /// each there is time to wait.
    fn record_limits(&mut self, written: &Written<'_>) {
        let (rules, next) = (written.rules, written.next);
        let asked = Self::asked_for(written);
        let mut at_work = [false; PIECES];
        let mut above = next.work().len() > most_at_work(next);
        for work in next.work() {
            let of = Attempt::of(&next.flow, &work.of);
            let piece = usize::from(of.piece);
            if let Some(at_work) = at_work.get_mut(piece) {
                above |= *at_work;
                *at_work = true;
            }
            let count = |counts: &[u8; PIECES]| counts.get(piece).copied().map_or(0, u32::from);
            let asks = asked.contains(&of);
            let due = work.deadline_at;
            above |= count(&self.facts.retried) >= rules.retries.usual.attempts;
            // Who waits for a free session does so for a time, however often its command is sent.
            above |= match work.throttled_at {
                Some(_) => due > work.requested_at.plus(rules.capacity_timeout).max(self.now),
                None => asks && count(&self.facts.sends) > rules.max_sends,
            };
            above |= asks && !written.overtaken && due <= self.now;
        }
        if above {
            self.blame(Violation::AboveLimit);
        }
        for (piece, at_work) in at_work.into_iter().enumerate() {
            if !at_work {
                (self.facts.retried[piece], self.facts.sends[piece]) = (0, 0);
            }
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

    /// The sessions of the attempts that the transition ends are stopped, and of others only those that were owed one.
    fn record_stops(&mut self, written: &Written<'_>) {
        let next = written.next;
        let ended = |of: &&Named| {
            self.workflow.current_work(of).is_some() && next.current_work(of).is_none()
        };
        let work = self.workflow.work().iter();
        let left = work.filter(|work| ended(&&work.of)).count();
        let stops = written.stops.iter().map(|stop| &stop.of);
        let (ending, others): (Vec<_>, Vec<_>) = stops.partition(ended);
        let known = |of: &&Named| {
            let owed = self.workflow.stops.as_ref();
            owed.is_some_and(|stops| stops.of.contains(of))
        };
        if ending.len() != left || !others.iter().all(known) {
            self.blame(Violation::SessionLeft);
        }
    }

    /// The session of an attempt that ends without its own report is to be stopped. Called where a scenario looks at that.
    pub fn record_unasked(&mut self, written: &Written<'_>) {
        let reported = match written.ask {
            Ask::Message(Message::Succeeded(of) | Message::Failed { of, .. })
            | Ask::Believe { of, .. } => Some(of),
            _ => None,
        };
        let next = written.next;
        let ended = self.work().filter_map(|(of, work)| {
            let ends = next.current_work(&work.of).is_none();
            (ends && reported != Some(of)).then_some(of)
        });
        let ended: Vec<Attempt> = ended.collect();
        for of in ended {
            self.facts.set_unasked(of, true);
        }
        // What was sent as often as it may be is given up.
        let known = self.workflow.stops.as_ref();
        let worn_out = known.filter(|stops| stops.sends >= written.rules.max_sends);
        let gone = worn_out.into_iter().flat_map(|stops| &stops.of);
        let gone = gone.filter(|of| next.stops.iter().all(|stops| !stops.of.contains(of)));
        let gone: Vec<Attempt> = gone.map(|of| Attempt::of(&next.flow, of)).collect();
        for of in gone {
            self.facts.set_unasked(of, false);
        }
    }

    /// The stop of each session that was not asked to stop yet is owed.
    pub fn asks_or_owes(&self) -> bool {
        let mut unasked = self.facts.unasked;
        let owed = self.workflow.stops.iter().flat_map(|stops| &stops.of);
        for of in owed {
            let of = Attempt::of(&self.workflow.flow, of);
            let place = unasked.get_mut(usize::from(of.place));
            if let Some(bits) = place.and_then(|place| place.get_mut(usize::from(of.piece))) {
                *bits &= !bit(of.number);
            }
        }
        unasked.iter().flatten().all(|bits| *bits == 0)
    }

    /// Between a look at storage and the write the agent may have finished: that is bad luck, not a fault. An attempt that
    /// ends because another one fails is looked for by whoever redrives the workflow.
    fn record_giving_up(&mut self, written: &Written<'_>) {
        if written.ask != Ask::DeadlinePassed || written.overtaken {
            return;
        }
        let next = written.next;
        let failed = match &next.phase {
            Phase::Ended(Ended::Failed(failure)) => failure.of.as_ref(),
            _ => None,
        };
        let given_up = |of: Attempt, work: &Work| {
            next.current_work(&work.of).is_none()
                && failed.is_none_or(|failed| *failed == work.of)
                && self.is_done(of)
        };
        if self.work().any(|(of, work)| given_up(of, work)) {
            self.blame(Violation::WorkPaidTwice);
        }
    }

    /// What was done before the failure stays done, whether or not anybody had heard of it.
    fn record_redrive(&mut self, written: &Written<'_>, events: &[Event]) {
        let Phase::Ended(Ended::Failed(failure)) = &self.workflow.phase else {
            return;
        };
        let place = place(&self.workflow.flow, &failure.at);
        let completed = |event: &Event| matches!(event, Event::StepCompleted { .. });
        let found = events.iter().filter(|event| completed(event)).count();
        let done = self.facts.done.get(usize::from(place)).copied();
        let done = done.unwrap_or_default();
        let missed = |of: Attempt| self.is_done(of) && done & 1 << of.piece == 0;
        let missed = !written.overtaken && self.stopped().any(missed);
        self.facts.found |= found > 0;
        self.facts.kept |= done.count_ones() as usize > found;
        if missed {
            self.blame(Violation::WorkPaidTwice);
        }
    }

    fn record_event(&mut self, event: &Event, next: &Workflow) {
        match event {
            Event::StepCompleted {
                step,
                branch,
                attempt,
                ..
            } => {
                let of = Attempt::at(&next.flow, step, *branch, *attempt);
                self.record_result(of);
                self.record_done(of);
            }
            Event::BranchFailed {
                step,
                branch,
                attempt,
                ..
            } => {
                let of = Attempt::at(&next.flow, step, Some(*branch), *attempt);
                self.record_gap(of, next);
            }
            Event::ApprovalGranted {
                approval, approver, ..
            } => {
                let place = place(&next.flow, approval);
                if self.facts.settled(place) != 0 {
                    self.blame(Violation::GrantedTwice);
                }
                if let Some(done) = self.facts.done.get_mut(usize::from(place)) {
                    *done = 1;
                }
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
                let place = usize::from(place(&next.flow, redo));
                let facts = &mut self.facts;
                facts.done.iter_mut().skip(place).for_each(|done| *done = 0);
                facts.gaps.iter_mut().skip(place).for_each(|gaps| *gaps = 0);
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

    /// The workflow has come to `place`: what stands before it in the flow has ended.
    fn record_order(&mut self, place: u8) {
        if self.without_grant(place) {
            self.blame(Violation::WithoutGrant);
        } else if !self.all_ended_before(place) {
            self.blame(Violation::OutOfOrder);
        }
    }

    fn record_result(&mut self, of: Attempt) {
        if self.session(of).is_none_or(|session| session.works == 0) {
            self.blame(Violation::ResultWithoutWork);
        }
        let place = self.facts.counted.get_mut(usize::from(of.place));
        let Some(counted) = place.and_then(|place| place.get_mut(usize::from(of.piece))) else {
            return;
        };
        let twice = *counted & bit(of.number) != 0;
        *counted |= bit(of.number);
        if twice {
            self.blame(Violation::ResultCountedTwice);
        }
    }

    /// The piece has one result until something leads back before it.
    fn record_done(&mut self, of: Attempt) {
        if self.facts.settled(of.place) & 1 << of.piece != 0 {
            self.blame(Violation::DoneAgain);
        }
        if let Some(done) = self.facts.done.get_mut(usize::from(of.place)) {
            *done |= 1 << of.piece;
        }
    }

    /// The flow goes on without the branch: it may, and not without all of them.
    fn record_gap(&mut self, of: Attempt, next: &Workflow) {
        if self.facts.settled(of.place) & 1 << of.piece != 0 {
            self.blame(Violation::DoneAgain);
        }
        let Some(gaps) = self.facts.gaps.get_mut(usize::from(of.place)) else {
            return;
        };
        *gaps |= 1 << of.piece;
        let gaps = *gaps;
        let Some(entry) = next.flow.steps.get(usize::from(of.place)) else {
            return;
        };
        let may_fail: u32 = entry.steps().iter().map(AgentStep::may_fail).sum();
        if gaps.count_ones() > may_fail || gaps == pieces(entry) {
            self.blame(Violation::TooManyGaps);
        }
    }
}

impl Facts {
    pub fn set_unasked(&mut self, of: Attempt, unasked: bool) {
        let place = self.unasked.get_mut(usize::from(of.place));
        if let Some(bits) = place.and_then(|place| place.get_mut(usize::from(of.piece))) {
            *bits = if unasked {
                *bits | bit(of.number)
            } else {
                *bits & !bit(of.number)
            };
        }
    }
}

fn bit(number: u32) -> u32 {
    1u32.checked_shl(number).unwrap_or(1 << 31)
}

/// As many as the flow lets work at once where the workflow is.
fn most_at_work(workflow: &Workflow) -> usize {
    let at = workflow.at().and_then(|at| workflow.flow.place(at));
    let entry = at.and_then(|at| workflow.flow.steps.get(at));
    match entry.map(Entry::steps).unwrap_or_default() {
        [one] if one.each.is_some() => one.at_once() as usize,
        steps => steps.len(),
    }
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
