//! Start-up of a service, and the loop over its events.

use std::sync::Arc;

use aegis_engine::api::ApiHandler;
use aegis_engine::schedule::ScheduleHandler;
use aegis_engine::stream::StreamHandler;
use aws_lambda_events::dynamodb::Event as StreamEvent;
use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;

use super::gateway;
use super::queue::QueueConsumer;
use super::stream;
use crate::telemetry::{self, Telemetry};

/// What one function answers to. Absent parts refuse their events.
#[derive(Default, Clone)]
pub struct Service {
    pub api: Option<Arc<dyn ApiHandler>>,
    pub queue: Option<Arc<QueueConsumer>>,
    pub stream: Option<Arc<dyn StreamHandler>>,
    pub schedule: Option<Arc<dyn ScheduleHandler>>,
}

/// Runs a service until Lambda ends it: telemetry, then `build` (configuration and clients), then events.
///
/// # Errors
/// If telemetry or configuration fails; Lambda reports it as a failed start.
pub async fn start<F, B>(name: &'static str, build: B) -> anyhow::Result<()>
where
    B: FnOnce() -> F,
    F: Future<Output = anyhow::Result<Service>>,
{
    let telemetry = telemetry::init(name)?;
    let service = match build().await {
        Ok(service) => service,
        Err(error) => {
            tracing::error!(%error, "start-up failed");
            return Err(error);
        }
    };
    let handler = service_fn(|event: LambdaEvent<Value>| {
        let (service, telemetry) = (service.clone(), telemetry.clone());
        async move { handle(&service, &telemetry, event.payload).await }
    });
    lambda_runtime::run(handler)
        .await
        .map_err(anyhow::Error::from_boxed)
}

impl Service {
    /// The answer to one of Lambda's events, whose shape tells what it is.
    ///
    /// # Errors
    /// If the event is none that this function takes, or should be handed out again.
    pub async fn answer(&self, event: Value) -> Result<Value, Error> {
        let source = event
            .pointer("/Records/0/eventSource")
            .and_then(Value::as_str)
            .map(str::to_owned);
        if event.pointer("/requestContext/http").is_some() {
            let api = self.api.as_ref().ok_or("this function serves no API")?;
            return to_value(&gateway::respond(api.as_ref(), event).await?);
        }
        match source.as_deref() {
            Some("aws:sqs") => {
                let queue = self.queue.as_ref().ok_or("this function reads no queue")?;
                let event: SqsEvent = serde_json::from_value(event)?;
                to_value(&queue.consume(event).await)
            }
            Some("aws:dynamodb") => {
                let stream = self
                    .stream
                    .as_ref()
                    .ok_or("this function reads no stream")?;
                let event: StreamEvent = serde_json::from_value(event)?;
                stream::relay(stream.as_ref(), event).await?;
                Ok(Value::Null)
            }
            Some(_) | None => {
                let schedule = self
                    .schedule
                    .as_ref()
                    .ok_or("this event is none that this function takes")?;
                schedule.tick().await?;
                Ok(Value::Null)
            }
        }
    }
}

async fn handle(service: &Service, telemetry: &Telemetry, event: Value) -> Result<Value, Error> {
    let answer = service.answer(event).await;
    telemetry.flush().await;
    answer
}

fn to_value<T: Serialize>(answer: &T) -> Result<Value, Error> {
    Ok(serde_json::to_value(answer)?)
}
