//! SQS batches: what is deleted, what stays, what is moved.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_aws::lambda::{QueueConsumer, Service, Visibility};
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_testkit::harness::NOW;
use aegis_testkit::memory::MemoryPorts;
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::event;

const FIRST: &str = "059f36b4-87a3-44ab-83d2-661975830a7d";
const SECOND: &str = "2e1424d4-f796-459a-8184-9c92662be6da";

/// Answers by the message's body.
struct Scripted(BTreeMap<&'static str, Disposition>, Mutex<Vec<Received>>);

#[async_trait]
impl QueueHandler for Scripted {
    async fn handle(&self, message: &Received) -> Disposition {
        self.1.lock().unwrap().push(message.clone());
        self.0[message.body.as_str()].clone()
    }
}

#[derive(Default)]
struct Hidden {
    calls: Mutex<Vec<(String, Duration)>>,
    broken: bool,
}

#[async_trait]
impl Visibility for Hidden {
    async fn retry_after(&self, receipt: &str, delay: Duration) -> Result<(), PortError> {
        if self.broken {
            return Err(PortError::Transient("away".to_owned()));
        }
        self.calls.lock().unwrap().push((receipt.to_owned(), delay));
        Ok(())
    }
}

struct Stage {
    ports: MemoryPorts,
    handler: Arc<Scripted>,
    hidden: Arc<Hidden>,
    service: Service,
}

fn stage(first: Disposition, second: Disposition) -> Stage {
    staged(first, second, Hidden::default())
}

fn staged(first: Disposition, second: Disposition, hidden: Hidden) -> Stage {
    let ports = MemoryPorts::at(NOW);
    let script = BTreeMap::from([("first", first), ("second", second)]);
    let handler = Arc::new(Scripted(script, Mutex::default()));
    let hidden = Arc::new(hidden);
    let consumer = QueueConsumer {
        handler: handler.clone(),
        dead_letters: ports.dead_letters.clone(),
        visibility: hidden.clone(),
        service: "intake",
    };
    let service = Service {
        queue: Some(Arc::new(consumer)),
        ..Service::default()
    };
    Stage {
        ports,
        handler,
        hidden,
        service,
    }
}

impl Stage {
    /// Ids of the messages that stay in the queue.
    async fn stay(&self) -> Vec<Value> {
        let answer = self.service.answer(event("sqs")).await.unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap();
        failures
            .iter()
            .map(|failure| failure["itemIdentifier"].clone())
            .collect()
    }
}

const FIVE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn messages_arrive_with_id_and_receive_count() {
    let stage = stage(Disposition::Ack, Disposition::Ack);
    assert_eq!(stage.stay().await, Vec::<Value>::new());
    let seen = stage.handler.1.lock().unwrap().clone();
    let facts = |message: &Received| (message.message_id.clone(), message.receive_count);
    let facts: Vec<_> = seen.iter().map(facts).collect();
    assert_eq!(facts, [(FIRST.to_owned(), 1), (SECOND.to_owned(), 4)]);
    assert!(stage.hidden.calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_to_be_retried_stays_hidden_for_a_while() {
    let stage = stage(Disposition::RetryAfter(FIVE), Disposition::Ack);
    assert_eq!(stage.stay().await, [FIRST]);
    assert_eq!(
        *stage.hidden.calls.lock().unwrap(),
        [("receipt-1".to_owned(), FIVE)]
    );
    assert_eq!(stage.ports.dead_letters.all(), []);
}

#[tokio::test]
async fn it_stays_even_if_it_cannot_be_hidden() {
    let broken = Hidden {
        broken: true,
        ..Hidden::default()
    };
    let stage = staged(Disposition::Ack, Disposition::RetryAfter(FIVE), broken);
    assert_eq!(stage.stay().await, [SECOND]);
}

#[tokio::test]
async fn what_is_hopeless_is_moved_with_its_reason() {
    let dead = Disposition::DeadLetter("not JSON".to_owned());
    let stage = stage(dead, Disposition::Ack);
    assert_eq!(stage.stay().await, Vec::<Value>::new());
    let letter = ("first".to_owned(), "not JSON".to_owned());
    assert_eq!(stage.ports.dead_letters.all(), [letter]);
}

#[tokio::test]
async fn what_cannot_be_moved_stays() {
    let dead = Disposition::DeadLetter("not JSON".to_owned());
    let stage = stage(Disposition::Ack, dead);
    let fault = PortError::Transient("queue away".to_owned());
    stage.ports.faults.fail_next("set_aside", fault);
    assert_eq!(stage.stay().await, [SECOND]);
    let calls = stage.hidden.calls.lock().unwrap().clone();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].0, "receipt-2");
    assert!(calls[0].1 > Duration::ZERO);
}

#[tokio::test]
async fn a_message_without_attributes_is_a_first_delivery() {
    let stage = stage(Disposition::Ack, Disposition::Ack);
    let mut event = event("sqs");
    event["Records"][0]["attributes"] = json!({});
    stage.service.answer(event).await.unwrap();
    assert_eq!(stage.handler.1.lock().unwrap()[0].receive_count, 1);
}
