//! Commands and dead letters on SQS.

use std::time::Duration;

use aegis_contracts::command::Destination;
use aegis_contracts::envelope::CommandEnvelope;
use aegis_contracts::text::{is_blank, visible_line};
use aegis_engine::error::PortError;
use aegis_engine::ports::{CommandQueues, DeadLetters};
use aegis_engine::stored::encode;
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;

use super::fault::{fault, unbuildable};
use super::on_demand::OnDemand;
use crate::lambda::Visibility;

/// SQS takes 1 MiB; a command is a few hundred bytes, and larger ones cost more per request.
const MAX_MESSAGE: usize = 256 * 1024;
/// SQS delays a message by 15 minutes at most.
const MAX_DELAY: Duration = Duration::from_secs(900);
/// Longest reason in a message attribute, in characters.
const MAX_REASON: usize = 1_000;

/// Where commands go. Addresses of the agents' queues follow from the agents' names: a function's environment has no room
/// for all of them.
#[derive(Debug, Clone)]
pub struct QueueUrls {
    /// With `{agent}` where the name stands.
    pub agents: String,
    pub approval: String,
}

impl QueueUrls {
    fn of(&self, destination: Destination<'_>) -> String {
        match destination {
            Destination::Agent(agent) => self.agents.replace(AGENT, agent.as_str()),
            Destination::Approval => self.approval.clone(),
        }
    }
}

/// Stands for the agent's name.
pub const AGENT: &str = "{agent}";

pub struct SqsQueues {
    client: OnDemand<Client>,
    urls: QueueUrls,
}

impl SqsQueues {
    pub fn new(client: impl Into<OnDemand<Client>>, urls: QueueUrls) -> Self {
        Self {
            client: client.into(),
            urls,
        }
    }
}

fn whole_seconds(duration: Duration, longest: Duration) -> i32 {
    i32::try_from(duration.min(longest).as_secs()).unwrap_or(i32::MAX)
}

#[async_trait]
impl CommandQueues for SqsQueues {
    async fn send(&self, command: &CommandEnvelope, delay: Duration) -> Result<(), PortError> {
        let url = self.urls.of(command.body.destination());
        let body = encode(command)?;
        if body.len() > MAX_MESSAGE {
            return Err(PortError::Permanent(format!(
                "a command of {} bytes is too large",
                body.len()
            )));
        }
        let delay = whole_seconds(delay, MAX_DELAY);
        self.client
            .send_message()
            .queue_url(url)
            .message_body(body)
            .set_delay_seconds((delay > 0).then_some(delay))
            .send()
            .await
            .map_err(fault("SendMessage"))?;
        Ok(())
    }
}

/// The dead-letter queue of one service. The reason stands in the message attribute `reason`.
pub struct SqsDeadLetters {
    client: OnDemand<Client>,
    url: String,
    service: String,
}

impl SqsDeadLetters {
    pub fn new(client: impl Into<OnDemand<Client>>, url: String, service: &str) -> Self {
        Self {
            client: client.into(),
            url,
            service: service.to_owned(),
        }
    }
}

fn attribute(value: &str) -> Result<MessageAttributeValue, PortError> {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
        .map_err(unbuildable)
}

/// SQS refuses a message with any other character, which would bring it back for ever.
fn acceptable(text: &str) -> String {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars()
        .map(|c| {
            if allowed(c) {
                c
            } else {
                char::REPLACEMENT_CHARACTER
            }
        })
        .collect()
}

#[async_trait]
impl DeadLetters for SqsDeadLetters {
    async fn put(&self, body: &str, reason: &str) -> Result<(), PortError> {
        let shown: String = visible_line(reason).chars().take(MAX_REASON).collect();
        let reason = if is_blank(&shown) { "unknown" } else { &shown };
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(acceptable(body))
            .message_attributes("reason", attribute(reason)?)
            .message_attributes("service", attribute(&self.service)?)
            .send()
            .await
            .map_err(fault("SendMessage"))?;
        Ok(())
    }
}

/// Visibility of the messages of the own queue.
pub struct SqsVisibility {
    client: OnDemand<Client>,
    url: String,
}

/// SQS hides a message for 12 hours at most.
const MAX_VISIBILITY: Duration = Duration::from_secs(12 * 3600);

impl SqsVisibility {
    pub fn new(client: impl Into<OnDemand<Client>>, url: String) -> Self {
        Self {
            client: client.into(),
            url,
        }
    }
}

#[async_trait]
impl Visibility for SqsVisibility {
    async fn retry_after(&self, receipt: &str, delay: Duration) -> Result<(), PortError> {
        self.client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .visibility_timeout(whole_seconds(delay, MAX_VISIBILITY))
            .send()
            .await
            .map_err(fault("ChangeMessageVisibility"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_of_an_agent_follows_from_its_name() {
        let urls = QueueUrls {
            agents: "https://sqs.example/1/aegis-dev-{agent}-dispatch".to_owned(),
            approval: "https://sqs.example/1/aegis-dev-approval".to_owned(),
        };
        let agent = "deep-writer".parse().unwrap();
        let url = urls.of(Destination::Agent(&agent));
        assert_eq!(url, "https://sqs.example/1/aegis-dev-deep-writer-dispatch");
        assert_eq!(urls.of(Destination::Approval), urls.approval);
    }
}
