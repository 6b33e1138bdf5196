//! An agent runtime in memory: it notes what was asked of it.

use std::sync::Mutex;

use aegis_contracts::agent::{AgentTask, InvocationAnswer, InvocationStatus, Role};
use async_trait::async_trait;

use super::lock;
use crate::error::PortError;
use crate::ports::AgentRuntime;

#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    pub role: Role,
    pub session: String,
    pub task: AgentTask,
}

#[derive(Debug, Default)]
pub struct MemoryRuntime {
    invocations: Mutex<Vec<Invocation>>,
    stopped: Mutex<Vec<String>>,
    fault: Mutex<Option<PortError>>,
}

impl MemoryRuntime {
    pub fn invocations(&self) -> Vec<Invocation> {
        lock(&self.invocations).clone()
    }

    /// Sessions that were ended from outside.
    pub fn stopped(&self) -> Vec<String> {
        lock(&self.stopped).clone()
    }

    /// The next invocation fails with `fault`.
    pub fn fail_next(&self, fault: PortError) {
        *lock(&self.fault) = Some(fault);
    }
}

#[async_trait]
impl AgentRuntime for MemoryRuntime {
    async fn invoke(
        &self,
        role: Role,
        session: &str,
        task: &AgentTask,
    ) -> Result<InvocationAnswer, PortError> {
        if let Some(fault) = lock(&self.fault).take() {
            return Err(fault);
        }
        let mut invocations = lock(&self.invocations);
        let known = invocations
            .iter()
            .any(|invocation| invocation.session == session);
        invocations.push(Invocation {
            role,
            session: session.to_owned(),
            task: task.clone(),
        });
        let status = if known {
            InvocationStatus::AlreadyRunning
        } else {
            InvocationStatus::Accepted
        };
        Ok(InvocationAnswer { status })
    }

    async fn stop(&self, _: Role, session: &str) -> Result<(), PortError> {
        lock(&self.stopped).push(session.to_owned());
        Ok(())
    }
}
