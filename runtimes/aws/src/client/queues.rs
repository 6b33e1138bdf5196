//! What lies in a queue: how much, and the messages themselves; and moving one by hand.
//!
//! For operators and tests, who look into dead-letter queues. Services read their queues through
//! Lambda. Knows no message's meaning.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};

use super::error::CallError;

const ATTRIBUTES: &str = "GetQueueAttributes";
const RECEIVE: &str = "ReceiveMessage";
const DELETE: &str = "DeleteMessage";
const SEND: &str = "SendMessage";
const HIDE: &str = "ChangeMessageVisibility";
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
    /// Milliseconds since the Unix epoch. A message that SQS moved keeps it.
    pub sent_at_millis: Option<i64>,
    /// This time included.
    pub receive_count: u32,
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
        .message_system_attribute_names(MessageSystemAttributeName::All)
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

/// Puts a message of this body into the queue.
///
/// # Errors
/// Where the queue does not exist, may not be written to, or SQS cannot be reached.
pub async fn send(config: &SdkConfig, queue_url: &str, body: &str) -> Result<(), CallError> {
    let request = Client::new(config).send_message().queue_url(queue_url);
    let sent = request.message_body(body).send().await;
    sent.map(|_| ()).map_err(CallError::of(SEND))
}

/// Ends the time for which a message that was received is hidden.
///
/// # Errors
/// Where SQS refuses the receipt or cannot be reached. The message then comes back by itself.
pub async fn put_back(config: &SdkConfig, queue_url: &str, receipt: &str) -> Result<(), CallError> {
    let request = Client::new(config).change_message_visibility();
    let request = request.queue_url(queue_url).receipt_handle(receipt);
    let sent = request.visibility_timeout(0).send().await;
    sent.map(|_| ()).map_err(CallError::of(HIDE))
}

/// After how many receives SQS moves a message to the queue's dead-letter queue; `None` where it has none.
///
/// # Errors
/// Where the queue does not exist, may not be looked at, or SQS cannot be reached.
pub async fn max_receive_count(
    config: &SdkConfig,
    queue_url: &str,
) -> Result<Option<u32>, CallError> {
    let name = QueueAttributeName::RedrivePolicy;
    let request = Client::new(config).get_queue_attributes();
    let request = request.queue_url(queue_url).attribute_names(name.clone());
    let answer = request.send().await.map_err(CallError::of(ATTRIBUTES))?;
    let policy = answer.attributes().and_then(|values| values.get(&name));
    Ok(policy.and_then(|policy| receives_of(policy)))
}

/// The number may stand there as a number or as a text.
fn receives_of(policy: &str) -> Option<u32> {
    let policy: serde_json::Value = serde_json::from_str(policy).ok()?;
    let count = policy.get("maxReceiveCount")?;
    let number = count.as_u64().or_else(|| count.as_str()?.parse().ok())?;
    u32::try_from(number).ok()
}

fn message(message: Message) -> QueueMessage {
    let system = message.attributes.unwrap_or_default();
    let number = |name| system.get(&name)?.parse::<i64>().ok();
    let receives = number(MessageSystemAttributeName::ApproximateReceiveCount);
    let attributes = message.message_attributes.unwrap_or_default();
    let text = |(name, value): (String, aws_sdk_sqs::types::MessageAttributeValue)| {
        Some((name, value.string_value?))
    };
    QueueMessage {
        id: message.message_id.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        attributes: attributes.into_iter().filter_map(text).collect(),
        receipt: message.receipt_handle.unwrap_or_default(),
        sent_at_millis: number(MessageSystemAttributeName::SentTimestamp),
        receive_count: receives
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redrive_policy_is_read_in_both_spellings() {
        assert_eq!(receives_of(r#"{"maxReceiveCount": 5}"#), Some(5));
        assert_eq!(receives_of(r#"{"maxReceiveCount": "3"}"#), Some(3));
        assert_eq!(receives_of("{}"), None);
    }
}
