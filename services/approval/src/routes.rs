//! The routes of the API that approval serves.

use aegis_contracts::approval::DecisionRequest;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::text;
use aegis_engine::api::{
    Answer, ApiHandler, ApiRequest, ApiResponse, Authorization, no_such_route, not_found,
    problem_of,
};
use aegis_engine::apply::Outcome;
use aegis_engine::body;
use aegis_workflow::{Input, Vote, Workflow, approval_view_of};
use async_trait::async_trait;

use crate::Approval;

#[async_trait]
impl ApiHandler for Approval {
    async fn respond(&self, request: &ApiRequest) -> ApiResponse {
        match request.route.as_str() {
            // Whoever has the link may: its token is checked instead of a caller.
            "GET /approval-links/{token}" => self.show_link(request).await,
            "POST /approval-links/{token}" => self.decide_by_link(request).await,
            _ => self.answer(request).await.unwrap_or_else(ApiResponse::from),
        }
    }
}

impl Approval {
    async fn answer(&self, request: &ApiRequest) -> Answer {
        let now = self.engine.clock.now();
        // Before anything else of the request is looked at.
        let by = |demanded: &Authorization| {
            let caller = demanded.principal(&request.caller, now)?;
            request.check_form(&[])?;
            Ok::<_, Box<Problem>>(caller)
        };
        match request.route.as_str() {
            "GET /workflows/{id}/review" => {
                let proven = |demanded: &Authorization| demanded.principal(&request.caller, now);
                // Whoever may decide may see what on.
                proven(&self.readers)
                    .or_else(|refused| proven(&self.authorization).map_err(|_| refused))?;
                request.check_form(&["revision"])?;
                self.review(request).await
            }
            "POST /approve/{id}" => self.approve(request, by(&self.authorization)?).await,
            "POST /workflows/{id}/approval-links" => {
                self.make_link(request, by(&self.operators)?).await
            }
            other => Err(Box::new(no_such_route(other))),
        }
    }

    async fn approve(&self, request: &ApiRequest, principal: String) -> Answer {
        let id = request.workflow_id()?;
        let wanted: DecisionRequest = body::read(request)?;
        let approver = self.approver(principal, wanted.approver)?;
        // Missing: the first, where the flow has one approval only.
        let revision = wanted.revision.unwrap_or_default();
        let vote = Vote {
            approver,
            proven: self.authorization != Authorization::None,
            claimed_by: None,
            decision: wanted.decision,
            comment: wanted.comment,
            changes: wanted.changes,
            revision: wanted.revision,
        };
        let workflow = self.decide(&id, vote).await?;
        // Another may wait by now: what was decided on is answered with.
        Ok(match approval_view_of(&workflow, revision) {
            Some(view) => ApiResponse::json(200, &view),
            None => Problem::new(Code::NotAwaitingApproval, "nothing waits for a decision").into(),
        })
    }

    /// The workflow as it is once the decision counts, now or since before.
    pub(crate) async fn decide(
        &self,
        id: &WorkflowId,
        vote: Vote,
    ) -> Result<Workflow, Box<Problem>> {
        self.findings_are_there(id, &vote).await?;
        let turn = self
            .engine
            .apply(id, Input::Decide(vote))
            .await
            .map_err(|error| problem_of(&error))?;
        self.engine
            .report_undelivered(id, turn.undelivered.map_or(Ok(()), Err));
        match turn.outcome {
            Outcome::Applied(workflow) | Outcome::Duplicate(workflow) => Ok(workflow),
            Outcome::Stale {
                detail,
                current_revision,
                ..
            } => {
                let mut problem = Problem::new(Code::StaleRevision, detail);
                problem.current_revision = current_revision;
                Err(Box::new(problem))
            }
            Outcome::Illegal { illegal, .. } => {
                Err(Box::new(Problem::new(illegal.code, illegal.detail)))
            }
            Outcome::NotFound => Err(Box::new(not_found(id.as_str()))),
        }
    }

    /// Where callers are known, nobody decides in another's name.
    fn approver(&self, principal: String, claimed: Option<String>) -> Result<String, Box<Problem>> {
        match (&self.authorization, claimed) {
            (Authorization::None, Some(name)) => Ok(text::name(&name)),
            (Authorization::None | Authorization::Iam | Authorization::Jwt(_), None) => {
                Ok(principal)
            }
            (Authorization::Iam | Authorization::Jwt(_), Some(name))
                if text::name(&name) == principal =>
            {
                Ok(principal)
            }
            (Authorization::Iam | Authorization::Jwt(_), Some(_)) => {
                let detail = format!(
                    "`approver` may not be set here: you decide as `{}`",
                    text::visible_line(&principal)
                );
                Err(Box::new(Problem::new(Code::ApproverNotAllowed, detail)))
            }
        }
    }
}
