//! Agents without work for one stage.

use std::sync::Arc;

use aegis_agent_kit::s3::S3Store;
use aegis_aws::client::objects::S3Objects;

use super::completion::Callbacks;
use super::conduct::Conduct;
use super::worker::Worker;

/// They write to this bucket and report over HTTP.
///
/// # Errors
/// Where TLS cannot be set up.
pub fn of_bucket(objects: S3Objects, conduct: Conduct) -> Result<Arc<Worker>, reqwest::Error> {
    let store = Arc::new(S3Store::new(objects));
    Ok(Worker::new(store, conduct, Arc::new(Callbacks::new()?)))
}
