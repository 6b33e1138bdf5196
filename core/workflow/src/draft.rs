//! A decision in the making: the workflow as it will be, what happened, and what is to be sent.

use aegis_contracts::attempt::Attempt;
use aegis_contracts::event::Event;
use aegis_contracts::time::Timestamp;

use crate::answer::{Answer, Owed, Touch, Transition};
use crate::rules::Rules;
use crate::session;
use crate::state::Workflow;

pub(crate) struct Draft<'a> {
    pub rules: &'a Rules,
    pub now: Timestamp,
    before: &'a Workflow,
    /// The attempt whose own report this is.
    pub reported: Option<Attempt>,
    pub next: Workflow,
    pub events: Vec<Event>,
    pub owed: Vec<Owed>,
}

impl<'a> Draft<'a> {
    pub fn of(rules: &'a Rules, workflow: &'a Workflow, now: Timestamp) -> Self {
        Self {
            rules,
            now,
            before: workflow,
            reported: None,
            next: workflow.clone(),
            events: Vec::new(),
            owed: Vec::new(),
        }
    }

    pub fn happened(&mut self, event: Event) {
        self.events.push(event);
    }

    pub fn owes(&mut self, owed: impl Into<Owed>) {
        self.owed.push(owed.into());
    }

    /// One version on, and the sweep looks when the new state is due.
    pub fn into_transition(self) -> Transition {
        let mut next = self.next;
        let ended = session::ended(self.before, &next).map(|work| &work.of);
        let unheard = ended.filter(|of| self.reported.as_ref() != Some(*of));
        let unheard = unheard.cloned().collect();
        next.owes_stops(unheard, self.now);
        next.version += 1;
        next.seq += 1;
        next.updated_at = self.now;
        next.wake_at = next.due_at(self.rules);
        Transition {
            next,
            events: self.events,
            commands: self.owed,
            stops: Vec::new(),
        }
    }

    /// What happened is a transition; where nothing happened it was only noted, as a touch. A touch leaves the index
    /// alone while it points early enough: moving it costs two writes, looking once too often costs one read.
    pub fn seal(mut self) -> Answer {
        if !self.events.is_empty() {
            return Answer::Transition(self.into_transition());
        }
        self.next.seq += 1;
        let due = self.next.due_at(self.rules);
        if self.next.wake_at.is_none() || self.next.wake_at > due {
            self.next.wake_at = due;
        }
        Answer::Touch(Touch {
            next: self.next,
            commands: self.owed,
            stops: Vec::new(),
        })
    }
}
