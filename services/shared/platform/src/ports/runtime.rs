//! Agent sessions on Bedrock AgentCore.

use std::collections::BTreeMap;

use aegis_contracts::agent::{AgentTask, InvocationAnswer, Role};
use aegis_engine::error::PortError;
use aegis_engine::ports::AgentRuntime;
use aegis_engine::stored::encode;
use async_trait::async_trait;
use aws_sdk_bedrockagentcore::Client;
use aws_sdk_bedrockagentcore::operation::stop_runtime_session::StopRuntimeSessionError;
use aws_smithy_types::Blob;

use super::fault::fault;

/// The runtime of each agent that this service may start.
#[derive(Debug, Clone)]
pub struct AgentArns(pub BTreeMap<Role, String>);

pub struct AgentCoreRuntime {
    client: Client,
    arns: AgentArns,
}

impl AgentCoreRuntime {
    pub fn new(client: Client, arns: AgentArns) -> Self {
        Self { client, arns }
    }

    fn arn(&self, role: Role) -> Result<&str, PortError> {
        let arn = self.arns.0.get(&role).map(String::as_str);
        arn.ok_or_else(|| PortError::Permanent(format!("no runtime is configured for the {role}")))
    }
}

#[async_trait]
impl AgentRuntime for AgentCoreRuntime {
    async fn invoke(
        &self,
        role: Role,
        session: &str,
        task: &AgentTask,
    ) -> Result<InvocationAnswer, PortError> {
        let answer = self
            .client
            .invoke_agent_runtime()
            .agent_runtime_arn(self.arn(role)?)
            .runtime_session_id(session)
            .content_type("application/json")
            .accept("application/json")
            .set_trace_parent(task.traceparent.clone())
            .payload(Blob::new(encode(task)?))
            .send()
            .await
            .map_err(fault("InvokeAgentRuntime"))?;
        let bytes = answer
            .response
            .collect()
            .await
            .map_err(|error| PortError::Transient(format!("InvokeAgentRuntime: {error}")))?
            .into_bytes();
        serde_json::from_slice(&bytes).map_err(|error| {
            let text: String = String::from_utf8_lossy(&bytes).chars().take(200).collect();
            PortError::Permanent(format!("the {role} answered `{text}`: {error}"))
        })
    }

    async fn stop(&self, role: Role, session: &str) -> Result<(), PortError> {
        let sent = self
            .client
            .stop_runtime_session()
            .agent_runtime_arn(self.arn(role)?)
            .runtime_session_id(session)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(StopRuntimeSessionError::ResourceNotFoundException(_))
                ) =>
            {
                Ok(())
            }
            Err(error) => Err(fault("StopRuntimeSession")(error)),
        }
    }
}
