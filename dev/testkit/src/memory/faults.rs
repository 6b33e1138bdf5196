//! What goes wrong at the ports of one in-memory harness.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use super::lock;
use aegis_engine::error::PortError;

/// What becomes of one call of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It takes effect, and the caller hears so.
    Works,
    /// It has no effect and fails.
    Fails(PortError),
    /// It takes effect, and the caller is told that it failed.
    AnswerLost(PortError),
    /// The caller dies before the call has taken effect.
    DiesBefore,
    /// The caller dies when the call has taken effect: it never hears the answer.
    DiesAfter,
}

/// Decides the fate of every call, for simulations. Each call then lets others go first, so that
/// callers at work at the same time overlap in every order.
pub trait FaultPlan: Send + Sync + fmt::Debug {
    fn fate(&self, operation: &'static str) -> Fate;
}

/// Shared by all ports of a harness, so that calls are counted across them.
#[derive(Debug, Default)]
pub struct Faults {
    plan: Mutex<Plan>,
    drawn: Option<Arc<dyn FaultPlan>>,
    calls: Mutex<BTreeMap<&'static str, u64>>,
}

#[derive(Debug, Default)]
struct Plan {
    failing: VecDeque<(&'static str, PortError)>,
    calls_until_crash: Option<u32>,
}

impl Faults {
    pub fn under(drawn: Arc<dyn FaultPlan>) -> Self {
        Self {
            drawn: Some(drawn),
            ..Self::default()
        }
    }

    /// The next call of `operation`, such as `commit`, has no effect and fails with `error`. Several calls of this add up.
    pub fn fail_next(&self, operation: &'static str, error: PortError) {
        lock(&self.plan).failing.push_back((operation, error));
    }

    /// The caller dies when its next `calls`-th call has taken effect: it never hears the answer.
    pub fn crash_after(&self, calls: u32) {
        lock(&self.plan).calls_until_crash = Some(calls);
    }

    /// No more faults that were ordered here; the drawn ones stay.
    pub fn recover(&self) {
        *lock(&self.plan) = Plan::default();
    }

    /// How often each operation was called.
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.calls).clone()
    }

    /// Runs one call of a port under these faults.
    ///
    /// # Errors
    /// Of the effect, or the fault's.
    pub async fn call<T>(
        &self,
        operation: &'static str,
        effect: impl FnOnce() -> Result<T, PortError>,
    ) -> Result<T, PortError> {
        *lock(&self.calls).entry(operation).or_default() += 1;
        if let Some(drawn) = &self.drawn {
            let_others_go_first().await;
            return match drawn.fate(operation) {
                Fate::Works => effect(),
                Fate::Fails(error) => Err(error),
                Fate::AnswerLost(error) => effect().and(Err(error)),
                Fate::DiesBefore => std::future::pending().await,
                Fate::DiesAfter => {
                    drop(effect());
                    std::future::pending().await
                }
            };
        }
        self.fail(operation)?;
        let outcome = effect();
        if self.dies() {
            std::future::pending::<()>().await;
        }
        outcome
    }

    fn fail(&self, operation: &'static str) -> Result<(), PortError> {
        let mut plan = lock(&self.plan);
        let planned = plan.failing.iter().position(|(name, _)| *name == operation);
        match planned.and_then(|index| plan.failing.remove(index)) {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }

    fn dies(&self) -> bool {
        let mut plan = lock(&self.plan);
        if let Some(left) = plan.calls_until_crash.as_mut() {
            *left = left.saturating_sub(1);
            return *left == 0;
        }
        false
    }
}

async fn let_others_go_first() {
    let mut waited = false;
    std::future::poll_fn(|context| {
        if waited {
            return std::task::Poll::Ready(());
        }
        waited = true;
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
