//! Agent sessions on Bedrock AgentCore.

use aegis_contracts::agent::{AgentTask, InvocationAnswer};
use aegis_contracts::flow::Name;
use aegis_engine::error::PortError;
use aegis_engine::ports::AgentRuntime;
use aegis_engine::stored::encode;
use async_trait::async_trait;
use aws_sdk_bedrockagentcore::Client;
use aws_sdk_bedrockagentcore::error::SdkError;
use aws_sdk_bedrockagentcore::operation::invoke_agent_runtime::InvokeAgentRuntimeError;
use aws_sdk_bedrockagentcore::operation::stop_runtime_session::StopRuntimeSessionError;
use aws_smithy_types::Blob;

use super::fault::{described, fault};

const INVOKE: &str = "InvokeAgentRuntime";
const STOP: &str = "StopRuntimeSession";

/// What AWS wants to be told in two parts: the runtime's ARN, and the endpoint's name where one is meant.
/// <https://docs.aws.amazon.com/bedrock-agentcore/latest/APIReference/API_InvokeAgentRuntime.html>
fn runtime_and_qualifier(arn: &str) -> (&str, Option<String>) {
    match arn.split_once("/runtime-endpoint/") {
        Some((runtime, endpoint)) => (runtime, Some(endpoint.to_owned())),
        None => (arn, None),
    }
}

/// The runtime of the one agent that this process starts.
pub struct AgentCoreRuntime {
    client: Client,
    agent: Name,
    /// Of the runtime, or of an endpoint of it, which stays with one version of the runtime until it is moved on.
    arn: String,
}

impl AgentCoreRuntime {
    pub fn new(client: Client, agent: Name, arn: String) -> Self {
        Self { client, agent, arn }
    }

    fn arn(&self, agent: &Name) -> Result<&str, PortError> {
        if *agent == self.agent {
            return Ok(&self.arn);
        }
        let what = format!("no runtime is configured for the agent `{agent}`");
        Err(PortError::Permanent(what))
    }
}

type Kind = fn(String) -> PortError;

/// A runtime that is not there, or not to be spoken to, is not hopeless as an item that is not there: it is being created
/// or replaced, or an operator mends its name or our rights while the command is sent again.
fn not_invoked<R: std::fmt::Debug + 'static>(
    error: SdkError<InvokeAgentRuntimeError, R>,
) -> PortError {
    use InvokeAgentRuntimeError as E;
    let kind: Kind = match error.as_service_error() {
        Some(E::RuntimeClientError(refusal)) => {
            return answered_by_the_agent(refusal.message(), described(INVOKE, &error));
        }
        Some(E::ValidationException(_)) => PortError::Permanent,
        Some(E::ThrottlingException(_) | E::ServiceQuotaExceededException(_)) => {
            PortError::Throttled
        }
        Some(
            E::AccessDeniedException(_)
            | E::ResourceNotFoundException(_)
            | E::RetryableConflictException(_)
            | E::InternalServerException(_),
        ) => PortError::Transient,
        Some(_) | None => return fault(INVOKE)(error),
    };
    kind(described(INVOKE, &error))
}

/// `RuntimeClientError` is what AWS says of a container that did not start in time as well as of one that answered with
/// an error. Only the text tells: `Received error (400) from runtime. Please check your CloudWatch logs …`. It has the
/// agent's status and nothing of its answer. A text without a status is not for good.
fn answered_by_the_agent(message: Option<&str>, what: String) -> PortError {
    let status = message
        .and_then(|text| text.split_once("Received error ("))
        .and_then(|(_, rest)| rest.split_once(')'))
        .and_then(|(status, _)| status.parse::<u16>().ok());
    match status {
        Some(status) => PortError::of_an_agent(status, what),
        None => PortError::Transient(what),
    }
}

