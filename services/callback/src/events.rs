//! `StepReported`: the same report, over the bus.

use aegis_contracts::external::{BusEvent, StepReported};
use aegis_engine::message::{
    Disposition, Incoming, QueueHandler, Received, detail, disposition_of_error,
    disposition_of_turn,
};
use async_trait::async_trait;
use serde_json::Value;

use crate::Callback;

#[async_trait]
impl QueueHandler for Callback {
    async fn handle(&self, message: &Received) -> Disposition {
        match Incoming::parse(&message.body) {
            Ok(Incoming::External(event)) if event.detail_type == "StepReported" => {
                self.reported(message, &event).await
            }
            Ok(Incoming::External(event)) => Disposition::DeadLetter(format!(
                "misrouted: {} is not for callback",
                event.detail_type
            )),
            Ok(Incoming::Command(_)) => {
                Disposition::DeadLetter("misrouted: callback takes no commands".to_owned())
            }
            Err(reason) => Disposition::DeadLetter(reason),
        }
    }
}

impl Callback {
    async fn reported(&self, message: &Received, event: &BusEvent) -> Disposition {
        let text = |name: &str| event.detail.get(name).and_then(Value::as_str);
        let (id, token) = (text("workflow_id"), text("token"));
        // Before anything else of the event is looked at.
        let judged = self
            .keys
            .open(token.unwrap_or_default(), id.unwrap_or_default());
        let claim = match judged.await {
            Ok(Ok(claim)) => claim,
            Ok(Err(refused)) => return Disposition::DeadLetter(format!("refused: {refused}")),
            Err(error) => return disposition_of_error(message, &error),
        };
        let reported: StepReported = match detail(event) {
            Ok(reported) => reported,
            Err(reason) => return Disposition::DeadLetter(reason),
        };
        match self.take(&claim, reported.report).await {
            Ok(Ok(turn)) => disposition_of_turn(message, &turn),
            Ok(Err(refused)) => Disposition::DeadLetter(format!("refused: {refused}")),
            Err(error) => disposition_of_error(message, &error),
        }
    }
}
