//! A rule on the stack's bus with a queue behind it.

use std::time::{Duration, Instant};

use aegis_contracts::EVENT_SOURCE;
use aegis_contracts::envelope::EventEnvelope;
use aegis_contracts::external::BusEvent;
use aegis_contracts::ids::WorkflowId;
use aegis_testkit::contract::messages::Subscriber;
use async_trait::async_trait;
use aws_sdk_eventbridge::types::Target;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;

use crate::stack::Stack;

/// Events pass two services of the stack before they are here.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Subscription {
    events: aws_sdk_eventbridge::Client,
    queues: aws_sdk_sqs::Client,
    bus: String,
    rule: String,
    url: String,
}

impl Subscription {
    pub async fn create(stack: &Stack) -> Self {
        let queues = aws_sdk_sqs::Client::new(&stack.config);
        let events = aws_sdk_eventbridge::Client::new(&stack.config);
        let (bus, rule) = (
            stack.output("event_bus_name"),
            format!("contract-{}", uuid::Uuid::new_v4()),
        );
        let made = queues.create_queue().queue_name(&rule).send().await;
        let url = made.unwrap().queue_url.unwrap();
        let asked = queues.get_queue_attributes().queue_url(&url);
        let asked = asked.attribute_names(QueueAttributeName::QueueArn).send();
        let arn = asked.await.unwrap().attributes.unwrap()[&QueueAttributeName::QueueArn].clone();
        let pattern = json!({"source": [EVENT_SOURCE]}).to_string();
        let put = events.put_rule().name(&rule).event_bus_name(&bus);
        put.event_pattern(pattern).send().await.unwrap();
        let target = Target::builder().id("queue").arn(arn).build().unwrap();
        let put = events.put_targets().rule(&rule).event_bus_name(&bus);
        put.targets(target).send().await.unwrap();
        Self {
            events,
            queues,
            bus,
            rule,
            url,
        }
    }

    pub async fn delete(self) {
        let (rule, bus) = (&self.rule, &self.bus);
        let remove = self.events.remove_targets().rule(rule).ids("queue");
        remove.event_bus_name(bus).send().await.unwrap();
        let delete = self.events.delete_rule().name(rule);
        delete.event_bus_name(bus).send().await.unwrap();
        let delete = self.queues.delete_queue().queue_url(&self.url);
        delete.send().await.unwrap();
    }
}

#[async_trait]
impl Subscriber for Subscription {
    async fn events(&self, id: &WorkflowId, count: usize) -> Vec<EventEnvelope> {
        let began = Instant::now();
        let mut arrived = Vec::new();
        while arrived.len() < count && began.elapsed() < PATIENCE {
            let receive = self.queues.receive_message().queue_url(&self.url);
            let receive = receive.max_number_of_messages(10).wait_time_seconds(1);
            for message in receive.send().await.unwrap().messages.unwrap_or_default() {
                let event: BusEvent = serde_json::from_str(message.body().unwrap()).unwrap();
                let envelope: EventEnvelope = serde_json::from_value(event.detail).unwrap();
                arrived.extend((envelope.workflow_id == *id).then_some(envelope));
            }
        }
        arrived
    }
}