/// `None`: the session has ended already. Nothing depends on a stop, so what needs an operator is not tried again.
fn not_stopped<R: std::fmt::Debug + 'static>(
    error: SdkError<StopRuntimeSessionError, R>,
) -> Option<PortError> {
    use StopRuntimeSessionError as E;
    let kind: Kind = match error.as_service_error() {
        Some(E::ResourceNotFoundException(_)) => return None,
        Some(
            E::AccessDeniedException(_) | E::UnauthorizedException(_) | E::ValidationException(_),
        ) => PortError::Permanent,
        Some(E::ThrottlingException(_) | E::ServiceQuotaExceededException(_)) => {
            PortError::Throttled
        }
        Some(
            E::ConflictException(_)
            | E::RetryableConflictException(_)
            | E::InternalServerException(_)
            | E::RuntimeClientError(_),
        ) => PortError::Transient,
        Some(_) | None => return Some(fault(STOP)(error)),
    };
    Some(kind(described(STOP, &error)))
}

#[async_trait]
impl AgentRuntime for AgentCoreRuntime {
    async fn invoke(
        &self,
        agent: &Name,
        session: &str,
        task: &AgentTask,
    ) -> Result<InvocationAnswer, PortError> {
        let (runtime, qualifier) = runtime_and_qualifier(self.arn(agent)?);
        let answer = self
            .client
            .invoke_agent_runtime()
            .agent_runtime_arn(runtime)
            .set_qualifier(qualifier)
            .runtime_session_id(session)
            .content_type("application/json")
            .accept("application/json")
            .set_trace_parent(task.traceparent.clone())
            .payload(Blob::new(encode(task)?))
            .send()
            .await
            .map_err(not_invoked)?;
        let bytes = answer
            .response
            .collect()
            .await
            .map_err(|error| PortError::Transient(format!("{INVOKE}: {error}")))?
            .into_bytes();
        serde_json::from_slice(&bytes).map_err(|error| {
            let text: String = String::from_utf8_lossy(&bytes).chars().take(200).collect();
            PortError::Permanent(format!("the agent `{agent}` answered `{text}`: {error}"))
        })
    }

