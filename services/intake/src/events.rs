//! The events of other systems that intake owns: `WorkflowRequested` and `CancelRequested`.

use aegis_contracts::external::{BusEvent, CancelRequested, WorkflowRequested};
use aegis_engine::apply::Opened;
use aegis_engine::message::{
    Disposition, Incoming, QueueHandler, Received, detail, disposition_of_error,
    disposition_of_turn,
};
use async_trait::async_trait;

use crate::Intake;

#[async_trait]
impl QueueHandler for Intake {
    async fn handle(&self, message: &Received) -> Disposition {
        match Incoming::parse(&message.body) {
            Ok(Incoming::External(event)) => match event.detail_type.as_str() {
                "WorkflowRequested" => self.requested(message, &event).await,
                "CancelRequested" => self.cancel_requested(message, &event).await,
                other => Disposition::DeadLetter(format!("misrouted: {other} is not for intake")),
            },
            Ok(Incoming::Command(_)) => {
                Disposition::DeadLetter("misrouted: intake takes no commands".to_owned())
            }
            Err(reason) => Disposition::DeadLetter(reason),
        }
    }
}

impl Intake {
    async fn requested(&self, message: &Received, event: &BusEvent) -> Disposition {
        let wanted: WorkflowRequested = match detail(event) {
            Ok(wanted) => wanted,
            Err(reason) => return Disposition::DeadLetter(reason),
        };
        if let Err(problem) = self.check_sources(&wanted.request) {
            return Disposition::DeadLetter(format!("{}: {}", problem.code, problem.detail));
        }
        match self
            .open(
                &event.claimed_by(),
                &wanted.idempotency_key,
                &wanted.request,
            )
            .await
        {
            Ok(Opened::New(workflow)) => {
                tracing::info!(workflow_id = %workflow.id, source = event.source, "workflow started by an event");
                Disposition::Ack
            }
            Ok(Opened::Again(_)) => Disposition::Ack,
            Ok(Opened::Conflict) => Disposition::DeadLetter(
                "idempotency_conflict: this idempotency_key was used for another request"
                    .to_owned(),
            ),
            Err(error) => disposition_of_error(message, &error),
        }
    }

    async fn cancel_requested(&self, message: &Received, event: &BusEvent) -> Disposition {
        let wanted: CancelRequested = match detail(event) {
            Ok(wanted) => wanted,
            Err(reason) => return Disposition::DeadLetter(reason),
        };
        match self
            .cancel_claimed(
                &wanted.workflow_id,
                event.claimed_by(),
                wanted.cancel.reason,
            )
            .await
        {
            Ok(turn) => disposition_of_turn(message, &turn),
            Err(error) => disposition_of_error(message, &error),
        }
    }
}
