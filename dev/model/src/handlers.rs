//! The services around the decisions: dispatchers, approval, callback, the sweep. Each mirrors its crate.

use std::sync::Arc;

use crate::applied::Outcome;
use crate::ask::Ask;
use crate::attempt::Attempt;
use crate::broken::Broken;
use crate::message::Message;
use crate::model::Choreography;
use crate::state::{Activity, Handler, State};

impl Choreography {
    /// A handler takes `message`, which has left its queue.
    pub fn handle(&self, state: &mut State, message: Message) {
        if let Message::Step { of, .. } = message {
            self.dispatch(state, message, of);
        } else {
            let ask = self.heard(state, message);
            let outcome = self.turn(state, ask, Some(message));
            self.conclude(state, ask, outcome, false);
        }
    }

    /// What `callback` and the others ask when `message` arrives.
    pub fn heard(&self, state: &State, message: Message) -> Ask {
        match message {
            Message::Succeeded(of) if self.is(Broken::AttemptIgnored) => {
                let mut work = state.work().map(|(current, _)| current);
                let current = work.find(|current| current.is_of_same_piece(of));
                Ask::Message(Message::Succeeded(current.unwrap_or(of)))
            }
            // Intake looks at what the attempts have left that the failure has ended.
            Message::Redrive { version } => {
                let stopped = (0u8..).zip(state.stopped());
                let done = stopped.filter(|(_, of)| state.is_done(*of));
                Ask::Redrive {
                    version,
                    found: done.fold(0, |found, (index, _)| found | 1 << index),
                }
            }
            other => Ask::Message(other),
        }
    }

    fn dispatch(&self, state: &mut State, command: Message, of: Attempt) {
        if !is_wanted(state, of) {
            return;
        }
        if self.is(Broken::NoteBeforeInvoke) {
            self.turn(state, Ask::Dispatched(of), None);
            state.handlers.push(Handler::Invoking { command });
            return;
        }
        self.invoke(state, of);
        state.handlers.push(Handler::Noting { command });
    }

    /// The note. From now on the sweep alone sends the command.
    pub fn throttle(&self, state: &mut State, command: Message) {
        if let Message::Step { of, .. } = command
            && is_wanted(state, of)
        {
            self.turn(state, Ask::Throttled(of), None);
        }
    }

    /// A dispatcher that dawdles between its look at the state and the invocation.
    pub fn dispatch_slowly(&self, state: &mut State, command: Message, of: Attempt) {
        if is_wanted(state, of) {
            state.handlers.push(Handler::Invoking { command });
        }
    }

    /// The dispatcher's note. A session that nobody wants is stopped.
    pub fn note(&self, state: &mut State, command: Message) {
        let Message::Step { of, .. } = command else {
            return;
        };
        let ask = Ask::Dispatched(of);
        let outcome = self.turn(state, ask, Some(command));
        self.conclude(state, ask, outcome, false);
    }

    /// What handlers do after their turn. `overtaken`: somebody may have acted since the handler loaded.
    pub fn conclude(&self, state: &mut State, ask: Ask, outcome: Outcome, overtaken: bool) {
        match (ask, outcome) {
            (Ask::Dispatched(of), Outcome::Stale) if !was_counted(state, of) => stop(state, of),
            (Ask::Message(Message::Progress(of)), Outcome::Stale) => stop(state, of),
            // Whatever became of one attempt, the sweep goes on with the others.
            (Ask::Believe { then, .. }, _) => {
                let ask = self.look(state, then);
                let outcome = if overtaken {
                    self.finish(state, ask, None, None, state.now)
                } else {
                    self.turn(state, ask, None)
                };
                self.conclude(state, ask, outcome, overtaken);
            }
            _ => {}
        }
    }

    /// What the sweep wants of a workflow that its index names.
    pub fn sweep_ask(&self, state: &State) -> Option<Ask> {
        if self.is(Broken::NoOwedRecovery) && !state.workflow.owed().is_empty() {
            return None;
        }
        let silent = state.workflow.silent_work(self.rules(), state.now);
        let silent = silent.iter().map(|work| {
            let of = Attempt::of(&state.workflow.flow, &work.of);
            1 << of.piece
        });
        Some(self.look(state, silent.fold(0, |all, piece| all | piece)))
    }

    /// The sweep looks for the records of silent pieces, in the order in which the state knows them. What it finds is
    /// believed; then it looks on, and in the end gives up what is left.
    fn look(&self, state: &State, mut silent: u8) -> Ask {
        for (of, _) in state.work() {
            let piece = 1 << of.piece;
            if silent & piece != 0 && self.finds_record(state, of) {
                let then = silent & !piece;
                return Ask::Believe { of, then };
            }
            silent &= !piece;
        }
        Ask::DeadlinePassed
    }

    fn finds_record(&self, state: &State, of: Attempt) -> bool {
        if self.is(Broken::BranchIgnored) && state.facts.settled(of.place) != 0 {
            return true;
        }
        !self.is(Broken::NoRecordLookup) && state.is_done(of)
    }

    pub fn sweep(&self, state: &mut State) {
        if let Some(ask) = self.sweep_ask(state) {
            let outcome = self.turn(state, ask, None);
            self.conclude(state, ask, outcome, false);
        }
    }

    /// Loads and decides, and is overtaken before it writes.
    pub fn dawdle(&self, state: &mut State, ask: Ask, origin: Option<Message>) {
        state.handlers.push(Handler::Deciding {
            ask,
            origin,
            loaded: Some(Arc::clone(&state.workflow)),
            at: state.now,
        });
    }
}

fn is_wanted(state: &State, of: Attempt) -> bool {
    let mut work = state.work();
    work.any(|(current, work)| current == of && work.dispatched_at.is_none())
}

/// Whether the latest result of the piece is this attempt's.
fn was_counted(state: &State, of: Attempt) -> bool {
    let workflow = &state.workflow;
    let of = of.real(&workflow.flow);
    of.is_some_and(|of| {
        let result = workflow.result_of(&of.step, of.branch);
        result.is_some_and(|result| result.of == of)
    })
}

fn stop(state: &mut State, of: Attempt) {
    if let Some(session) = state.session_mut(of)
        && session.activity == Activity::Working
    {
        session.activity = Activity::Stopped;
    }
}
