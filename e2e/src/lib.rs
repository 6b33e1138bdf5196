//! What the end-to-end tests stand on: a running stack, driven from outside only.
//!
//! - [`stack`]: which stack, how a test is run on it
//! - [`http`]: the API, answer by answer, called by whoever has the keys of the stage file
//! - [`client`]: callers who prove who they are, and people who decide; [`aws`]: users and tokens to prove it with
//! - [`step`]: the steps of the flow that ships
//! - [`run`]: one workflow of one test, and how far it has got
//! - [`agent`]: the test in the place of an agent: tokens, reports, held attempts
//! - [`processes`]: the agents' processes, and that no test loses its researcher to another one
//! - [`inbox`]: what lies in queues: dead letters, and the events on the bus
//! - [`program`]: the `aegis` command, as an operator types it
//! - [`spans`]: a small receiver of traces
//! - [`meter`]: the emulator's record of calls, by who made them, and the capacity units that DynamoDB would count
//! - [`wait`]: waits for conditions, never for times
//!
//! It knows the API, the bus, the queues and the bucket as any other system would. It decides nothing
//! and reads no table. Only what is said of calls and units looks behind: at the emulator's own record.

pub mod agent;
pub mod aws;
pub mod client;
pub mod http;
pub mod inbox;
pub mod meter;
pub mod processes;
pub mod program;
pub mod run;
pub mod spans;
pub mod stack;
pub mod step;
pub mod wait;
