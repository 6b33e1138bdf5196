//! Which attempts this process is at work on, and how the failed ones failed.
//!
//! A map in memory: it dies with the process. What outlives it is in `claim`.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aegis_contracts::callback::AgentError;
use tokio::sync::watch;

/// Failures remembered. A container in AgentCore serves one session, a process on a laptop serves many.
const REMEMBERED: usize = 1_000;

#[derive(Debug, Default)]
struct Inner {
    running: HashSet<String>,
    failed: VecDeque<(String, AgentError)>,
}

/// Attempts by their prefix.
#[derive(Debug, Clone)]
pub struct Sessions {
    inner: Arc<Mutex<Inner>>,
    running: watch::Sender<usize>,
}

/// What an invocation finds.
#[derive(Debug)]
pub enum Found {
    /// Nothing: the attempt is the caller's as long as it holds this.
    Free(Running),
    Running,
    /// Failed earlier in this process. The attempt is the caller's, in order to say so again.
    Failed(Running, AgentError),
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            inner: Arc::default(),
            running: watch::Sender::new(0),
        }
    }
}

impl Sessions {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of two callers at the same time exactly one gets the attempt.
    pub fn enter(&self, attempt: &str) -> Found {
        let mut inner = self.inner();
        if !inner.running.insert(attempt.to_owned()) {
            return Found::Running;
        }
        self.running.send_replace(inner.running.len());
        let held = Running {
            sessions: self.clone(),
            attempt: attempt.to_owned(),
        };
        let failed = inner.failed.iter().find(|(name, _)| name == attempt);
        match failed {
            Some((_, error)) => Found::Failed(held, error.clone()),
            None => Found::Free(held),
        }
    }

    /// Returns once no attempt is at work.
    pub async fn idle(&self) {
        let mut running = self.running.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = running.wait_for(|count| *count == 0).await;
    }
}

/// Holds an attempt; gives it back when dropped, also by a panic.
#[derive(Debug)]
pub struct Running {
    sessions: Sessions,
    attempt: String,
}

impl Running {
    /// Remembers how the attempt failed, so that another invocation is told the same.
    pub fn remember_failure(&self, error: AgentError) {
        let mut inner = self.sessions.inner();
        inner.failed.retain(|(name, _)| *name != self.attempt);
        inner.failed.push_back((self.attempt.clone(), error));
        if inner.failed.len() > REMEMBERED {
            inner.failed.pop_front();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut inner = self.sessions.inner();
        inner.running.remove(&self.attempt);
        self.sessions.running.send_replace(inner.running.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_gets_the_attempt() {
        let sessions = Sessions::default();
        let first = sessions.enter("a");
        assert!(matches!(first, Found::Free(_)));
        assert!(matches!(sessions.enter("a"), Found::Running));
        assert!(matches!(sessions.enter("b"), Found::Free(_)));
        drop(first);
        assert!(matches!(sessions.enter("a"), Found::Free(_)));
    }

    #[test]
    fn a_failure_is_remembered() {
        let sessions = Sessions::default();
        let error = AgentError {
            code: "x".to_owned(),
            message: "y".to_owned(),
            retryable: false,
        };
        if let Found::Free(held) = sessions.enter("a") {
            held.remember_failure(error.clone());
        }
        assert!(matches!(sessions.enter("a"), Found::Failed(_, seen) if seen == error));
    }
}
