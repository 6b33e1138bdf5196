//! Each port of the engine, on AWS.

mod artifacts;
mod bus;
mod fault;
mod items;
#[cfg(test)]
mod items_tests;
mod key_store;
mod list;
mod on_demand;
mod quarantine;
mod queues;
mod runtime;
mod table;
#[cfg(test)]
mod table_tests;

pub use artifacts::S3Artifacts;
pub use bus::EventBridgeBus;
pub use key_store::ParameterStoreKeys;
pub use on_demand::OnDemand;
pub use queues::{QueueUrls, SqsDeadLetters, SqsQueues, SqsVisibility};
pub use runtime::AgentCoreRuntime;
pub use table::{DynamoTable, Shards};
