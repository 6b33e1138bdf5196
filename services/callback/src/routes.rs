//! `POST /callbacks/{id}`.

use aegis_contracts::callback::{AgentReport, CallbackAnswer};
use aegis_contracts::problem::{Code, Problem};
use aegis_engine::api::{Answer, ApiHandler, ApiRequest, ApiResponse, not_found, problem_of};
use aegis_engine::apply::Outcome;
use aegis_engine::attempt::{answered, invalid_token, proven};
use aegis_engine::body;
use async_trait::async_trait;

use crate::Callback;
use crate::report::Refused;

#[async_trait]
impl ApiHandler for Callback {
    async fn respond(&self, request: &ApiRequest) -> ApiResponse {
        answered(self.answer(request).await)
    }
}

impl Callback {
    async fn answer(&self, request: &ApiRequest) -> Answer {
        let claim = proven(&self.keys, request).await?;
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
                tracing::info!(of = %claim.of, detail, "stale report refused");
                Err(Box::new(Problem::new(Code::Superseded, detail)))
            }
            Outcome::Illegal { illegal, .. } => {
                Err(Box::new(Problem::new(illegal.code, illegal.detail)))
            }
            Outcome::NotFound => Err(Box::new(not_found(id.as_str()))),
        }
    }
}

fn refusal(refused: Refused) -> Box<Problem> {
    Box::new(match refused {
        Refused::Token(error) => invalid_token(&error),
        Refused::Artifacts(detail) => Problem::new(Code::ArtifactMismatch, detail),
    })
}
