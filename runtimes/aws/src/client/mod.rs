//! What programs outside Lambda need of AWS: the command line and the agents.

pub mod bus;
pub mod connection;
pub mod error;
pub mod keys;
#[cfg(feature = "logs")]
pub mod logs;
pub mod objects;
pub mod queues;
pub mod sts;
pub mod tap;
