//! Whether states that are held to be the same really are: if not, the search would skip what it should visit.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use stateright::Model;

use crate::model::Choreography;
use crate::scenarios::{agents, branching, in_turn, paired, redriving};
use crate::state::State;

fn fingerprint(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

fn ahead(model: &Choreography, state: &State) -> Vec<u64> {
    model.next_states(state).iter().map(fingerprint).collect()
}

/// Every state that differs in anything from one that is held to be the same is asked what can follow.
fn merged(model: &Choreography) -> usize {
    let mut known: HashMap<u64, (State, Option<Vec<u64>>)> = HashMap::new();
    let mut open: VecDeque<State> = model.init_states().into();
    let mut merged = 0;
    while let Some(state) = open.pop_front() {
        match known.get_mut(&fingerprint(&state)) {
            None => {
                open.extend(model.next_states(&state));
                known.insert(fingerprint(&state), (state, None));
            }
            Some((first, expected)) if first.workflow != state.workflow => {
                let expected = expected.get_or_insert_with(|| ahead(model, first));
                assert_eq!(*expected, ahead(model, &state), "{first:#?}\n{state:#?}");
                merged += 1;
            }
            Some(_) => {}
        }
    }
    merged
}

#[test]
fn what_is_held_to_be_the_same_leads_to_the_same() {
    for scenario in [agents(1), redriving(2), paired(1), branching(1), in_turn(1)] {
        let merged = merged(&Choreography {
            scenario,
            broken: None,
            only: None,
        });
        assert!(merged > 1_000, "{merged}");
    }
}
