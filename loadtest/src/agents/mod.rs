//! Agents without work: they do all that a real agent does around its work, and wait a drawn time instead of it.
//!
//! - `conduct`: how long they take and how much they write
//! - `worker`: one attempt, from its claim to its report
//! - `limit`: how many sessions may start in a second
//! - `completion`: how a finished task is reported; over HTTP to aegis, or as somebody else wants it
//! - `function`: the same as a function in AWS
//! - `bucket`: all of it for one stage
//! - `server`: the runtime's HTTP interface, as the AWS SDK calls it
//!
//! Claims, artifacts and completion records are the kit's own, so that what is measured is what real agents cause.
//! Knows neither which stage it serves nor who measures.

mod bucket;
mod completion;
mod conduct;
mod content;
mod function;
mod rate_limit;
mod server;
mod worker;

pub use bucket::of_bucket;
pub use completion::{Callbacks, Completion, Taken};
pub(crate) use conduct::duration;
pub use conduct::{Conduct, Latency};
pub use function::{Function, from_environment};
pub use server::{router, serve};
pub use worker::{Counted, Refusal, Worker};
