//! The choreography as `stateright` sees it.

use std::sync::Arc;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_workflow::{Rules, Start, start};
use stateright::{Model, Property};

use crate::action::Action;
use crate::applied::leave_to_send;
use crate::attempt::Attempt;
use crate::broken::Broken;
use crate::properties::{goals, laws};
use crate::rank::rank;
use crate::scenario::Scenario;
use crate::state::{Facts, Left, State};
use crate::violation::Violation;

/// One workflow under one scenario.
#[derive(Debug, Clone)]
pub struct Choreography {
    pub scenario: Scenario,
    pub broken: Option<Broken>,
    /// The one property that is looked at, if not all.
    pub only: Option<&'static str>,
}

const BEGINNING: Timestamp = Timestamp::from_millis(1_795_456_800_000);
/// The longest lives of these scenarios have some forty writes.
const MOST_WRITES: u64 = 100;

impl Choreography {
    pub fn rules(&self) -> &Rules {
        &self.scenario.rules
    }

    pub fn is(&self, broken: Broken) -> bool {
        self.broken == Some(broken)
    }

    fn begin(&self) -> State {
        let asked = Start {
            id: WorkflowId::derive("model", "1"),
            topic: String::new(),
            requested_by: String::new(),
            flow: self.scenario.flow.clone(),
            policies: self.scenario.policies(),
            budget: None,
        };
        let opened = start(self.rules(), asked, BEGINNING);
        let mut state = State {
            now: BEGINNING,
            workflow: Arc::new(opened.next),
            in_flight: Vec::new(),
            handlers: Vec::new(),
            sessions: Vec::new(),
            left: Left {
                faults: self.scenario.faults,
                races: self.scenario.races,
                decisions: self.scenario.decisions,
                cancels: self.scenario.cancels,
                redrives: self.scenario.redrives,
            },
            facts: Facts {
                versions: 1,
                ..Facts::default()
            },
            violation: None,
        };
        let asked: Vec<Attempt> = state.work().map(|(of, _)| of).collect();
        for of in asked {
            state.record_new(of, false);
        }
        leave_to_send(&mut state, &opened.commands, None);
        state
    }

    /// Whether something happens by itself.
    pub fn goes_on(&self, state: &State) -> bool {
        if !state.is_idle() {
            return true;
        }
        let mut actions = Vec::new();
        self.options(state, &mut actions);
        let mut ordinary = actions.into_iter().filter(|action| action.is_ordinary());
        ordinary.any(|action| self.next_state(state, action).is_some())
    }
}

impl Model for Choreography {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.begin()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.options(state, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        self.charge(&mut next.left, action);
        self.act(&mut next, action);
        next.tidy();
        if next == *last {
            return None;
        }
        if rank(self, &next) <= rank(self, last) {
            next.blame(Violation::NoProgress);
        }
        if next.workflow.seq > MOST_WRITES {
            next.blame(Violation::TooManyWrites);
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = laws();
        properties.extend(goals(self.scenario.goals));
        properties.retain(|property| self.only.is_none_or(|only| only == property.name));
        properties
    }
}
