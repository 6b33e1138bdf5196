//! Which attempts this process is at work on, and how the failed ones failed.
//!
//! A map in memory: it dies with the process. What outlives it is in `claim`.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aegis_contracts::callback::AgentError;
use tokio::sync::watch;

use crate::health::{Busy, Health, Ping};
use crate::reporter::now;

/// Failures remembered. A container in AgentCore serves one session, a process on a laptop serves many.
const REMEMBERED: usize = 1_000;

#[derive(Debug, Default)]
struct Inner {
    running: HashMap<String, AtWork>,
    failed: VecDeque<(String, AgentError)>,
}

/// Who is at work on an attempt.
#[derive(Debug)]
struct AtWork {
    /// The runtime session.
    session: String,
    /// Becomes true when the session is to end.
    stop: watch::Sender<bool>,
}

/// Attempts by their prefix.
#[derive(Debug, Clone)]
pub struct Sessions {
    inner: Arc<Mutex<Inner>>,
    running: watch::Sender<usize>,
    health: Health,
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
            health: Health::default(),
        }
    }
}

impl Sessions {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of two callers at the same time exactly one gets the attempt.
    pub fn enter(&self, attempt: &str, session: &str) -> Found {
        let mut inner = self.inner();
        if inner.running.contains_key(attempt) {
            return Found::Running;
        }
        let (stop, stopped) = watch::channel(false);
        let session = session.to_owned();
        let at_work = AtWork { session, stop };
        inner.running.insert(attempt.to_owned(), at_work);
        self.running.send_replace(inner.running.len());
        let held = Running {
            sessions: self.clone(),
            attempt: attempt.to_owned(),
            stopped,
            busy: self.health.begin(now()),
        };
        let failed = inner.failed.iter().find(|(name, _)| name == attempt);
        match failed {
            Some((_, error)) => Found::Failed(held, error.clone()),
            None => Found::Free(held),
        }
    }

    /// Ends what `session` is at work on, without a word to the platform, as the end of its container does. Returns
    /// whether it was at work.
    pub fn stop(&self, session: &str) -> bool {
        let inner = self.inner();
        let mut found = false;
        for work in inner
            .running
            .values()
            .filter(|work| work.session == session)
        {
            work.stop.send_replace(true);
            found = true;
        }
        found
    }

    /// Busy as long as somebody holds an attempt.
    pub fn ping(&self) -> Ping {
        self.health.ping(now())
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
    stopped: watch::Receiver<bool>,
    busy: Busy,
}

impl Running {
    /// Returns once the session is to end.
    pub async fn stopped(&self) {
        let mut stopped = self.stopped.clone();
        if stopped.wait_for(|stopped| *stopped).await.is_err() {
            // Nobody is left who could stop it.
            std::future::pending::<()>().await;
        }
    }

    /// The work made progress.
    pub fn sign_of_work(&self) {
        self.busy.sign_of_work(now());
    }

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
        let first = sessions.enter("a", "s");
        assert!(matches!(first, Found::Free(_)));
        assert!(matches!(sessions.enter("a", "s"), Found::Running));
        assert!(matches!(sessions.enter("b", "s"), Found::Free(_)));
        drop(first);
        assert!(matches!(sessions.enter("a", "s"), Found::Free(_)));
    }

    #[tokio::test]
    async fn a_session_is_stopped_and_no_other() {
        let sessions = Sessions::default();
        let (Found::Free(mine), Found::Free(other)) =
            (sessions.enter("a", "mine"), sessions.enter("b", "other"))
        else {
            panic!("both are free");
        };
        assert!(!sessions.stop("nobody's"));
        assert!(sessions.stop("mine"));
        mine.stopped().await;
        tokio::select! {
            biased;
            () = other.stopped() => panic!("nobody asked it to stop"),
            () = std::future::ready(()) => {}
        }
        drop(mine);
        assert!(!sessions.stop("mine"), "it has ended");
    }

    #[test]
    fn a_failure_is_remembered() {
        let sessions = Sessions::default();
        let error = AgentError {
            code: "x".to_owned(),
            message: "y".to_owned(),
            retryable: false,
        };
        if let Found::Free(held) = sessions.enter("a", "s") {
            held.remember_failure(error.clone());
        }
        assert!(matches!(sessions.enter("a", "t"), Found::Failed(_, seen) if seen == error));
    }
}