    async fn stop(&self, agent: &Name, session: &str) -> Result<(), PortError> {
        let (runtime, qualifier) = runtime_and_qualifier(self.arn(agent)?);
        let sent = self
            .client
            .stop_runtime_session()
            .agent_runtime_arn(runtime)
            .set_qualifier(qualifier)
            .runtime_session_id(session)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => not_stopped(error).map_or(Ok(()), Err),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::connection::{Connection, Keys};
    use aegis_engine::ports::AgentRuntime;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Answers every request with `status` and an error of type `kind`, as AWS does.
    async fn answering(status: u16, kind: &'static str, message: &'static str) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 16 * 1024];
                let _ = stream.read(&mut request).await;
                let body = serde_json::json!({ "message": message }).to_string();
                let head = format!(
                    "HTTP/1.1 {status} X\r\nx-amzn-errortype: {kind}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            }
        });
        url
    }

    #[test]
    fn an_endpoint_is_told_apart_from_its_runtime() {
        const RUNTIME: &str = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/writer-a1";
        assert_eq!(runtime_and_qualifier(RUNTIME), (RUNTIME, None));
        let endpoint = format!("{RUNTIME}/runtime-endpoint/live");
        assert_eq!(
            runtime_and_qualifier(&endpoint),
            (RUNTIME, Some("live".to_owned()))
        );
    }

    const SESSION: &str = "a-session-of-at-least-33-characters";

    fn writer() -> Name {
        "writer".parse().unwrap()
    }

    async fn runtime_at(url: String) -> AgentCoreRuntime {
        let connection = Connection {
            region: Some("us-east-1".to_owned()),
            endpoint_url: Some(url),
            keys: Some(Keys {
                access_key_id: "id".to_owned(),
                secret_access_key: "secret".to_owned(),
            }),
        };
        let config = connection.load().await.into_builder();
        let once = aws_config::retry::RetryConfig::disabled();
        let client = Client::new(&config.retry_config(once).build());
        let arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/x".to_owned();
        AgentCoreRuntime::new(client, writer(), arn)
    }

    /// One process starts one agent: a task for another must not reach it.
    #[tokio::test]
    async fn the_runtime_of_one_agent_starts_no_other() {
        let runtime = runtime_at("http://127.0.0.1:1".to_owned()).await;
        let other = "deep-writer".parse().unwrap();
        let stopped = runtime.stop(&other, SESSION).await;
        let told = "no runtime is configured for the agent `deep-writer`".to_owned();
        assert_eq!(stopped, Err(PortError::Permanent(told)));
    }

    async fn invoked_at(url: String) -> PortError {
        let golden = include_str!("../../../../contracts/golden/v1/agent-task.json");
        let task: AgentTask = serde_json::from_str(golden).unwrap();
        let runtime = runtime_at(url).await;
        let invoked = runtime.invoke(&writer(), SESSION, &task).await;
        invoked.unwrap_err()
    }

    /// <https://docs.aws.amazon.com/bedrock-agentcore/latest/APIReference/API_InvokeAgentRuntime.html>
    #[tokio::test]
    async fn every_documented_error_of_an_invocation_is_of_its_kind() {
        let transient: Kind = PortError::Transient;
        for (status, kind, expected) in [
            (429, "ThrottlingException", PortError::Throttled as Kind),
            (402, "ServiceQuotaExceededException", PortError::Throttled),
            (424, "RuntimeClientError", transient),
            (404, "ResourceNotFoundException", transient),
            (409, "RetryableConflictException", transient),
            (403, "AccessDeniedException", transient),
            (500, "InternalServerException", transient),
            (503, "ServiceUnavailableException", transient),
            (400, "ValidationException", PortError::Permanent),
        ] {
            let error = invoked_at(answering(status, kind, "because").await).await;
            let text = format!("InvokeAgentRuntime: {kind}: because");
            assert_eq!(error, expected(text));
        }
        let nobody = invoked_at("http://127.0.0.1:9".to_owned()).await;
        assert!(matches!(nobody, PortError::Transient(_)), "{nobody}");
    }

    #[tokio::test]
    async fn the_status_of_the_agents_own_answer_decides() {
        const WRONG: &str = "Received error (400) from runtime. Please check your CloudWatch logs for more information.";
        let error = invoked_at(answering(424, "RuntimeClientError", WRONG).await).await;
        let text = format!("InvokeAgentRuntime: RuntimeClientError: {WRONG}");
        assert_eq!(error, PortError::Permanent(text));
        let kind_of = |status: &str| {
            let message =
                format!("Received error ({status}) from runtime. Please check your logs.");
            answered_by_the_agent(Some(&message), String::new())
        };
        let text = String::new;
        for wrong in ["401", "403", "404", "405", "413", "415", "422"] {
            assert_eq!(kind_of(wrong), PortError::Permanent(text()), "{wrong}");
        }
        for not_now in [
            "408", "409", "424", "425", "500", "502", "503", "504", "x", "",
        ] {
            assert_eq!(kind_of(not_now), PortError::Transient(text()), "{not_now}");
        }
        assert_eq!(kind_of("429"), PortError::Throttled(text()));
        for not_started in [
            "Runtime initialization time exceeded. Please make sure that initialization completes in 120s.",
            "Runtime health check failed or timed out.",
        ] {
            let told = answered_by_the_agent(Some(not_started), text());
            assert_eq!(told, PortError::Transient(text()));
        }
        assert_eq!(
            answered_by_the_agent(None, text()),
            PortError::Transient(text())
        );
    }

    /// <https://docs.aws.amazon.com/bedrock-agentcore/latest/APIReference/API_StopRuntimeSession.html>
    #[tokio::test]
    async fn every_documented_error_of_a_stop_is_of_its_kind() {
        let transient: Kind = PortError::Transient;
        for (status, kind, expected) in [
            (429, "ThrottlingException", PortError::Throttled as Kind),
            (402, "ServiceQuotaExceededException", PortError::Throttled),
            (409, "ConflictException", transient),
            (409, "RetryableConflictException", transient),
            (424, "RuntimeClientError", transient),
            (500, "InternalServerException", transient),
            (503, "ServiceUnavailableException", transient),
            (400, "ValidationException", PortError::Permanent),
            (401, "UnauthorizedException", PortError::Permanent),
            (403, "AccessDeniedException", PortError::Permanent),
        ] {
            let runtime = runtime_at(answering(status, kind, "because").await).await;
            let error = runtime.stop(&writer(), SESSION).await;
            let text = format!("StopRuntimeSession: {kind}: because");
            assert_eq!(error, Err(expected(text)));
        }
        let gone = answering(404, "ResourceNotFoundException", "no such session").await;
        let stopped = runtime_at(gone).await.stop(&writer(), SESSION).await;
        assert_eq!(stopped, Ok(()), "it has ended already");
    }
}
