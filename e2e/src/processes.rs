//! The agents' processes, and who may end one.
//!
//! Tests share the agents. One that ends the researcher waits until nobody else has research under way, and the
//! others wait until it is back.

use crate::step::Step;
use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::stack::Stack;
use crate::wait::{SOON, Seen, eventually};

static RESEARCHER: RwLock<()> = RwLock::const_new(());

/// While this is held, nobody ends the researcher.
pub async fn undisturbed() -> RwLockReadGuard<'static, ()> {
    RESEARCHER.read().await
}

/// While this is held, nobody else has research under way.
pub async fn alone() -> RwLockWriteGuard<'static, ()> {
    RESEARCHER.write().await
}

/// An agent's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentProcess(Pid);

impl AgentProcess {
    /// The one that the agent host has started last, as its log says.
    ///
    /// # Errors
    /// Where the log tells of none.
    pub fn of(stack: &Stack, step: Step) -> Result<Self> {
        let path = stack.folder.join("logs").join("agent-host.log");
        let log = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let start = format!("agent {}: started, process ", step.agent());
        let last = log.lines().rev().find_map(|line| line.strip_prefix(&start));
        let pid = last.and_then(|rest| rest.parse().ok());
        let pid = pid.and_then(Pid::from_raw);
        pid.map(Self).with_context(|| {
            format!(
                "{} tells of no process of the {}",
                path.display(),
                step.agent()
            )
        })
    }

    /// It does nothing more until what is returned is dropped.
    ///
    /// # Errors
    /// Where the process is gone or another user's.
    pub fn freeze(self) -> Result<Frozen> {
        kill_process(self.0, Signal::STOP)?;
        Ok(Frozen(self))
    }
}

/// Stands still. A test that fails lets go of it, so that the others find their agent at work.
#[derive(Debug)]
pub struct Frozen(AgentProcess);

impl Frozen {
    pub fn thaw(self) {}

    /// Without any warning.
    ///
    /// # Errors
    /// Where the process is gone or another user's.
    pub fn kill(self) -> Result<AgentProcess> {
        kill_process(self.0.0, Signal::KILL)?;
        Ok(self.0)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        // One that was killed is gone as wished.
        let _ = kill_process(self.0.0, Signal::CONT);
    }
}

/// Waits until the agent host has started another process than `before`.
///
/// # Errors
/// Where it does not in time.
pub async fn replaced(stack: &Stack, step: Step, before: AgentProcess) -> Result<()> {
    eventually(&format!("a new {}", step.agent()), SOON, async || {
        let present = AgentProcess::of(stack, step)?;
        Ok(if present == before {
            Seen::NotYet(format!("{before:?}"))
        } else {
            Seen::Yes(())
        })
    })
    .await
}
