//! Runs the checker over one scenario and says what it found.

use std::fmt;
use std::time::{Duration, Instant};

use stateright::{Checker, Expectation, HasDiscoveries, Model};

use crate::broken::Broken;
use crate::model::Choreography;
use crate::scenario::Scenario;
use crate::trace::{Counterexample, tell};

/// What a run has seen.
#[derive(Debug, Clone)]
pub struct Summary {
    pub scenario: &'static str,
    pub broken: Option<Broken>,
    /// Distinct states.
    pub states: usize,
    /// Steps taken, those into known states too.
    pub steps: usize,
    /// Longest of the shortest ways to a state.
    pub depth: usize,
    pub elapsed: Duration,
    /// Shortest first.
    pub counterexamples: Vec<Counterexample>,
    /// Goals of the scenario that no life reached.
    pub unreached: Vec<&'static str>,
}

/// Why a scenario did not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refuted {
    #[error("`{property}` does not hold in `{scenario}`:\n{trace}")]
    Property {
        scenario: &'static str,
        property: &'static str,
        trace: String,
    },
    #[error("no life in `{scenario}` came to: {goals}")]
    Unreached {
        scenario: &'static str,
        goals: String,
    },
}

/// Visits every state of `scenario` with as many threads.
///
/// A scenario that fails is left at its first counterexamples, which are then shortened.
pub fn check(scenario: &Scenario, broken: Option<Broken>, threads: usize) -> Summary {
    let model = Choreography {
        scenario: scenario.clone(),
        broken,
        only: None,
    };
    let mut summary = run(&model, threads, None);
    for example in &mut summary.counterexamples {
        let only = Some(example.property);
        shorten(
            &Choreography {
                only,
                ..model.clone()
            },
            example,
        );
    }
    summary.counterexamples.sort_by_key(|example| example.steps);
    summary
}

/// Stateright keeps the last counterexample of a batch: look again at what is nearer than the best one so far.
fn shorten(model: &Choreography, best: &mut Counterexample) {
    while let Some(nearer) = run(model, 1, Some(best.steps + 1)).counterexamples.pop() {
        *best = nearer;
    }
}

/// `nearer`: only states to which fewer than so many states lead.
fn run(model: &Choreography, threads: usize, nearer: Option<usize>) -> Summary {
    let started = Instant::now();
    let mut builder = model.clone().checker().threads(threads);
    if let Some(depth) = nearer {
        builder = builder.target_max_depth(depth);
    }
    let failures = HasDiscoveries::AnyFailures;
    let checker = builder.finish_when(failures).spawn_bfs().join();
    let mut found = checker.discoveries();
    let (mut counterexamples, mut unreached) = (Vec::new(), Vec::new());
    for property in checker.model().properties() {
        let example = found.remove(property.name);
        match (property.expectation, example) {
            (Expectation::Sometimes, None) => unreached.push(property.name),
            (Expectation::Sometimes, Some(_)) | (_, None) => {}
            (_, Some(path)) => counterexamples.push(tell(property.name, path.into_vec())),
        }
    }
    Summary {
        scenario: model.scenario.name,
        broken: model.broken,
        states: checker.unique_state_count(),
        steps: checker.state_count(),
        depth: checker.max_depth(),
        elapsed: started.elapsed(),
        counterexamples,
        unreached,
    }
}

impl Summary {
    /// # Errors
    /// The first property that does not hold, or the goals that were not reached.
    pub fn verdict(&self) -> Result<(), Refuted> {
        let scenario = self.scenario;
        if let Some(example) = self.counterexamples.first() {
            return Err(Refuted::Property {
                scenario,
                property: example.property,
                trace: example.trace.clone(),
            });
        }
        if self.unreached.is_empty() {
            return Ok(());
        }
        let goals = self.unreached.join(", ");
        Err(Refuted::Unreached { scenario, goals })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (states, steps, depth) = (self.states, self.steps, self.depth);
        let seconds = self.elapsed.as_secs_f64();
        let name = match self.broken {
            Some(broken) => format!("{}, {broken}", self.scenario),
            None => self.scenario.to_owned(),
        };
        write!(
            f,
            "{name:<44} {states:>9} states {steps:>9} steps, depth {depth:>3}, {seconds:>6.1} s"
        )
    }
}
