//! The services around the decisions: dispatchers, approval, callback, the sweep. Each mirrors its crate.

use std::sync::Arc;

use aegis_contracts::agent::Role;
use aegis_workflow::Phase;

use crate::applied::Outcome;
use crate::ask::Ask;
use crate::broken::Broken;
use crate::message::Message;
use crate::model::Choreography;
use crate::state::{Activity, Handler, State};

impl Choreography {
    /// A handler takes `message`, which has left its queue.
    pub fn handle(&self, state: &mut State, message: Message) {
        if let Message::Step { role, attempt, .. } = message {
            self.dispatch(state, message, role, attempt);
        } else {
            let ask = self.heard(state, message);
            let outcome = self.turn(state, ask, Some(message));
            self.conclude(state, ask, outcome);
        }
    }

    /// What `callback` and the others ask when `message` arrives.
    pub fn heard(&self, state: &State, message: Message) -> Ask {
        let Phase::Working(step) = &state.workflow.phase else {
            return Ask::Message(message);
        };
        let current = step.attempt;
        Ask::Message(match message {
            Message::Succeeded { role, .. }
                if self.is(Broken::AttemptIgnored) && role == step.role =>
            {
                Message::Succeeded {
                    role,
                    attempt: current,
                }
            }
            other => other,
        })
    }

    fn dispatch(&self, state: &mut State, command: Message, role: Role, attempt: u32) {
        if !is_wanted(state, role, attempt) {
            return;
        }
        if self.is(Broken::NoteBeforeInvoke) {
            self.turn(state, Ask::Dispatched { role, attempt }, None);
            state.handlers.push(Handler::Invoking { command });
            return;
        }
        self.invoke(state, role, attempt);
        state.handlers.push(Handler::Noting { command });
    }

    /// The note. From now on the sweep alone sends the command.
    pub fn throttle(&self, state: &mut State, command: Message) {
        if let Message::Step { role, attempt, .. } = command
            && is_wanted(state, role, attempt)
        {
            self.turn(state, Ask::Throttled { role, attempt }, None);
        }
    }

    /// A dispatcher that dawdles between its look at the state and the invocation.
    pub fn look(&self, state: &mut State, command: Message, role: Role, attempt: u32) {
        if is_wanted(state, role, attempt) {
            state.handlers.push(Handler::Invoking { command });
        }
    }

    /// The dispatcher's note. A session that nobody wants is stopped.
    pub fn note(&self, state: &mut State, command: Message) {
        let Message::Step { role, attempt, .. } = command else {
            return;
        };
        let ask = Ask::Dispatched { role, attempt };
        let outcome = self.turn(state, ask, Some(command));
        self.conclude(state, ask, outcome);
    }

    /// What handlers do after their turn.
    pub fn conclude(&self, state: &mut State, ask: Ask, outcome: Outcome) {
        match (ask, outcome) {
            (Ask::Dispatched { role, attempt }, Outcome::Stale) => {
                let overtaken = state.workflow.result_of(role).map(|result| result.attempt);
                if overtaken != Some(attempt) {
                    stop(state, role, attempt);
                }
            }
            (Ask::Message(Message::Progress { role, attempt }), Outcome::Stale) => {
                stop(state, role, attempt);
            }
            (Ask::Believe { .. }, Outcome::Illegal) => {
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
        let silent = state.workflow.silent_step(self.rules(), state.now);
        let done = silent.filter(|step| {
            let session = state.session(step.role, step.attempt);
            session.is_some_and(|session| session.activity == Activity::Done)
        });
        Some(match done {
            Some(step) if !self.is(Broken::NoRecordLookup) => Ask::Believe {
                role: step.role,
                attempt: step.attempt,
            },
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

fn is_wanted(state: &State, role: Role, attempt: u32) -> bool {
    state
        .workflow
        .current_step(role, attempt)
        .is_some_and(|step| step.dispatched_at.is_none())
}

fn stop(state: &mut State, role: Role, attempt: u32) {
    if let Some(session) = state.session_mut(role, attempt)
        && session.activity == Activity::Working
    {
        session.activity = Activity::Stopped;
    }
}
