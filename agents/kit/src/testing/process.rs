//! An agent's process.
#![expect(clippy::unwrap_used, reason = "serves tests only")]

use std::sync::Arc;

use aegis_contracts::agent::{AgentTask, InvocationStatus};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::agent::Agent;
use crate::health::Ping;
use crate::invocation::SESSION_HEADER;
use crate::server::Server;
use crate::store::ArtifactStore;

use super::SESSION;

/// A process of an agent, with a runtime of its own, so that it can die in the middle of anything.
pub struct AgentProcess {
    runtime: Option<Runtime>,
    base: String,
    http: reqwest::Client,
    interrupt: Box<dyn Fn() + Send + Sync>,
}

impl AgentProcess {
    pub fn start<A: Agent>(agent: A, store: Arc<dyn ArtifactStore>) -> Self {
        let runtime = Runtime::new().unwrap();
        let server = Server::new(agent, store).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = server.clone().router();
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await
        });
        Self {
            runtime: Some(runtime),
            base,
            http: reqwest::Client::new(),
            interrupt: Box::new(move || server.interrupt()),
        }
    }

    /// Invokes and expects to be taken.
    pub async fn invoke(&self, task: &AgentTask) -> InvocationStatus {
        let (status, body) = self.invoke_as(SESSION, task).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_value(body["status"].clone()).unwrap()
    }

    pub async fn invoke_as(&self, session: &str, task: &AgentTask) -> (u16, serde_json::Value) {
        let request = self
            .http
            .post(format!("{}/invocations", self.base))
            .header(SESSION_HEADER, session)
            .json(task);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// As the host on a laptop does. Returns the status.
    pub async fn stop(&self, session: &str) -> u16 {
        let url = format!("{}/sessions/{session}/stop", self.base);
        let response = self.http.post(url).send().await.unwrap();
        response.status().as_u16()
    }

    pub async fn ping(&self) -> Ping {
        let response = self.http.get(format!("{}/ping", self.base)).send().await;
        response.unwrap().json().await.unwrap()
    }

    /// As SIGTERM does when work outlasts its grace.
    pub fn interrupt(&self) {
        (self.interrupt)();
    }

    /// As SIGKILL does.
    pub fn kill(mut self) {
        self.shut_down();
    }

    fn shut_down(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A runtime must not be dropped inside another one, so it is sent off.
impl Drop for AgentProcess {
    fn drop(&mut self) {
        self.shut_down();
    }
}
