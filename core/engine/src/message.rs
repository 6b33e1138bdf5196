//! What arrives from a queue, and what becomes of it.

use std::time::Duration;

use aegis_contracts::envelope::CommandEnvelope;
use aegis_contracts::external::BusEvent;
use aegis_workflow::{RESEND_FLOOR, spread};
use async_trait::async_trait;
use garde::Validate;
use serde::de::DeserializeOwned;

use crate::apply::{Applied, Outcome};
use crate::error::PortError;

/// One message of an SQS queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub message_id: String,
    pub body: String,
    /// From 1: how often the queue has handed it out.
    pub receive_count: u32,
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposition {
    /// Its effect is written, or it has none. Delete it.
    Ack,
    /// Hand it out again after this time. Counts as a receive: too many lead to the dead-letter queue.
    RetryAfter(Duration),
    /// It will never work. Move it to the dead-letter queue, with the reason.
    DeadLetter(String),
}

#[async_trait]
pub trait QueueHandler: Send + Sync {
    async fn handle(&self, message: &Received) -> Disposition;
}

/// The two kinds of message that a queue of ours carries.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    Command(CommandEnvelope),
    External(BusEvent),
}

impl Incoming {
    /// # Errors
    /// Why the body is neither. The text goes to the dead-letter queue with the message.
    pub fn parse(body: &str) -> Result<Self, String> {
        let body = body.strip_prefix('\u{feff}').unwrap_or(body);
        let value: serde_json::Value =
            serde_json::from_str(body).map_err(|error| format!("not JSON: {error}"))?;
        if value.get("detail-type").is_some() {
            return read(value)
                .map(Self::External)
                .map_err(|reason| format!("not an event of the bus: {reason}"));
        }
        read(value)
            .map(Self::Command)
            .map_err(|reason| format!("not a command: {reason}"))
    }

    /// The trace that the message belongs to. External systems may set one in `detail`.
    pub fn traceparent(&self) -> Option<&str> {
        match self {
            Self::Command(command) => command.traceparent.as_deref(),
            Self::External(event) => event
                .detail
                .get("traceparent")
                .and_then(serde_json::Value::as_str),
        }
    }
}

fn read<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| error.to_string())
}

/// Reads and validates the `detail` of an external event.
///
/// # Errors
/// Which field is wrong, and why.
pub fn detail<T: DeserializeOwned + Validate<Context = ()>>(event: &BusEvent) -> Result<T, String> {
    let detail: T = read(event.detail.clone())
        .map_err(|reason| format!("invalid {}: {reason}", event.detail_type))?;
    detail.validate().map_err(|report| {
        let reasons: Vec<String> = report
            .iter()
            .map(|(path, error)| format!("{path}: {error}"))
            .collect();
        format!("invalid {}: {}", event.detail_type, reasons.join("; "))
    })?;
    Ok(detail)
}

/// Full jitter: anywhere up to an exponentially growing bound, so that retries of many messages spread out. Which
/// message it is and how often it came say where: the same delivery waits the same time whenever a run is replayed.
pub fn backoff(message: &Received) -> Duration {
    const FIRST: u64 = 2;
    const LONGEST: u64 = 300;
    let bound = FIRST
        .saturating_mul(2u64.saturating_pow(message.receive_count.min(16)))
        .min(LONGEST);
    let count = message.receive_count.to_be_bytes();
    let delivery = [b"backoff".as_slice(), message.message_id.as_bytes(), &count];
    spread::up_to(Duration::from_secs(bound), &delivery)
}

/// For what names a workflow that does not exist.
pub fn unknown_workflow() -> Disposition {
    Disposition::DeadLetter("unknown_workflow: there is no such workflow".to_owned())
}

/// What becomes of a message whose handling failed at a port.
pub fn disposition_of_error(message: &Received, error: &PortError) -> Disposition {
    match error {
        PortError::Permanent(what) => Disposition::DeadLetter(what.clone()),
        PortError::Transient(_) | PortError::Throttled(_) => {
            tracing::warn!(%error, receive_count = message.receive_count, "message will be tried again");
            Disposition::RetryAfter(backoff(message))
        }
    }
}

/// What becomes of a message after its turn.
///
/// Stale and duplicate ones are acknowledged: the world went on without them. A command that could not be sent
/// brings the message back; the redelivery finds the command owed and sends it.
pub fn disposition_of_turn(message: &Received, turn: &Applied) -> Disposition {
    if let Some(error) = &turn.undelivered {
        return match disposition_of_error(message, error) {
            // Sooner than this the redelivery would not send it.
            Disposition::RetryAfter(delay) => Disposition::RetryAfter(RESEND_FLOOR + delay),
            other => other,
        };
    }
    match &turn.outcome {
        Outcome::Applied(_) | Outcome::Duplicate(_) => Disposition::Ack,
        Outcome::Stale {
            detail, workflow, ..
        } => {
            tracing::info!(workflow_id = %workflow.id, detail, "stale message acknowledged");
            Disposition::Ack
        }
        Outcome::Illegal { illegal, .. } => Disposition::DeadLetter(illegal.to_string()),
        Outcome::NotFound => unknown_workflow(),
    }
}
