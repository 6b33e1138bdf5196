//! From an SQS batch to one handler call per message.
//!
//! Who acknowledges what: a message that is not in the answer is deleted by Lambda. One that is in it
//! stays in the queue and comes back when its visibility timeout ends. A message for the dead-letter
//! queue is put there first and deleted after; if putting fails, it stays.

use std::sync::Arc;
use std::time::Duration;

use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, Incoming, QueueHandler, Received, backoff};
use aegis_engine::ports::DeadLetters;
use async_trait::async_trait;
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::future::join_all;
use tracing::Instrument;

use crate::telemetry::continue_from;

/// When a message of the own queue is handed out again.
#[async_trait]
pub trait Visibility: Send + Sync {
    /// # Errors
    /// Of the queue. The message then comes back after the queue's own visibility timeout.
    async fn retry_after(&self, receipt: &str, delay: Duration) -> Result<(), PortError>;
}

pub struct QueueConsumer {
    pub handler: Arc<dyn QueueHandler>,
    pub dead_letters: Arc<dyn DeadLetters>,
    pub visibility: Arc<dyn Visibility>,
    /// Name of the service, for its spans.
    pub service: &'static str,
}

impl QueueConsumer {
    pub(super) async fn consume(&self, event: SqsEvent) -> SqsBatchResponse {
        let outcomes = join_all(event.records.into_iter().map(|record| self.one(record))).await;
        let failed = outcomes.into_iter().flatten().map(|id| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failure
        });
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = failed.collect();
        response
    }

    /// `Some(message id)` if the message must stay in the queue.
    async fn one(&self, record: SqsMessage) -> Option<String> {
        let receipt = record.receipt_handle.clone().unwrap_or_default();
        let message = received(record);
        let span = span_of(self.service, &message);
        async {
            match self.handler.handle(&message).await {
                Disposition::Ack => None,
                Disposition::RetryAfter(delay) => {
                    self.hide(&receipt, delay).await;
                    Some(message.message_id.clone())
                }
                Disposition::DeadLetter(reason) => {
                    self.set_aside(&message, &receipt, &reason).await
                }
            }
        }
        .instrument(span)
        .await
    }

    async fn set_aside(&self, message: &Received, receipt: &str, reason: &str) -> Option<String> {
        match self.dead_letters.set_aside(&message.body, reason).await {
            Ok(()) => {
                tracing::error!(
                    reason,
                    message_id = message.message_id,
                    "message moved to the dead-letter queue"
                );
                None
            }
            Err(error) => {
                tracing::error!(reason, %error, "message cannot be moved to the dead-letter queue; it stays");
                self.hide(receipt, backoff(message)).await;
                Some(message.message_id.clone())
            }
        }
    }

    async fn hide(&self, receipt: &str, delay: Duration) {
        if let Err(error) = self.visibility.retry_after(receipt, delay).await {
            tracing::warn!(%error, "visibility unchanged; the message comes back after the queue's own timeout");
        }
    }
}

fn received(record: SqsMessage) -> Received {
    let count = record
        .attributes
        .get("ApproximateReceiveCount")
        .and_then(|count| count.parse().ok());
    Received {
        message_id: record.message_id.unwrap_or_default(),
        body: record.body.unwrap_or_default(),
        receive_count: count.unwrap_or(1),
    }
}

/// A span in the trace that the message belongs to, with the workflow in every log line below it.
fn span_of(service: &'static str, message: &Received) -> tracing::Span {
    let incoming = Incoming::parse(&message.body).ok();
    let (workflow_id, kind) = match &incoming {
        Some(Incoming::Command(command)) => (
            Some(command.workflow_id.to_string()),
            format!("{:?}", command.body.destination()),
        ),
        Some(Incoming::External(event)) => {
            let id = event
                .detail
                .get("workflow_id")
                .and_then(serde_json::Value::as_str)
                .map(str::to_owned);
            (id, event.detail_type.clone())
        }
        None => (None, "unreadable".to_owned()),
    };
    let span = tracing::info_span!(
        "message",
        otel.name = %format!("{service} {kind}"),
        otel.kind = "consumer",
        service,
        workflow_id,
        message_id = message.message_id,
    );
    continue_from(&span, incoming.as_ref().and_then(Incoming::traceparent));
    span
}
