//! The ports in memory: for tests and for simulation. Same contract as on AWS.

mod agents;
mod artifacts;
mod clock;
mod faults;
mod keys;
mod messages;
mod ports;
mod rows;
pub mod sizes;
mod table;
mod writing;

pub use agents::{Invocation, MemoryRuntime};
pub use artifacts::MemoryArtifacts;
pub use clock::ManualClock;
pub use faults::{Fate, FaultPlan, Faults};
pub use keys::MemoryKeys;
pub use messages::{Lineage, MemoryBus, MemoryDeadLetters, MemoryQueues, SentCommand};
pub use ports::MemoryPorts;
pub use rows::Row;
pub use table::MemoryTable;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A panic elsewhere must not hide the state that explains it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
