//! Cancel and redrive.

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::request::{CancelBody, RedriveBody};
use aegis_contracts::view::Status;
use aegis_engine::api::{Answer, ApiRequest, not_found, problem_of};
use aegis_engine::apply::{Applied, Outcome};
use aegis_engine::artifacts::completed;
use aegis_engine::body;
use aegis_engine::error::PortError;
use aegis_workflow::{Input, Redrive, Workflow};

use crate::Intake;

impl Intake {
    pub(crate) async fn cancel(&self, request: &ApiRequest, principal: &str) -> Answer {
        let id = request.workflow_id()?;
        let wanted: CancelBody = body::read_or_default(request)?;
        let input = Input::Cancel {
            by: principal.to_owned(),
            reason: wanted.reason,
        };
        self.change(&id, input).await
    }

    pub(crate) async fn redrive(&self, request: &ApiRequest, principal: &str) -> Answer {
        let id = request.workflow_id()?;
        let wanted: RedriveBody = body::read_or_default(request)?;
        let by = principal.to_owned();
        let turn = self.redrive_claimed(&id, by, wanted.version).await;
        self.changed(&id, turn)
    }

    async fn change(&self, id: &WorkflowId, input: Input) -> Answer {
        let turn = self.engine.apply(id, input).await;
        self.changed(id, turn)
    }

    fn changed(&self, id: &WorkflowId, turn: Result<Applied, PortError>) -> Answer {
        let turn = turn.map_err(|error| problem_of(&error))?;
        self.engine
            .report_undelivered(id, turn.undelivered.map_or(Ok(()), Err));
        match turn.outcome {
            Outcome::Applied(workflow) | Outcome::Duplicate(workflow) => {
                Ok(self.accepted(&workflow))
            }
            Outcome::Stale { detail, .. } => Err(Box::new(Problem::new(Code::Stale, detail))),
            Outcome::Illegal { illegal, .. } => {
                Err(Box::new(Problem::new(illegal.code, illegal.detail)))
            }
            Outcome::NotFound => Err(Box::new(not_found(id.as_str()))),
        }
    }

    /// What the attempts that failed or were stopped have completed all the same is not done again. Without a version:
    /// the present failure, or the one that was redriven already.
    ///
    /// # Errors
    /// Of the table or the bucket.
    pub(crate) async fn redrive_claimed(
        &self,
        id: &WorkflowId,
        by: String,
        version: Option<u64>,
    ) -> Result<Applied, PortError> {
        let Some(workflow) = self.engine.load(id).await? else {
            return Ok(Applied::not_found());
        };
        let version = version.unwrap_or_else(|| failed_version(&workflow));
        let mut found = Vec::new();
        for of in workflow.stopped() {
            found.extend(completed(self.artifacts.as_ref(), &workflow, of).await?);
        }
        let redrive = Redrive { by, version, found };
        self.engine
            .apply_to(workflow, Input::Redrive(redrive))
            .await
    }

    /// # Errors
    /// Of the table.
    pub(crate) async fn cancel_claimed(
        &self,
        id: &WorkflowId,
        by: String,
        reason: Option<String>,
    ) -> Result<Applied, PortError> {
        self.engine.apply(id, Input::Cancel { by, reason }).await
    }
}

/// The present failure, or the one that was redriven already.
fn failed_version(workflow: &Workflow) -> u64 {
    let failed = workflow.status() == Status::Failed;
    let redriven = workflow.redriven_from.filter(|_| !failed);
    redriven.unwrap_or(workflow.version)
}
