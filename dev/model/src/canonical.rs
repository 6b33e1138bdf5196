//! When two states are the same: if nothing that can still happen tells them apart.
//!
//! Instants count from now, and those that are only ever shown (created, decided) do not count.
//! The sequence number is only ever compared with what a handler loaded. Texts, costs and the policy are the same in a
//! whole scenario. What is left is written as a row of numbers, which is cheap to hash.

use std::hash::{Hash, Hasher};

use aegis_contracts::time::Timestamp;
use aegis_workflow::{Approval, Ended, Phase, RESEND_FLOOR, Running, Stopped, Work, Workflow};

use crate::attempt::{Attempt, place};
use crate::message::Message;
use crate::state::{Activity, Facts, Handler, Session, State};

impl State {
    /// Puts what has no order in order, and forgets sessions that nobody will ask about again.
    pub fn tidy(&mut self) {
        let mut sessions = std::mem::take(&mut self.sessions);
        sessions.retain(|session| {
            session.activity == Activity::Working
                || self.is_current(session.of)
                || self
                    .handlers
                    .iter()
                    .any(|handler| concerns(handler, session))
                || session.activity == Activity::Done
                    && self.may_be_redriven()
                    && self.stopped().any(|of| of == session.of)
        });
        self.sessions = sessions;
        self.sessions.sort_unstable_by_key(|session| session.of);
        self.handlers.sort_by_key(key);
    }
}

/// A handler that may yet invoke the session, or count its result.
fn concerns(handler: &Handler, session: &Session) -> bool {
    match handler {
        Handler::Invoking { command } | Handler::Noting { command } => matches!(
            command,
            Message::Step { of, .. } if *of == session.of
        ),
        Handler::Deciding { .. } => true,
        Handler::Sending { .. } | Handler::Stopping { .. } => false,
    }
}

fn key(handler: &Handler) -> (u64, u64, u64, u64) {
    match handler {
        Handler::Sending { command, origin } => {
            let origin = origin.map_or(0, |message| message.code());
            (1, command.code(), origin, 0)
        }
        Handler::Stopping { of, origin } => {
            let origin = origin.map_or(0, |message| message.code());
            let whose = of
                .iter()
                .fold(0u64, |all, of| all.rotate_left(7) ^ of.code());
            (5, whose, origin, 0)
        }
        Handler::Invoking { command } => (2, command.code(), 0, 0),
        Handler::Noting { command } => (3, command.code(), 0, 0),
        Handler::Deciding {
            ask,
            origin,
            loaded,
            ..
        } => {
            let origin = origin.map_or(0, |message| message.code());
            let seq = loaded.as_ref().map_or(0, |loaded| loaded.seq);
            (4, ask.code(), origin, seq)
        }
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, to: &mut H) {
        write_rest(self, to);
        write_workflow(&self.workflow, self.now, self.may_be_redriven(), to);
        for message in &self.in_flight {
            to.write_u64(message.code());
        }
        to.write_u64(u64::MAX);
        for handler in &self.handlers {
            write_handler(handler, self.now, to);
        }
        to.write_u64(u64::MAX);
        for session in &self.sessions {
            write_session(session, to);
        }
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        row(self) == row(other)
    }
}

fn row(state: &State) -> Vec<u8> {
    let mut row = Row(Vec::with_capacity(512));
    state.hash(&mut row);
    row.0
}

/// A hasher that keeps everything.
struct Row(Vec<u8>);

