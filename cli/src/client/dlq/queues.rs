//! What the verbs ask of SQS. A trait, so that a test can end one at any call.

use std::time::Duration;

use aegis_aws::client::error::CallError;
use aegis_aws::client::queues::{
    QueueDepth, QueueMessage, delete, max_receive_count, put_back, queue_depth, receive, send,
};
use aws_config::SdkConfig;

pub trait Queues {
    /// Up to ten messages; none only where nothing waits that is not hidden.
    async fn receive(
        &self,
        url: &str,
        hidden_for: Duration,
    ) -> Result<Vec<QueueMessage>, CallError>;
    async fn send(&self, url: &str, body: &str) -> Result<(), CallError>;
    async fn delete(&self, url: &str, receipt: &str) -> Result<(), CallError>;
    async fn put_back(&self, url: &str, receipt: &str) -> Result<(), CallError>;
}

/// The stage's own.
#[derive(Debug)]
pub struct Sqs {
    config: SdkConfig,
}

impl Sqs {
    pub fn new(config: SdkConfig) -> Self {
        Self { config }
    }

    pub async fn depth(&self, url: &str) -> Result<QueueDepth, CallError> {
        queue_depth(&self.config, url).await
    }

    pub async fn max_receive_count(&self, url: &str) -> Result<Option<u32>, CallError> {
        max_receive_count(&self.config, url).await
    }
}

impl Queues for Sqs {
    async fn receive(
        &self,
        url: &str,
        hidden_for: Duration,
    ) -> Result<Vec<QueueMessage>, CallError> {
        receive(&self.config, url, hidden_for).await
    }

    async fn send(&self, url: &str, body: &str) -> Result<(), CallError> {
        send(&self.config, url, body).await
    }

    async fn delete(&self, url: &str, receipt: &str) -> Result<(), CallError> {
        delete(&self.config, url, receipt).await
    }

    async fn put_back(&self, url: &str, receipt: &str) -> Result<(), CallError> {
        put_back(&self.config, url, receipt).await
    }
}
