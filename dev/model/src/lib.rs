//! The choreography of all services, model-checked around the real decisions.
//!
//! A state is one stored workflow (the real `Workflow`), the messages on their way, the handlers that are in the
//! middle of something, the agents' sessions, and the time. Steps are what can happen next; whatever changes
//! the workflow goes through `aegis_workflow::decide`. `stateright` visits every state that can be reached and holds the laws in
//! [`properties`] against each. A breadth-first search means that what it finds is close to the shortest way there.
//!
//! # That every life ends
//!
//! Stateright's own `eventually` overlooks counterexamples where paths join or close a circle, as it says itself.
//! So this is shown by three laws that are plain invariants:
//! - every step raises a rank ([`properties::PROGRESS`]), so no path ever comes back to a state it has left;
//! - a life has a bounded number of writes ([`properties::BOUNDED`]), and the search itself comes to an end: there are finitely many states;
//! - in a live state something happens by itself, without a fault, a race or a person ([`properties::MOVES`]).
//!
//! Together: every path is finite, and it cannot stop where the workflow is live. So whatever order things happen in, whatever faults came
//! before, once no more of them come the workflow is bound to end. Not only can it end: there is no way around it. The one assumption is
//! that what can happen by itself is not put off for ever: queues deliver, handlers run, the sweep comes by.
//!
//! # What it does not know
//!
//! How messages, states and artifacts look as bytes, tokens, permissions, budgets, several workflows at once, code of two versions. The
//! services around the decisions are mirrored by hand in `handlers` and `agent`: a change there must be made here too. The simulation runs
//! the real ones, over fewer interleavings.

mod action;
mod agent;
mod applied;
mod ask;
mod attempt;
mod broken;
mod canonical;
mod check;
mod clock;
mod facts;
mod handlers;
mod message;
mod model;
mod options;
pub mod properties;
mod rank;
#[cfg(test)]
mod sameness;
mod scenario;
mod scenarios;
mod state;
mod steps;
mod trace;
mod violation;

pub use broken::Broken;
pub use check::{Refuted, Summary, check};
pub use scenario::{Fault, Goal, Scenario, small_rules};
pub use scenarios::{scenarios, wide_scenarios};
pub use trace::Counterexample;
