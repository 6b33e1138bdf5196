//! From Lambda's events to the handlers of the services.
//!
//! One function may stand behind an API and a queue: the shape of the event tells which.

mod gateway;
mod queue;
mod run;
mod stream;

pub use queue::{QueueConsumer, Visibility};
pub use run::{Service, start};
