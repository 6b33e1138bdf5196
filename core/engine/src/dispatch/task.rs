//! What an agent is told of its attempt.

use std::time::Duration;

use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::agent::{AgentTask, ArtifactTarget, CallbackTarget};
use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::command::StepCommand;
use aegis_workflow::{Workflow, inputs_of};

use super::{Dispatcher, attempt_of};
use crate::error::PortError;
use crate::stored::StoredRequest;
use crate::token::Claim;
use crate::trace;

/// A token outlives its attempt by this, so that a late report is told `superseded`, not `unauthenticated`.
const TOKEN_GRACE: Duration = Duration::from_secs(24 * 3600);

impl Dispatcher {
    pub(super) async fn task(
        &self,
        workflow: &Workflow,
        request: &StoredRequest,
        step: &StepCommand,
    ) -> Result<AgentTask, PortError> {
        let limits = workflow.limits(&self.engine.rules, &step.step);
        let deadline_at = self.engine.clock.now().plus(limits.timeout);
        let flow = &workflow.flow.flow;
        let claim = Claim {
            workflow_id: workflow.id.clone(),
            flow: flow.clone(),
            of: attempt_of(step),
        };
        let writes = workflow
            .flow
            .step(&step.step)
            .map(|step| step.writes.clone());
        let token = self
            .keys
            .keys()
            .await?
            .sign(&claim, deadline_at.plus(TOKEN_GRACE))
            .map_err(|error| PortError::Permanent(error.to_string()))?;
        let base = self.callback_api_url.trim_end_matches('/');
        let url = format!("{base}/callbacks/{}", workflow.id);
        Ok(AgentTask {
            schema_version: SCHEMA_VERSION,
            workflow_id: workflow.id.clone(),
            flow: flow.clone(),
            step: step.step.clone(),
            attempt: step.attempt,
            revision: step.revision,
            topic: request.topic.clone(),
            parameters: request.parameters.clone(),
            writes: writes.unwrap_or_default(),
            feedback: workflow.change_requests(),
            inputs: inputs_of(workflow, &step.step, &url),
            output_prefix: attempt_prefix(flow, &workflow.id, &step.step, step.attempt),
            artifacts: ArtifactTarget {
                url: format!("{url}/artifacts"),
            },
            callback: CallbackTarget { url, token },
            deadline_at,
            heartbeat_seconds: limits.heartbeat.as_secs(),
            budget_remaining: workflow.budget_remaining(self.engine.clock.now()),
            traceparent: trace::current(),
        })
    }
}
