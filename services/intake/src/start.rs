//! Opening a workflow.

use std::time::Duration;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::problem::{Code, FieldError, Problem};
use aegis_contracts::request::{ApprovalOptions, BUILTIN_SOURCE, StartRequest};
use aegis_engine::apply::Opened;
use aegis_engine::error::PortError;
use aegis_engine::stored::StoredRequest;
use aegis_workflow::{ApprovalPolicy, Start};

use crate::Intake;

/// Seconds in an hour.
const HOUR: f64 = 3600.0;

impl Intake {
    /// Opens the workflow that `principal` asks for under `key`, once.
    ///
    /// # Errors
    /// Of the table.
    pub async fn open(
        &self,
        principal: &str,
        key: &str,
        request: &StartRequest,
    ) -> Result<Opened, PortError> {
        let request = &StartRequest {
            approval: request.approval.clone().with_plain_names(),
            ..request.clone()
        };
        let begin = Start {
            id: WorkflowId::derive(principal, key),
            topic: request.topic.clone(),
            requested_by: principal.to_owned(),
            policy: self.policy(&request.approval),
            budget: request.budget,
        };
        self.engine
            .open(StoredRequest::new(request, principal)?, begin)
            .await
    }

    /// What cannot be seen from a request's form alone: whether its sources are ones that agents may read.
    ///
    /// # Errors
    /// 400, naming each source that is not allowed.
    pub fn check_sources(&self, request: &StartRequest) -> Result<(), Box<Problem>> {
        let allowed = |source: &str| {
            source == BUILTIN_SOURCE
                || self
                    .allowed_sources
                    .iter()
                    .any(|prefix| source.starts_with(prefix.as_str()))
        };
        let errors: Vec<FieldError> = request
            .parameters
            .sources
            .iter()
            .enumerate()
            .filter(|(_, source)| !allowed(source))
            .map(|(index, _)| FieldError {
                field: format!("parameters.sources[{index}]"),
                reason: format!(
                    "must be `{BUILTIN_SOURCE}` or begin with {}",
                    self.allowed_sources.join(" or ")
                ),
            })
            .collect();
        if errors.is_empty() {
            return Ok(());
        }
        let detail = "a source lies outside of what agents may read";
        Err(Box::new(
            Problem::new(Code::SourceNotAllowed, detail).with_errors(errors),
        ))
    }

    fn policy(&self, options: &ApprovalOptions) -> ApprovalPolicy {
        let timeout = options
            .timeout_hours
            .map_or(self.approval_timeout, |hours| {
                Duration::from_secs_f64(hours * HOUR)
            });
        ApprovalPolicy {
            required: options.required,
            approvers: options.approvers.clone(),
            timeout_seconds: timeout.as_secs().max(1),
            on_timeout: options.on_timeout,
            escalate_to: options.escalate_to.clone(),
            max_revisions: options.max_revisions,
        }
    }
}
