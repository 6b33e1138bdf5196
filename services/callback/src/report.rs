//! One report, however it arrived.

use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::callback::AgentReport;
use aegis_engine::apply::Applied;
use aegis_engine::artifacts::mismatch;
use aegis_engine::error::PortError;
use aegis_engine::token::{Claim, TokenError};
use aegis_workflow::{Heartbeat, Input, StepFailure, Success};

use crate::Callback;

/// Why a report was not even shown to the workflow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{0}")]
    Token(#[from] TokenError),
    #[error("{0}")]
    Artifacts(String),
}

impl Callback {
    /// The report of an attempt whose token was judged.
    ///
    /// # Errors
    /// Of a port; the inner error is the reporter's.
    pub async fn take(
        &self,
        claim: &Claim,
        report: AgentReport,
    ) -> Result<Result<Applied, Refused>, PortError> {
        let id = &claim.workflow_id;
        if report.of() != claim.of {
            return Ok(Err(Refused::Token(TokenError::Forged)));
        }
        let AgentReport::Succeeded { artifacts, .. } = &report else {
            return self.engine.apply(id, input_of(report)).await.map(Ok);
        };
        let prefix = attempt_prefix(&claim.flow, id, &claim.of);
        // Neither look needs the other's answer, and an agent waits for both.
        let (mismatch, loaded) = futures::join!(
            mismatch(self.artifacts.as_ref(), &prefix, artifacts),
            self.engine.load(id),
        );
        if let Some(detail) = mismatch? {
            return Ok(Err(Refused::Artifacts(detail)));
        }
        match loaded? {
            Some(workflow) => self.engine.apply_to(workflow, input_of(report)).await,
            None => Ok(Applied::not_found()),
        }
        .map(Ok)
    }
}

fn input_of(report: AgentReport) -> Input {
    let of = report.of();
    match report {
        AgentReport::Progress {
            message,
            percent,
            usage,
            ..
        } => Input::Progress(Heartbeat {
            of,
            message,
            percent,
            usage,
        }),
        AgentReport::Succeeded {
            summary,
            artifacts,
            items,
            usage,
            ..
        } => Input::StepSucceeded(Success {
            of,
            summary,
            artifacts,
            items,
            usage,
        }),
        AgentReport::Failed { error, usage, .. } => {
            let why = StepFailure {
                code: error.code,
                message: error.message,
                transient: error.retryable,
                usage,
            };
            Input::StepFailed(of, why)
        }
    }
}
