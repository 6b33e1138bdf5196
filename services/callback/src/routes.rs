//! `POST /callbacks/{id}`.

use aegis_contracts::callback::{AgentReport, CallbackAnswer};
use aegis_contracts::problem::{Code, Problem};
use aegis_engine::api::{Answer, ApiHandler, ApiRequest, ApiResponse, not_found, problem_of};
use aegis_engine::apply::Outcome;
use aegis_engine::body;
use aegis_engine::token::Claim;
use async_trait::async_trait;

use crate::Callback;
use crate::report::Refused;

#[async_trait]
impl ApiHandler for Callback {
    async fn respond(&self, request: &ApiRequest) -> ApiResponse {
        match self.answer(request).await {
            Ok(response) => response,
            Err(problem) if problem.status == 401 => {
                ApiResponse::from(problem).with_header("www-authenticate", "Bearer".to_owned())
            }
            Err(problem) => problem.into(),
        }
    }
}

impl Callback {
    async fn answer(&self, request: &ApiRequest) -> Answer {
        let claim = self.proven(request).await?;
        let id = &claim.workflow_id;
        request.check_form(&[])?;
        let report: AgentReport = body::read(request)?;
        let taken = self
            .take(&claim, report)
            .await
            .map_err(|error| problem_of(&error))?;
        let turn = taken.map_err(refusal)?;
        self.engine
            .report_undelivered(id, turn.undelivered.map_or(Ok(()), Err));
        match turn.outcome {
            Outcome::Applied(_) => Ok(ApiResponse::json(200, &CallbackAnswer { accepted: true })),
            Outcome::Duplicate(_) => {
                Ok(ApiResponse::json(200, &CallbackAnswer { accepted: false }))
            }
            Outcome::Stale { detail, .. } => {
                let (step, attempt) = (&claim.of.step, claim.of.attempt);
                tracing::info!(%step, attempt, detail, "stale report refused");
                Err(Box::new(Problem::new(Code::Superseded, detail)))
            }
            Outcome::Illegal { illegal, .. } => {
                Err(Box::new(Problem::new(illegal.code, illegal.detail)))
            }
            Outcome::NotFound => Err(Box::new(not_found(id.as_str()))),
        }
    }
}

impl Callback {
    /// Before anything else of the request is looked at.
    async fn proven(&self, request: &ApiRequest) -> Result<Claim, Box<Problem>> {
        let token = bearer(request)?;
        let id = request.path.get("id").map_or("", String::as_str);
        let judged = self.judge(id, token).await;
        judged
            .map_err(|error| problem_of(&error))?
            .map_err(|error| refusal(Refused::Token(error)))
    }
}

fn bearer(request: &ApiRequest) -> Result<&str, Box<Problem>> {
    let header = request.header("authorization").unwrap_or_default();
    match header.split_once(' ') {
        Some((scheme, token))
            if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() =>
        {
            Ok(token.trim())
        }
        Some(_) | None => {
            let detail = "a callback needs `Authorization: Bearer <the task's token>`";
            Err(Box::new(Problem::new(Code::Unauthenticated, detail)))
        }
    }
}

fn refusal(refused: Refused) -> Box<Problem> {
    Box::new(match refused {
        Refused::Token(error) => Problem::new(Code::InvalidToken, error.to_string()),
        Refused::Artifacts(detail) => Problem::new(Code::ArtifactMismatch, detail),
    })
}
