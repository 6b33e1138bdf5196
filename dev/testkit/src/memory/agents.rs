//! An agent runtime in memory: it notes what was asked of it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aegis_contracts::agent::{AgentTask, InvocationAnswer, InvocationStatus};
use aegis_contracts::flow::Name;
use async_trait::async_trait;

use super::{Faults, lock};
use aegis_engine::error::PortError;
use aegis_engine::ports::AgentRuntime;

#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    pub agent: Name,
    pub session: String,
    pub task: AgentTask,
}

#[derive(Debug, Default)]
pub struct MemoryRuntime {
    invocations: Mutex<Vec<Invocation>>,
    sessions: Mutex<BTreeSet<String>>,
    stopped: Mutex<Vec<String>>,
    faults: Arc<Faults>,
}

impl MemoryRuntime {
    pub fn new(faults: Arc<Faults>) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    pub fn invocations(&self) -> Vec<Invocation> {
        lock(&self.invocations).clone()
    }

    /// Takes what was asked since the last time.
    pub fn drain(&self) -> Vec<Invocation> {
        std::mem::take(&mut *lock(&self.invocations))
    }

    /// Sessions that were ended from outside.
    pub fn stopped(&self) -> Vec<String> {
        lock(&self.stopped).clone()
    }

    pub fn is_stopped(&self, session: &str) -> bool {
        lock(&self.stopped).iter().any(|stopped| stopped == session)
    }

    fn start(&self, agent: &Name, session: &str, task: &AgentTask) -> InvocationAnswer {
        let known = !lock(&self.sessions).insert(session.to_owned());
        lock(&self.invocations).push(Invocation {
            agent: agent.clone(),
            session: session.to_owned(),
            task: task.clone(),
        });
        let status = if known {
            InvocationStatus::AlreadyRunning
        } else {
            InvocationStatus::Accepted
        };
        InvocationAnswer { status }
    }
}

#[async_trait]
impl AgentRuntime for MemoryRuntime {
    async fn invoke(
        &self,
        agent: &Name,
        session: &str,
        task: &AgentTask,
    ) -> Result<InvocationAnswer, PortError> {
        let effect = || Ok(self.start(agent, session, task));
        self.faults.call("invoke", effect).await
    }

    async fn stop(&self, _: &Name, session: &str) -> Result<(), PortError> {
        let effect = || {
            lock(&self.stopped).push(session.to_owned());
            Ok(())
        };
        self.faults.call("stop", effect).await
    }
}
