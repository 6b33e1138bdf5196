//! Agent sessions that nobody needs any more.

use std::borrow::Cow;
use std::time::Duration;

use aegis_contracts::attempt::Attempt;
use aegis_contracts::command::SessionCommand;
use aegis_contracts::time::Timestamp;

use crate::answer::Answer;
use crate::draft::Draft;
use crate::rules::{RESEND_FLOOR, Rules};
use crate::state::{OwedStops, Work, Workflow};

/// How long after its attempt has ended a session is stopped. An agent that has reported gets its answer in this time,
/// and sends its last logs and spans, which leave every five seconds.
pub const STOP_AFTER: Duration = Duration::from_secs(5);

/// The attempts that end with a transition to `next`.
pub(crate) fn ended<'a>(before: &'a Workflow, next: &Workflow) -> impl Iterator<Item = &'a Work> {
    let all = before.work().iter();
    all.filter(|work| next.current_work(&work.of).is_none())
}

/// The sessions that are stopped once `next` is written: those that it owes, if that is new, and those of the other
/// attempts that it ends. Also where the agent has reported so itself, because AgentCore bills an idle session's memory;
/// and where no dispatch was noted, because the agent may have been invoked all the same.
pub(crate) fn to_stop(before: &Workflow, next: &Workflow) -> Vec<SessionCommand> {
    let sent_before = match (&before.stops, &next.stops) {
        (Some(known), Some(stops)) => {
            stops.sent_at == known.sent_at && stops.of.len() <= known.of.len()
        }
        _ => false,
    };
    let mut stops = if sent_before {
        Vec::new()
    } else {
        next.owed_stops()
    };
    for work in ended(before, next) {
        if stops.iter().all(|stop| stop.of != work.of) {
            stops.push(SessionCommand {
                agent: work.agent.clone(),
                of: work.of.clone(),
            });
        }
    }
    stops
}

/// The stops are in their queues.
pub(crate) fn stops_sent(
    rules: &Rules,
    workflow: &Workflow,
    of: &[Attempt],
    now: Timestamp,
) -> Answer {
    let mut draft = Draft::of(rules, workflow, now);
    let stops = draft.next.stops.take().map(|mut stops| {
        stops.of.retain(|owed| !of.contains(owed));
        stops
    });
    draft.next.stops = stops.filter(|stops| !stops.of.is_empty());
    if draft.next.stops == workflow.stops {
        return Answer::duplicate();
    }
    draft.seal()
}

impl OwedStops {
    pub(crate) fn due_at(&self, rules: &Rules) -> Timestamp {
        self.sent_at.plus(rules.resend_after(self.sends))
    }
}

impl Workflow {
    /// Those that it owes already are sent once more with the new ones.
    pub(crate) fn owes_stops(&mut self, new: Vec<Attempt>, now: Timestamp) {
        if new.is_empty() {
            return;
        }
        let known = self.stops.take().map(|stops| stops.of);
        let mut of = known.unwrap_or_default();
        of.extend(new);
        self.stops = Some(OwedStops {
            of,
            sends: 1,
            sent_at: now,
        });
    }

    /// With its stops sent again if they are due. After so many sends they are given up: a session whose agent is not at
    /// work ends idle, and an agent at work is told by the answer to its next report.
    pub(crate) fn stops_due(&self, rules: &Rules, now: Timestamp) -> Cow<'_, Self> {
        let due = |stops: &&OwedStops| stops.due_at(rules) <= now;
        match self.stops.as_ref().filter(due) {
            Some(stops) if stops.sends < rules.max_sends => self.sending_stops(stops, now),
            Some(_) => Cow::Owned(Self {
                stops: None,
                ..self.clone()
            }),
            None => Cow::Borrowed(self),
        }
    }

    /// The same for a redelivered message, which may find them owed sooner.
    pub(crate) fn stops_repeated(&self, rules: &Rules, now: Timestamp) -> Cow<'_, Self> {
        let again = |stops: &&OwedStops| {
            now.since(stops.sent_at) >= RESEND_FLOOR && stops.sends < rules.max_sends
        };
        match self.stops.as_ref().filter(again) {
            Some(stops) => self.sending_stops(stops, now),
            None => Cow::Borrowed(self),
        }
    }

    fn sending_stops(&self, stops: &OwedStops, now: Timestamp) -> Cow<'_, Self> {
        let stops = OwedStops {
            of: stops.of.clone(),
            sends: stops.sends.saturating_add(1),
            sent_at: now,
        };
        Cow::Owned(Self {
            stops: Some(stops),
            ..self.clone()
        })
    }
}
