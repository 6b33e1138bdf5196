//! One turn of a handler as `aegis_engine::turn` makes it: load, decide, write on condition, then send.
//!
//! The decision is the real one. What is modelled is where a handler can be overtaken or die.

use std::borrow::Cow;
use std::sync::Arc;

use aegis_contracts::flow::Flow;
use aegis_contracts::time::Timestamp;
use aegis_workflow::{Answer, Input, Owed, Rejection, Workflow, decide};

use crate::ask::Ask;
use crate::attempt::Attempt;
use crate::broken::Broken;
use crate::facts::Written;
use crate::message::Message;
use crate::model::Choreography;
use crate::state::{Handler, State};

/// What became of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Applied,
    Duplicate,
    Stale,
    Illegal,
}

/// One try, from a state that may be outdated by the time it is written.
struct Try<'a> {
    loaded: &'a Workflow,
    ask: Ask,
    origin: Option<Message>,
    at: Timestamp,
    overtaken: bool,
}

impl Choreography {
    /// Load, decide and write without anybody in between. Losing a race and trying again comes to the same.
    pub fn turn(&self, state: &mut State, ask: Ask, origin: Option<Message>) -> Outcome {
        if self.is(Broken::SendBeforeCommit) && self.sent_early(state, ask, origin) {
            return Outcome::Applied;
        }
        let (loaded, at) = (Arc::clone(&state.workflow), state.now);
        let attempt = Try {
            loaded: &loaded,
            ask,
            origin,
            at,
            overtaken: false,
        };
        self.try_turn(state, &attempt).unwrap_or(Outcome::Duplicate)
    }

    /// The write of a handler that loaded earlier; it starts anew if somebody else has written since.
    pub fn finish(
        &self,
        state: &mut State,
        ask: Ask,
        origin: Option<Message>,
        loaded: Option<Arc<Workflow>>,
        at: Timestamp,
    ) -> Outcome {
        let first = loaded.and_then(|loaded| {
            let attempt = Try {
                loaded: &loaded,
                ask,
                origin,
                at,
                overtaken: true,
            };
            self.try_turn(state, &attempt)
        });
        first.unwrap_or_else(|| {
            let (loaded, at) = (Arc::clone(&state.workflow), state.now);
            let again = Try {
                loaded: &loaded,
                ask,
                origin,
                at,
                overtaken: true,
            };
            self.try_turn(state, &again).unwrap_or(Outcome::Duplicate)
        })
    }

    /// `None`: another writer was faster.
    fn try_turn(&self, state: &mut State, attempt: &Try<'_>) -> Option<Outcome> {
        let Some(input) = attempt.ask.input(attempt.loaded) else {
            return Some(Outcome::Illegal);
        };
        let mut known = Cow::Borrowed(attempt.loaded);
        if self.is(Broken::RedriveFromScratch) && matches!(attempt.ask, Ask::Redrive { .. }) {
            let results = &mut known.to_mut().results;
            results.retain(|result| result.of.branch.is_none());
        }
        match decide(self.rules(), &known, input, attempt.at) {
            answer @ (Answer::Transition(_) | Answer::Touch(_)) => self
                .write(state, attempt, answer)
                .then_some(Outcome::Applied),
            Answer::Rejected(Rejection::Duplicate) => self.repeat(state, attempt),
            Answer::Rejected(Rejection::Stale { .. }) => Some(Outcome::Stale),
            Answer::Rejected(Rejection::Illegal(_)) => Some(Outcome::Illegal),
        }
    }

    /// What the state still owes goes out again: the first delivery may have died between commit and send. A dispatcher
    /// sends nothing: what is owed beside its own attempt is for its own queue, or for one that it may not send to.
    fn repeat(&self, state: &mut State, attempt: &Try<'_>) -> Option<Outcome> {
        let dispatcher = matches!(attempt.ask, Ask::Dispatched(_) | Ask::Throttled(_));
        let keeps_quiet = dispatcher && !self.is(Broken::DispatcherResends);
        if keeps_quiet || self.is(Broken::NoOwedRecovery) {
            return Some(Outcome::Duplicate);
        }
        match decide(self.rules(), attempt.loaded, Input::Resent, attempt.at) {
            answer @ Answer::Touch(_) => self
                .write(state, attempt, answer)
                .then_some(Outcome::Duplicate),
            Answer::Transition(_) | Answer::Rejected(_) => Some(Outcome::Duplicate),
        }
    }

