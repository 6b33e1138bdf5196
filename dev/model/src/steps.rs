//! What each action does to the modelled system.

use crate::action::Action;
use crate::message::Message;
use crate::model::Choreography;
use crate::state::{Handler, Left, State};

impl Choreography {
    /// What the action takes out of what may still happen.
    pub fn charge(&self, left: &mut Left, action: Action) {
        let account = match action {
            Action::DeliverSlowly(_) | Action::SweepSlowly => &mut left.races,
            Action::Wish(Message::Cancel) => &mut left.cancels,
            Action::Wish(Message::Redrive { .. }) => &mut left.redrives,
            Action::Wish(_) => &mut left.decisions,
            Action::TooLate if self.scenario.always_late => return,
            _ if action.is_ordinary() => return,
            _ => &mut left.faults,
        };
        *account = account.saturating_sub(1);
    }

    pub fn act(&self, state: &mut State, action: Action) {
        match action {
            Action::Deliver(message) => {
                state.take(message);
                self.handle(state, message);
            }
            Action::Throttle(message) => {
                state.take(message);
                self.throttle(state, message);
            }
            Action::DeliverTwice(message) => self.handle(state, message),
            Action::DeliverSlowly(message) => {
                state.take(message);
                self.handle_slowly(state, message);
            }
            Action::Lose(message) => state.take(message),
            Action::Send(index, _)
            | Action::LoseSend(index, _)
            | Action::CrashBeforeSend(index, _)
            | Action::Stop(index)
            | Action::CrashBeforeStop(index)
            | Action::Invoke(index, _)
            | Action::Note(index, _)
            | Action::CrashBeforeNote(index, _)
            | Action::Write(index) => {
                let handler = state.handlers.remove(index);
                self.go_on(state, action, handler);
            }
            Action::AgentSucceeds(of) => state.agent_succeeds(of),
            Action::AgentFails { of, transient } => state.agent_fails(of, transient),
            Action::AgentDies(of) => state.agent_dies(of),
            Action::AgentBeats(of) => state.agent_beats(of),
            Action::TimePasses
            | Action::TooLate
            | Action::SecondsPass
            | Action::Outage
            | Action::Sweep
            | Action::SweepSlowly
            | Action::SweepEarly => self.by_the_clock(state, action),
            Action::Wish(message) => state.send(message),
        }
    }

    fn handle_slowly(&self, state: &mut State, message: Message) {
        if let Message::Step { of, .. } = message {
            self.dispatch_slowly(state, message, of);
        } else {
            let ask = self.heard(state, message);
            self.dawdle(state, ask, Some(message));
        }
    }

    /// A handler that was in the middle of something goes on, or does not.
    fn go_on(&self, state: &mut State, action: Action, handler: Handler) {
        match (action, handler) {
            (Action::Send(..), Handler::Sending { command, .. }) => state.send(command),
            (
                Action::CrashBeforeSend(..),
                Handler::Sending {
                    origin: Some(origin),
                    ..
                },
            ) => state.send(origin),
            (Action::Stop(_), Handler::Stopping { of, .. }) => self.stops_sent(state, &of),
            (
                Action::CrashBeforeStop(_),
                Handler::Stopping {
                    origin: Some(origin),
                    ..
                },
            ) => state.send(origin),
            (Action::Invoke(..), Handler::Invoking { command }) => {
                if let Message::Step { of, .. } = command {
                    self.invoke(state, of);
                    state.handlers.push(Handler::Noting { command });
                }
            }
            (Action::Note(..), Handler::Noting { command }) => self.note(state, command),
            (Action::CrashBeforeNote(..), Handler::Noting { command }) => state.send(command),
            (
                Action::Write(_),
                Handler::Deciding {
                    ask,
                    origin,
                    loaded,
                    at,
                },
            ) => {
                let outcome = self.finish(state, ask, origin, loaded, at);
                self.conclude(state, ask, outcome, true);
            }
            // A send that is lost leaves nothing, nor does a crash of what no queue brings back; all others name a handler of their own kind.
            _ => {}
        }
    }
}
