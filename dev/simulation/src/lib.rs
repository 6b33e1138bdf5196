//! Every service of aegis over the in-memory ports, on a virtual clock, under faults from a seed.
//!
//! The services are the real ones, and so are the agents' claims and publishing. Simulated are what
//! AWS does (queues, stream, schedule, agent runtime), what agents work on, people, other systems,
//! and everything that goes wrong. A harness is one seed: the same seed gives the same trace.

mod agent;
mod bell;
mod campaign;
mod clients;
mod conduct;
mod dice;
mod executor;
mod faults;
mod flows;
mod forger;
mod harness;
mod http;
mod intake;
mod laws;
mod machinery;
mod observed;
mod population;
mod queues;
mod reports;
mod run;
mod store;
mod subscribers;
mod table;
mod time;
mod trace;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use campaign::{Campaign, Defeat, Summary, campaign, population};
pub use faults::Sessions;
pub use laws::Broken;
pub use run::{Telling, calls_of_one_workflow, simulate, storm};
pub use trace::Tally;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
