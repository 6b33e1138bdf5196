//! Cancel and redrive.

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::request::{CancelBody, RedriveBody};
use aegis_contracts::view::Status;
use aegis_engine::api::{Answer, ApiRequest, not_found, problem_of};
use aegis_engine::apply::{Applied, Outcome};
use aegis_engine::body;
use aegis_engine::error::PortError;
use aegis_workflow::{Input, Workflow};

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
        let version = match wanted.version {
            Some(version) => version,
            None => self.failed_version(&id).await?,
        };
        self.change(
            &id,
            Input::Redrive {
                by: principal.to_owned(),
                version,
            },
        )
        .await
    }

    /// The failure that a redrive without a version means: the present one, or the one that was redriven already.
    async fn failed_version(&self, id: &WorkflowId) -> Result<u64, Box<Problem>> {
        let found = self.engine.load(id).await;
        let found = found.map_err(|error| problem_of(&error))?;
        let workflow = found.ok_or_else(|| not_found(id.as_str()))?;
        Ok(failed_version(&workflow))
    }

    async fn change(&self, id: &WorkflowId, input: Input) -> Answer {
        let turn = self
            .engine
            .apply(id, input)
            .await
            .map_err(|error| problem_of(&error))?;
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

    /// # Errors
    /// Of the table.
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
        let input = Input::Redrive { by, version };
        self.engine.apply_to(workflow, input).await
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
