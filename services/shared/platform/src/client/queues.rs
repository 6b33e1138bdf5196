//! How much waits in a queue: what an operator looks at first.

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use super::error::CallError;

const OPERATION: &str = "GetQueueAttributes";
const WAITING: QueueAttributeName = QueueAttributeName::ApproximateNumberOfMessages;
const DELAYED: QueueAttributeName = QueueAttributeName::ApproximateNumberOfMessagesDelayed;
const IN_FLIGHT: QueueAttributeName = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;

/// Counts of messages, as far as SQS knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueDepth {
    pub waiting: u64,
    pub delayed: u64,
    pub in_flight: u64,
}

/// # Errors
/// Where the queue does not exist, may not be looked at, or SQS cannot be reached.
pub async fn queue_depth(config: &SdkConfig, queue_url: &str) -> Result<QueueDepth, CallError> {
    let answer = Client::new(config)
        .get_queue_attributes()
        .queue_url(queue_url)
        .set_attribute_names(Some(vec![WAITING, DELAYED, IN_FLIGHT]))
        .send()
        .await
        .map_err(CallError::of(OPERATION))?;
    let count = |name: &QueueAttributeName| {
        let values = answer.attributes();
        values
            .and_then(|values| values.get(name)?.parse().ok())
            .unwrap_or_default()
    };
    Ok(QueueDepth {
        waiting: count(&WAITING),
        delayed: count(&DELAYED),
        in_flight: count(&IN_FLIGHT),
    })
}
