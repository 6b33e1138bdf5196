//! The events of other systems that intake owns: `WorkflowRequested`, `CancelRequested` and `RedriveRequested`.

use aegis_contracts::external::{BusEvent, CancelRequested, RedriveRequested, WorkflowRequested};
use aegis_contracts::problem::Problem;
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
                "RedriveRequested" => self.redrive_requested(message, &event).await,
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
        let claimed_by = event.claimed_by();
        let opened = self.open(&claimed_by, &wanted.idempotency_key, &wanted.request);
        match opened.await {
            Ok(Err(problem)) => Disposition::DeadLetter(in_words(&problem)),
            Ok(Ok(Opened::New(workflow))) => {
                tracing::info!(workflow_id = %workflow.id, source = event.source, "workflow started by an event");
                Disposition::Ack
            }
            Ok(Ok(Opened::Again(_))) => Disposition::Ack,
            Ok(Ok(Opened::Conflict)) => Disposition::DeadLetter(
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

    async fn redrive_requested(&self, message: &Received, event: &BusEvent) -> Disposition {
        let wanted: RedriveRequested = match detail(event) {
            Ok(wanted) => wanted,
            Err(reason) => return Disposition::DeadLetter(reason),
        };
        let by = event.claimed_by();
        let redriven = self.redrive_claimed(&wanted.workflow_id, by, wanted.redrive.version);
        match redriven.await {
            Ok(turn) => disposition_of_turn(message, &turn),
            Err(error) => disposition_of_error(message, &error),
        }
    }
}

/// With every field that is wrong: a dead letter has nothing but its reason.
fn in_words(problem: &Problem) -> String {
    let errors = problem.errors.iter();
    let errors: Vec<String> = errors
        .map(|error| format!("{}: {}", error.field, error.reason))
        .collect();
    let reasons = if errors.is_empty() {
        problem.detail.clone()
    } else {
        errors.join("; ")
    };
    format!("{}: {reasons}", problem.code)
}
