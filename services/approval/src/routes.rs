//! `POST /approve/{id}`.

use aegis_contracts::approval::DecisionRequest;
use aegis_contracts::problem::Problem;
use aegis_engine::api::{
    ApiHandler, ApiRequest, ApiResponse, Authorization, not_found, problem_of,
};
use aegis_engine::body;
use aegis_engine::turn::Outcome;
use aegis_workflow::{Input, Workflow, approval_view};
use async_trait::async_trait;

use crate::Approval;

#[async_trait]
impl ApiHandler for Approval {
    async fn respond(&self, request: &ApiRequest) -> ApiResponse {
        self.answer(request).await.unwrap_or_else(ApiResponse::from)
    }
}

impl Approval {
    async fn answer(&self, request: &ApiRequest) -> Result<ApiResponse, Box<Problem>> {
        let now = self.engine.clock.now();
        let principal = self.authorization.principal(&request.caller, now)?;
        let id = request.workflow_id()?;
        let wanted: DecisionRequest = body::read(request)?;
        let approver = self.approver(principal, wanted.approver)?;
        let input = Input::Decide {
            approver,
            claimed_by: None,
            decision: wanted.decision,
            comment: wanted.comment,
            revision: wanted.revision.unwrap_or(0),
        };
        let turn = self
            .engine
            .apply(&id, input)
            .await
            .map_err(|error| problem_of(&error))?;
        self.engine
            .report_undelivered(&id, turn.undelivered.map_or(Ok(()), Err));
        match turn.outcome {
            Outcome::Applied(workflow) | Outcome::Duplicate(workflow) => Ok(approval(&workflow)),
            Outcome::Stale {
                detail,
                current_revision,
                ..
            } => {
                let mut problem = Problem::new(409, "stale_revision", detail);
                problem.current_revision = current_revision;
                Err(Box::new(problem))
            }
            Outcome::Illegal { illegal, .. } => {
                let status = if illegal.code == "not_an_approver" {
                    403
                } else {
                    409
                };
                Err(Box::new(Problem::new(status, illegal.code, illegal.detail)))
            }
            Outcome::NotFound => Err(Box::new(not_found(id.as_str()))),
        }
    }

    /// Where callers are known, nobody decides in another's name.
    fn approver(&self, principal: String, claimed: Option<String>) -> Result<String, Box<Problem>> {
        match (&self.authorization, claimed) {
            (Authorization::None, Some(name)) => Ok(name),
            (Authorization::None | Authorization::Iam | Authorization::Jwt(_), None) => {
                Ok(principal)
            }
            (Authorization::Iam | Authorization::Jwt(_), Some(name)) if name == principal => {
                Ok(principal)
            }
            (Authorization::Iam | Authorization::Jwt(_), Some(_)) => {
                let detail = format!("`approver` may not be set here: you decide as `{principal}`");
                Err(Box::new(Problem::new(400, "approver_not_allowed", detail)))
            }
        }
    }
}

fn approval(workflow: &Workflow) -> ApiResponse {
    match approval_view(workflow) {
        Some(view) => ApiResponse::json(200, &view),
        None => Problem::new(409, "not_awaiting_approval", "nothing waits for a decision").into(),
    }
}
