//! What lies in a queue, gathered for all tests at once: each looks for its own.
//!
//! Nothing is deleted, only hidden: who looks into the queue later still finds it.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_aws::client::queues::{QueueMessage, receive};
use anyhow::Result;
use aws_config::SdkConfig;
use tokio::sync::Mutex;

use crate::wait::{SOON, Seen, eventually};

/// Longer than a run of the tests: there are many events, and nobody else reads them.
pub const FOR_GOOD: Duration = Duration::from_secs(1_800);
/// Others look into dead letters too.
pub const A_MOMENT: Duration = Duration::from_secs(3);

pub struct Inbox {
    config: SdkConfig,
    url: String,
    /// How long a message is hidden from others after a look.
    hidden_for: Duration,
    /// By SQS's id, so that a message that is handed out again is not counted again.
    messages: Mutex<BTreeMap<String, QueueMessage>>,
}

impl Inbox {
    pub fn of(config: SdkConfig, url: String, hidden_for: Duration) -> Self {
        Self {
            config,
            url,
            hidden_for,
            messages: Mutex::default(),
        }
    }

    /// All messages so far whose body contains `text`.
    ///
    /// # Errors
    /// Of SQS.
    pub async fn holding(&self, text: &str) -> Result<Vec<QueueMessage>> {
        let mut messages = self.messages.lock().await;
        loop {
            let batch = receive(&self.config, &self.url, self.hidden_for).await?;
            if batch.is_empty() {
                break;
            }
            messages.extend(
                batch
                    .into_iter()
                    .map(|message| (message.id.clone(), message)),
            );
        }
        let found = messages
            .values()
            .filter(|message| message.body.contains(text));
        Ok(found.cloned().collect())
    }

    /// The message whose body contains `text`, once it is there.
    ///
    /// # Errors
    /// Where none comes in time.
    pub async fn wait_for(&self, text: &str) -> Result<QueueMessage> {
        eventually(&format!("a message with `{text}`"), SOON, async || {
            let found = self.holding(text).await?.into_iter().next();
            Ok(found.map_or_else(|| Seen::NotYet("none".to_owned()), Seen::Yes))
        })
        .await
    }
}
