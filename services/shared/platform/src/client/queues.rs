//! What lies in a queue: how much, and the messages themselves.
//!
//! For operators and tests, who look into dead-letter queues. Services read their queues through
//! Lambda.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, QueueAttributeName};

use super::error::CallError;

const ATTRIBUTES: &str = "GetQueueAttributes";
const RECEIVE: &str = "ReceiveMessage";
const DELETE: &str = "DeleteMessage";
/// As many as SQS hands out at once.
const BATCH: i32 = 10;
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

/// One message that was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMessage {
    pub id: String,
    pub body: String,
    /// Of type String; a dead letter of ours has `reason` and `service`.
    pub attributes: BTreeMap<String, String>,
    /// By which it is deleted, as long as it is hidden.
    pub receipt: String,
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
        .map_err(CallError::of(ATTRIBUTES))?;
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

/// Up to ten messages. They stay in the queue and are handed out to nobody else for `hidden_for`.
///
/// # Errors
/// Where the queue does not exist, may not be read, or SQS cannot be reached.
pub async fn receive(
    config: &SdkConfig,
    queue_url: &str,
    hidden_for: Duration,
) -> Result<Vec<QueueMessage>, CallError> {
    let answer = Client::new(config)
        .receive_message()
        .queue_url(queue_url)
        .max_number_of_messages(BATCH)
        .visibility_timeout(i32::try_from(hidden_for.as_secs()).unwrap_or(i32::MAX))
        .message_attribute_names("All")
        .send()
        .await
        .map_err(CallError::of(RECEIVE))?;
    let messages = answer.messages.unwrap_or_default();
    Ok(messages.into_iter().map(message).collect())
}

/// # Errors
/// Where SQS refuses the receipt or cannot be reached.
pub async fn delete(config: &SdkConfig, queue_url: &str, receipt: &str) -> Result<(), CallError> {
    let request = Client::new(config).delete_message().queue_url(queue_url);
    let sent = request.receipt_handle(receipt).send().await;
    sent.map(|_| ()).map_err(CallError::of(DELETE))
}

fn message(message: Message) -> QueueMessage {
    let attributes = message.message_attributes.unwrap_or_default();
    let text = |(name, value): (String, aws_sdk_sqs::types::MessageAttributeValue)| {
        Some((name, value.string_value?))
    };
    QueueMessage {
        id: message.message_id.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        attributes: attributes.into_iter().filter_map(text).collect(),
        receipt: message.receipt_handle.unwrap_or_default(),
    }
}
