//! The shape of an event tells what it is for.

use std::sync::Arc;

use aegis_aws::lambda::Service;
use aegis_engine::error::PortError;
use aegis_engine::schedule::ScheduleHandler;
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::event;

struct Tick(Result<(), PortError>);

#[async_trait]
impl ScheduleHandler for Tick {
    async fn tick(&self) -> Result<(), PortError> {
        self.0.clone()
    }
}

fn clockwork(outcome: Result<(), PortError>) -> Service {
    Service {
        schedule: Some(Arc::new(Tick(outcome))),
        ..Service::default()
    }
}

#[tokio::test]
async fn the_schedule_ticks() {
    let answer = clockwork(Ok(())).answer(event("schedule")).await;
    assert_eq!(answer.unwrap(), Value::Null);
    let fault = PortError::Throttled("slow down".to_owned());
    let failed = clockwork(Err(fault)).answer(event("schedule")).await;
    assert_eq!(failed.unwrap_err().to_string(), "throttled: slow down");
}

#[tokio::test]
async fn events_for_somebody_else_are_errors() {
    for (name, reason) in [
        ("api-iam", "serves no API"),
        ("sqs", "reads no queue"),
        ("stream", "reads no stream"),
    ] {
        let error = clockwork(Ok(())).answer(event(name)).await.unwrap_err();
        assert!(error.to_string().contains(reason), "{name}: {error}");
    }
    for nonsense in [
        json!({}),
        json!(null),
        json!({"Records": []}),
        event("schedule"),
    ] {
        let error = Service::default().answer(nonsense).await.unwrap_err();
        assert!(error.to_string().contains("none that this function takes"));
    }
}