impl Hasher for Row {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

fn write_rest<H: Hasher>(state: &State, to: &mut H) {
    let (left, facts) = (&state.left, &state.facts);
    to.write_u64(u64::from_le_bytes([
        left.faults,
        left.races,
        left.decisions,
        left.cancels,
        left.redrives,
        facts.heard,
        u8::from(facts.believed) | u8::from(facts.redriven) << 1,
        u8::from(facts.kept) | u8::from(facts.found) << 1,
    ]));
    to.write_u64(facts.versions);
    (facts.asked, facts.counted, facts.approvals_asked).hash(to);
    (facts.done, facts.gaps, facts.retried, facts.sends).hash(to);
    let looks_at_stops = facts.unasked != Facts::default().unasked;
    to.write_u8(looks_at_stops.into());
    if looks_at_stops {
        facts.unasked.hash(to);
    }
    to.write_u64(state.violation.map_or(0, |violation| 1 + violation as u64));
}

fn write_handler<H: Hasher>(handler: &Handler, now: Timestamp, to: &mut H) {
    let (kind, first, second, _) = key(handler);
    to.write_u64(kind);
    to.write_u64(first);
    to.write_u64(second);
    if let Handler::Deciding {
        loaded: Some(loaded),
        at,
        ..
    } = handler
    {
        to.write_i64(relative(now, *at));
        write_workflow(loaded, now, true, to);
    }
}

fn write_session<H: Hasher>(session: &Session, to: &mut H) {
    let activity = match session.activity {
        Activity::Working => 0,
        Activity::Done => 1,
        Activity::Failed { transient } => 2 + u8::from(transient),
        Activity::Dead => 4,
        Activity::Stopped => 5,
    };
    to.write_u64(u64::from_le_bytes([
        session.of.place,
        u8::try_from(session.of.number).unwrap_or(u8::MAX),
        activity,
        session.works,
        session.heartbeats_left,
        session.of.piece,
        0,
        0,
    ]));
}

/// Of what a failure has ended only a redrive asks.
fn write_workflow<H: Hasher>(workflow: &Workflow, now: Timestamp, redrivable: bool, to: &mut H) {
    to.write_u64(workflow.version);
    to.write_u64(workflow.redriven_from.unwrap_or_default());
    to.write_u64(workflow.usage.input_tokens);
    to.write_u32(workflow.revision);
    for (step, attempts) in &workflow.attempts {
        to.write_u8(place(&workflow.flow, step));
        to.write_u32(*attempts);
    }
    for result in &workflow.results {
        to.write_u64(Attempt::of(&workflow.flow, &result.of).code());
        to.write_u32(result.revision);
    }
    to.write_u8(u8::MAX);
    for gap in &workflow.gaps {
        let of = Attempt::at(&workflow.flow, &gap.step, Some(gap.branch), gap.attempt);
        to.write_u64(of.code());
    }
    to.write_u8(u8::MAX);
    write_instant(workflow.wake_at, now, to);
    if let Some(stops) = &workflow.stops {
        for of in &stops.of {
            to.write_u64(Attempt::of(&workflow.flow, of).code());
        }
        to.write_u32(stops.sends);
        write_instant(Some(stops.sent_at), now, to);
    }
    to.write_u8(u8::MAX);
    match &workflow.settled {
        Some(approval) => write_decisions(workflow, approval, to),
        None => to.write_u8(0),
    }
    match &workflow.phase {
        Phase::Running(running) => write_running(workflow, running, now, to),
        Phase::AwaitingApproval(approval) => write_approval(workflow, approval, now, to),
        Phase::Ended(Ended::Completed) => to.write_u8(3),
        Phase::Ended(Ended::Failed(failure)) => {
            to.write_u8(4);
            to.write_u8(place(&workflow.flow, &failure.at));
            let of = failure.of.as_ref();
            to.write_u64(of.map_or(0, |of| Attempt::of(&workflow.flow, of).code()));
            if redrivable {
                write_stopped(workflow, &failure.stopped, to);
            }
        }
        Phase::Ended(Ended::Cancelled(_)) => to.write_u8(5),
        Phase::Ended(Ended::Rejected) => to.write_u8(6),
        Phase::Ended(Ended::Expired) => to.write_u8(7),
    }
}

fn write_stopped<H: Hasher>(workflow: &Workflow, stopped: &[Stopped], to: &mut H) {
    for stopped in stopped {
        to.write_u64(Attempt::of(&workflow.flow, &stopped.of).code());
        to.write_u64(stopped.usage.input_tokens);
    }
}

/// In their order, which decides who is looked at first.
fn write_running<H: Hasher>(workflow: &Workflow, running: &Running, now: Timestamp, to: &mut H) {
    to.write_u8(1);
    to.write_u32(running.base);
    for work in &running.work {
        to.write_u64(Attempt::of(&workflow.flow, &work.of).code());
        write_work(work, now, to);
    }
}

fn write_work<H: Hasher>(work: &Work, now: Timestamp, to: &mut H) {
    (work.revision, work.retries, work.sends).hash(to);
    work.retry_of.hash(to);
    write_sent(work.sent_at, now, to);
    write_instant(work.resend_at, now, to);
    write_instant(Some(work.deadline_at), now, to);
    // How long it may wait for a free session counts from its request.
    let waits = work.dispatched_at.is_none();
    write_instant(waits.then_some(work.requested_at), now, to);
    to.write_u8(u8::from(work.throttled_at.is_some()));
    to.write_u8(u8::from(work.dispatched_at.is_some()));
    // Once there was a heartbeat, silence counts from it.
    write_instant(
        work.dispatched_at
            .filter(|_| work.last_heartbeat_at.is_none()),
        now,
        to,
    );
    write_instant(work.last_heartbeat_at, now, to);
    to.write_u64(work.usage.input_tokens);
}

fn write_approval<H: Hasher>(workflow: &Workflow, approval: &Approval, now: Timestamp, to: &mut H) {
    to.write_u8(2);
    write_decisions(workflow, approval, to);
    write_instant(Some(approval.deadline_at), now, to);
    to.write_u8(u8::from(approval.escalated));
    to.write_u32(approval.sends);
    write_sent(approval.sent_at, now, to);
    write_instant(approval.resend_at, now, to);
    to.write_u8(u8::from(approval.notified_at.is_some()));
    to.write_u32(approval.reminders);
    write_instant(approval.remind_at, now, to);
}

fn write_decisions<H: Hasher>(workflow: &Workflow, approval: &Approval, to: &mut H) {
    to.write_u8(1 + place(&workflow.flow, &approval.approval));
    (approval.revision, approval.round).hash(to);
    to.write_usize(approval.decisions.len());
    for decision in &approval.decisions {
        decision.approver.hash(to);
        to.write_u8(decision.kind as u8);
    }
}

/// Only whether the floor is reached matters of the time of a send that lies behind.
fn write_sent<H: Hasher>(sent_at: Option<Timestamp>, now: Timestamp, to: &mut H) {
    let floor = i64::try_from(RESEND_FLOOR.as_millis()).unwrap_or(i64::MAX);
    to.write_i64(sent_at.map_or(i64::MIN, |at| relative(now, at).max(-floor)));
}

fn write_instant<H: Hasher>(at: Option<Timestamp>, now: Timestamp, to: &mut H) {
    to.write_i64(at.map_or(i64::MIN, |at| relative(now, at)));
}

fn relative(now: Timestamp, at: Timestamp) -> i64 {
    at.as_millis() - now.as_millis()
}
