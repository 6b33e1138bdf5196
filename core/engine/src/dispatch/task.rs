//! What an agent is told of its attempt.

use std::time::Duration;

use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::agent::{AgentTask, CallbackTarget, Role};
use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::command::StepCommand;
use aegis_workflow::{Workflow, artifact_refs};

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
        step: StepCommand,
    ) -> Result<AgentTask, PortError> {
        let deadline_at = self.engine.clock.now().plus(self.engine.rules.step_timeout);
        let claim = Claim {
            workflow_id: workflow.id.clone(),
            role: self.role,
            attempt: step.attempt,
        };
        let token = self
            .keys
            .keys()
            .await?
            .sign(&claim, deadline_at.plus(TOKEN_GRACE))
            .map_err(|error| PortError::Permanent(error.to_string()))?;
        let base = self.callback_api_url.trim_end_matches('/');
        Ok(AgentTask {
            schema_version: SCHEMA_VERSION,
            workflow_id: workflow.id.clone(),
            role: self.role,
            attempt: step.attempt,
            revision: step.revision,
            topic: request.topic.clone(),
            parameters: request.parameters.clone(),
            change_requests: workflow.change_requests(),
            inputs: self.inputs(workflow),
            output_prefix: attempt_prefix(&workflow.id, self.role, step.attempt),
            callback: CallbackTarget {
                url: format!("{base}/callbacks/{}", workflow.id),
                token,
            },
            deadline_at,
            heartbeat_seconds: self.engine.rules.heartbeat_timeout.as_secs(),
            budget_remaining: workflow.budget_remaining(self.engine.clock.now()),
            traceparent: trace::current(),
        })
    }

    /// What the earlier roles produced, and what this one did for an earlier revision: its change request is about that.
    fn inputs(&self, workflow: &Workflow) -> Vec<ArtifactRef> {
        let earlier = Role::ALL.into_iter().filter(|role| *role <= self.role);
        let names: Vec<&str> = earlier.map(Role::artifact_name).collect();
        artifact_refs(workflow)
            .into_iter()
            .filter(|artifact| names.contains(&artifact.name.as_str()))
            .collect()
    }
}
