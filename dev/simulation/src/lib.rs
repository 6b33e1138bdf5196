//! Every service of aegis over the in-memory ports, on a virtual clock, under faults from a seed.
//!
//! The services are the real ones, and so are the agents' claims and publishing. Simulated are what
//! AWS does (queues, stream, schedule, agent runtime), what agents work on, people, other systems,
//! and everything that goes wrong. A world is one seed: the same seed tells the same story.

mod agent;
mod bell;
mod books;
mod campaign;
mod conduct;
mod dice;
mod executor;
mod forger;
mod http;
mod laws;
mod machinery;
mod people;
mod population;
mod queues;
mod reports;
mod run;
mod store;
mod story;
mod subscribers;
mod table;
mod time;
mod weather;
mod world;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use campaign::{Campaign, Defeat, Summary, campaign, population};
pub use laws::Broken;
pub use run::{Telling, calls_of_one_workflow, simulate, storm};
pub use story::Tally;
pub use weather::Sessions;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
