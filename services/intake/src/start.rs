//! Opening a workflow.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_contracts::flow::{ApprovalStep, DEFAULT_FLOW, Name};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::problem::{Code, FieldError, Problem};
use aegis_contracts::request::{ApprovalOptions, BUILTIN_SOURCE, StartRequest};
use aegis_engine::apply::Opened;
use aegis_engine::error::PortError;
use aegis_engine::stored::StoredRequest;
use aegis_workflow::{ApprovalPolicy, Pinned, Start};
use garde::Validate;
use serde_json::Value;

use crate::Intake;

/// Seconds in an hour.
const HOUR: f64 = 3600.0;

/// What a request that its flow takes is started with.
struct Fitting {
    flow: Pinned,
    policies: BTreeMap<Name, ApprovalPolicy>,
}

impl Intake {
    /// Opens the workflow that `principal` asks for under `key`, once. A request that was taken before is taken again,
    /// whatever a deployment made of its flow since. The inner error says why the flow does not take it.
    ///
    /// # Errors
    /// Of the table.
    pub async fn open(
        &self,
        principal: &str,
        key: &str,
        request: &StartRequest,
    ) -> Result<Result<Opened, Box<Problem>>, PortError> {
        let id = WorkflowId::derive(principal, key);
        // The default is the same request as its name.
        let flow = match &request.flow {
            Some(flow) => flow.clone(),
            None => DEFAULT_FLOW
                .parse()
                .map_err(|reason| PortError::Permanent(format!("`{DEFAULT_FLOW}` {reason}")))?,
        };
        let named = StartRequest {
            flow: Some(flow),
            ..request.clone()
        };
        let stored = StoredRequest::new(&named, principal)?;
        let fitting = match self.fit(request) {
            Ok(fitting) => fitting,
            Err(problem) => {
                let before = self.engine.opened_before(&id, &stored).await?;
                let again = before.filter(|before| matches!(before, Opened::Again(_)));
                return Ok(again.ok_or(problem));
            }
        };
        let begin = Start {
            id,
            flow: fitting.flow,
            topic: request.topic.clone(),
            requested_by: principal.to_owned(),
            policies: fitting.policies,
            budget: request.budget,
        };
        self.engine.open(stored, begin).await.map(Ok)
    }

    /// What cannot be seen from a request's form alone: whether its flow is known and takes what it says, and whether
    /// its sources are ones that agents may read.
    ///
    /// # Errors
    /// Naming each field that does not fit.
    fn fit(&self, request: &StartRequest) -> Result<Fitting, Box<Problem>> {
        let wanted = request.flow.as_ref().map_or(DEFAULT_FLOW, Name::as_str);
        let mut flows = self.engine.flows.all();
        let Some(flow) = flows.find(|flow| flow.flow.as_str() == wanted) else {
            let known = self.engine.flows.all().map(|flow| flow.flow.as_str());
            let known: Vec<&str> = known.collect();
            let detail = format!(
                "there is no flow `{wanted}` here; known: {}",
                known.join(", ")
            );
            return Err(Box::new(Problem::new(Code::UnknownFlow, detail)));
        };
        let mut errors = flow.parameters.faults(&request.parameters);
        let unknown = request.approvals.keys().filter(|name| {
            let mut approvals = flow.approvals();
            !approvals.any(|asked| asked.approval.as_str() == name.as_str())
        });
        errors.extend(unknown.map(|name| FieldError {
            field: format!("approvals.{name}"),
            reason: format!("the flow `{wanted}` has no approval of this name"),
        }));
        let mut policies = BTreeMap::new();
        for asked in flow.approvals() {
            let options = options(request, asked);
            match options.validate() {
                Ok(()) => {
                    policies.insert(asked.approval.clone(), self.policy(&options));
                }
                Err(report) => errors.extend(report.iter().map(|(path, error)| {
                    let path = path.to_string();
                    // What several settings say together has no place of its own.
                    let separator = if path.is_empty() { "" } else { "." };
                    FieldError {
                        field: format!("approvals.{}{separator}{path}", asked.approval),
                        reason: error.to_string(),
                    }
                })),
            }
        }
        if !errors.is_empty() {
            let detail = format!("the flow `{wanted}` does not take this request: see `errors`");
            let problem = Problem::new(Code::UnfitForFlow, detail);
            return Err(Box::new(problem.with_errors(errors)));
        }
        self.check_sources(request)?;
        Ok(Fitting {
            flow: flow.clone(),
            policies,
        })
    }

    fn check_sources(&self, request: &StartRequest) -> Result<(), Box<Problem>> {
        let allowed = format!("s3://{}/sources/", self.bucket);
        let may_be_read = |source: &str| {
            let leaves = source.split('/').any(|part| part == "..");
            source == BUILTIN_SOURCE || source.starts_with(&allowed) && !leaves
        };
        let sources = request.parameters.get("sources").and_then(Value::as_array);
        let sources = sources.map(Vec::as_slice).unwrap_or_default();
        let errors: Vec<FieldError> = sources
            .iter()
            .enumerate()
            .filter_map(|(index, source)| Some((index, source.as_str()?)))
            .filter(|(_, source)| !may_be_read(source))
            .map(|(index, _)| FieldError {
                field: format!("parameters.sources[{index}]"),
                reason: format!("must be `{BUILTIN_SOURCE}` or begin with {allowed}"),
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
        let usual = ApprovalPolicy::default();
        ApprovalPolicy {
            required: options.required.unwrap_or(usual.required),
            approvers: options.approvers.clone(),
            timeout_seconds: timeout.as_secs().max(1),
            on_timeout: options.on_timeout.unwrap_or_default(),
            escalate_to: options.escalate_to.clone(),
            max_revisions: options.max_revisions.unwrap_or(usual.max_revisions),
        }
    }
}

/// What holds for one approval: what the request says of it, then what it says of all, then what the flow says.
fn options(request: &StartRequest, asked: &ApprovalStep) -> ApprovalOptions {
    let own = request.approvals.get(asked.approval.as_str()).cloned();
    let of_all = request.approval.clone().over(&asked.policy);
    own.unwrap_or_default().over(&of_all).with_plain_names()
}
