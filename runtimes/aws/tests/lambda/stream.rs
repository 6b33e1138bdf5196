//! DynamoDB stream records.

use std::sync::{Arc, Mutex};

use aegis_aws::lambda::Service;
use aegis_engine::error::PortError;
use aegis_engine::stream::{StreamHandler, StreamRecord};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::event;

struct Listener(Mutex<Vec<StreamRecord>>, Result<(), PortError>);

#[async_trait]
impl StreamHandler for Listener {
    async fn relay(&self, records: &[StreamRecord]) -> Result<(), PortError> {
        self.0.lock().unwrap().extend_from_slice(records);
        self.1.clone()
    }
}

fn service(outcome: Result<(), PortError>) -> (Arc<Listener>, Service) {
    let listener = Arc::new(Listener(Mutex::default(), outcome));
    let service = Service {
        stream: Some(listener.clone()),
        ..Service::default()
    };
    (listener, service)
}

#[tokio::test]
async fn records_arrive_in_order_with_their_body_or_none() {
    let (listener, service) = service(Ok(()));
    assert_eq!(service.answer(event("stream")).await.unwrap(), Value::Null);
    let records = listener.0.lock().unwrap().clone();
    let bodies: Vec<_> = records
        .iter()
        .map(|record| record.body.as_deref())
        .collect();
    assert_eq!(bodies, [Some("{\"version\":1}"), None, None]);
    // What would be set aside tells which record it was.
    let raw: Value = serde_json::from_str(&records[1].raw).unwrap();
    assert_eq!(raw["sk"], json!({"S": "EVT#0000000002"}));
}

#[tokio::test]
async fn an_error_fails_the_batch() {
    let (_, service) = service(Err(PortError::Transient("bus away".to_owned())));
    let error = service.answer(event("stream")).await.unwrap_err();
    assert_eq!(error.to_string(), "transient: bus away");
}
