//! What an agent is told of its attempt.

use std::time::Duration;

use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::agent::{AgentTask, ArtifactTarget, CallbackTarget};
use aegis_contracts::artifact::attempt_prefix;
use aegis_workflow::{Work, Workflow, gaps_of, inputs_of};

use super::Dispatcher;
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
        work: &Work,
    ) -> Result<AgentTask, PortError> {
        let of = &work.of;
        let limits = workflow.limits(&self.engine.rules, &of.step);
        let deadline_at = self.engine.clock.now().plus(limits.timeout);
        let flow = &workflow.flow.flow;
        let claim = Claim {
            workflow_id: workflow.id.clone(),
            flow: flow.clone(),
            of: of.clone(),
        };
        let writes = workflow.flow.step(&of.step).map(|step| step.writes.clone());
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
            step: of.step.clone(),
            branch: of.branch,
            attempt: of.attempt,
            revision: work.revision,
            topic: request.topic.clone(),
            parameters: request.parameters.clone(),
            writes: writes.unwrap_or_default(),
            max_items: workflow.flow.max_items(&of.step),
            feedback: workflow.change_requests(),
            inputs: inputs_of(workflow, &of.step, of.branch, &url),
            gaps: gaps_of(workflow, &of.step),
            output_prefix: attempt_prefix(flow, &workflow.id, of),
            artifacts: ArtifactTarget {
                url: format!("{url}/artifacts"),
            },
            callback: CallbackTarget { url, token },
            deadline_at,
            heartbeat_seconds: limits.heartbeat.as_secs(),
            budget_remaining: workflow.budget_remaining(work, self.engine.clock.now()),
            traceparent: trace::current(),
        })
    }
}
