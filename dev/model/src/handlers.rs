//! The services around the decisions: dispatchers, approval, callback, the sweep. Each mirrors its crate.

use std::sync::Arc;

use aegis_workflow::Phase;

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
            self.conclude(state, ask, outcome);
        }
    }

    /// What `callback` and the others ask when `message` arrives.
    pub fn heard(&self, state: &State, message: Message) -> Ask {
        let current = state.current().filter(|_| self.is(Broken::AttemptIgnored));
        Ask::Message(match (message, current) {
            (Message::Succeeded(of), Some(current)) if of.place == current.place => {
                Message::Succeeded(current)
            }
            (other, _) => other,
        })
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
    pub fn look(&self, state: &mut State, command: Message, of: Attempt) {
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
        self.conclude(state, ask, outcome);
    }

    /// What handlers do after their turn.
    pub fn conclude(&self, state: &mut State, ask: Ask, outcome: Outcome) {
        match (ask, outcome) {
            (Ask::Dispatched(of), Outcome::Stale) if !overtaken(state, of) => stop(state, of),
            (Ask::Message(Message::Progress(of)), Outcome::Stale) => stop(state, of),
            (Ask::Believe(_), Outcome::Illegal) => {
                self.turn(state, Ask::DeadlinePassed, None);
            }
            _ => {}
        }
    }

    /// What the sweep wants of a workflow that its index names.
    pub fn sweep_ask(&self, state: &State) -> Option<Ask> {
        if self.is(Broken::NoOwedRecovery) && state.workflow.owed().is_some() {
            return None;
        }
        let silent = state.workflow.silent_work(self.rules(), state.now);
        let silent = silent.and_then(|_| state.current());
        let done = silent.filter(|of| {
            let session = state.session(*of);
            session.is_some_and(|session| session.activity == Activity::Done)
        });
        Some(match done {
            Some(of) if !self.is(Broken::NoRecordLookup) => Ask::Believe(of),
            Some(_) | None => Ask::DeadlinePassed,
        })
    }

    pub fn sweep(&self, state: &mut State) {
        if let Some(ask) = self.sweep_ask(state) {
            let outcome = self.turn(state, ask, None);
            self.conclude(state, ask, outcome);
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
    match &state.workflow.phase {
        Phase::Running(work) => work.dispatched_at.is_none() && state.current() == Some(of),
        Phase::AwaitingApproval(_) | Phase::Ended(_) => false,
    }
}

/// Whether the latest result of the step is this attempt's.
fn overtaken(state: &State, of: Attempt) -> bool {
    let workflow = &state.workflow;
    let of = of.real(&workflow.flow);
    of.is_some_and(|of| {
        let result = workflow.result_of(&of.step);
        result.is_some_and(|result| result.attempt == of.attempt)
    })
}

fn stop(state: &mut State, of: Attempt) {
    if let Some(session) = state.session_mut(of)
        && session.activity == Activity::Working
    {
        session.activity = Activity::Stopped;
    }
}