    /// The conditional write; then a handler is left that has to send. `false`: the condition failed.
    fn write(&self, state: &mut State, attempt: &Try<'_>, answer: Answer) -> bool {
        let unchanged = attempt.loaded.seq == state.workflow.seq;
        if !unchanged && !self.is(Broken::NoVersionCondition) {
            return false;
        }
        let (mut next, commands, events, mut stops) = match answer {
            Answer::Transition(transition) => (
                transition.next,
                transition.commands,
                Some(transition.events),
                transition.stops,
            ),
            Answer::Touch(touch) => (touch.next, touch.commands, None, touch.stops),
            Answer::Rejected(_) => return true,
        };
        if self.keeps_session(attempt.ask) {
            stops.clear();
        }
        if events.is_none() && self.is(Broken::ForgottenDeadline) {
            next.wake_at = None;
        }
        let written = Written {
            rules: self.rules(),
            next: &next,
            events: events.as_deref(),
            commands: &commands,
            stops: &stops,
            ask: attempt.ask,
            at: attempt.at,
            overtaken: attempt.overtaken,
        };
        state.record(&written);
        if self.scenario.stops {
            state.record_unasked(&written);
        }
        let owed = next.stops.iter().flat_map(|owed| &owed.of);
        let owed = owed.filter(|of| stops.iter().any(|stop| stop.of == **of));
        let owed: Vec<Attempt> = owed.map(|of| Attempt::of(&next.flow, of)).collect();
        if self.is(Broken::StopsNotOwed) {
            next.stops = None;
            next.wake_at = next.due_at(self.rules());
        }
        state.workflow = Arc::new(next);
        self.outdate(state);
        if !(self.is(Broken::SendBeforeCommit) && attempt.overtaken) {
            leave_to_send(state, &commands, attempt.origin);
        }
        if self.scenario.stops && !owed.is_empty() {
            let origin = attempt.origin;
            state.handlers.push(Handler::Stopping { of: owed, origin });
        } else {
            self.stops_sent(state, &owed);
        }
        true
    }

    /// The stops are sent, and struck off.
    pub fn stops_sent(&self, state: &mut State, of: &[Attempt]) {
        let sent = of.iter().filter_map(|of| of.real(&state.workflow.flow));
        let input = Input::StopsSent(sent.collect());
        if let Answer::Touch(touch) = decide(self.rules(), &state.workflow, input, state.now) {
            state.workflow = Arc::new(touch.next);
            self.outdate(state);
        }
        for of in of {
            state.facts.set_unasked(*of, false);
        }
    }

    fn keeps_session(&self, ask: Ask) -> bool {
        let reported = matches!(
            ask,
            Ask::Message(Message::Succeeded(_) | Message::Failed { .. })
        );
        reported && self.is(Broken::ReportedSessionKept)
    }

    /// Whoever loaded before will fail at the condition: what he loaded no longer matters.
    fn outdate(&self, state: &mut State) {
        if self.is(Broken::NoVersionCondition) {
            return;
        }
        let seq = state.workflow.seq;
        for handler in &mut state.handlers {
            if let Handler::Deciding { loaded, .. } = handler {
                *loaded = loaded.take().filter(|loaded| loaded.seq == seq);
            }
        }
    }

    /// The broken order: commands leave, the write comes later.
    fn sent_early(&self, state: &mut State, ask: Ask, origin: Option<Message>) -> bool {
        let Some(input) = ask.input(&state.workflow) else {
            return false;
        };
        let commands = match decide(self.rules(), &state.workflow, input, state.now) {
            Answer::Transition(transition) => transition.commands,
            Answer::Touch(touch) => touch.commands,
            Answer::Rejected(_) => return false,
        };
        let flow = state.workflow.flow.clone();
        for command in messages(&flow, &commands) {
            state.send(command);
        }
        let writes_later = !commands.is_empty();
        if writes_later {
            state.handlers.push(Handler::Deciding {
                ask,
                origin,
                loaded: Some(Arc::clone(&state.workflow)),
                at: state.now,
            });
        }
        writes_later
    }
}

/// One handler per command, so that a crash can lose some of them.
pub fn leave_to_send(state: &mut State, commands: &[Owed], origin: Option<Message>) {
    let flow = state.workflow.flow.clone();
    for command in messages(&flow, commands) {
        state.handlers.push(Handler::Sending { command, origin });
    }
}

fn messages(flow: &Flow, commands: &[Owed]) -> impl Iterator<Item = Message> {
    let of = |owed: &Owed| Message::of(flow, &owed.command);
    commands.iter().filter_map(of)
}
