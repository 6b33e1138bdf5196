//! Agents without work: they do all that a real agent does around its work, and wait a drawn time instead of it.
//!
//! - `conduct`: how long they take, how many may start in a second, how much they write
//! - `worker`: one attempt, from its claim to its report
//! - `completion`: how a finished task is reported; over HTTP to aegis, or as somebody else wants it
//! - `server`: the runtime's HTTP interface, as a server or as a function in AWS
//!
//! Claims, artifacts and completion records are the kit's own, so that what is measured is what real agents cause.
//! Knows neither which stage it serves nor who measures.

mod completion;
mod conduct;
mod server;
mod worker;

use std::sync::Arc;

use aegis_agent_kit::s3::S3Store;
use aegis_aws::client::objects::S3Objects;

pub use completion::{Callbacks, Completion, Taken};
pub(crate) use conduct::duration;
pub use conduct::{Conduct, Latency};
pub use server::{Function, from_environment, router, serve};
pub use worker::{Counted, Refusal, Worker};

/// Agents without work for one stage: they write to this bucket and report over HTTP.
///
/// # Errors
/// Where TLS cannot be set up.
pub fn of_bucket(objects: S3Objects, conduct: Conduct) -> Result<Arc<Worker>, reqwest::Error> {
    let store = Arc::new(S3Store::new(objects));
    Ok(Worker::new(store, conduct, Arc::new(Callbacks::new()?)))
}
