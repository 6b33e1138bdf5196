//! What goes wrong at the ports of one in-memory world.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::lock;
use crate::error::PortError;

/// Shared by all ports of a world, so that calls are counted across them.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Plan>);

#[derive(Debug, Default)]
struct Plan {
    failing: VecDeque<(&'static str, PortError)>,
    calls_until_crash: Option<u32>,
}

impl Faults {
    /// The next call of `operation`, such as `commit`, has no effect and fails with `error`. Several calls of this add up.
    pub fn fail_next(&self, operation: &'static str, error: PortError) {
        lock(&self.0).failing.push_back((operation, error));
    }

    /// The caller dies when its next `calls`-th call has taken effect: it never hears the answer.
    pub fn crash_after(&self, calls: u32) {
        lock(&self.0).calls_until_crash = Some(calls);
    }

    /// No more faults.
    pub fn recover(&self) {
        *lock(&self.0) = Plan::default();
    }

    pub(super) async fn call<T>(
        &self,
        operation: &'static str,
        effect: impl FnOnce() -> Result<T, PortError>,
    ) -> Result<T, PortError> {
        self.fail(operation)?;
        let outcome = effect();
        if self.dies() {
            std::future::pending::<()>().await;
        }
        outcome
    }

    fn fail(&self, operation: &'static str) -> Result<(), PortError> {
        let mut plan = lock(&self.0);
        let planned = plan.failing.iter().position(|(name, _)| *name == operation);
        match planned.and_then(|index| plan.failing.remove(index)) {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }

    fn dies(&self) -> bool {
        let mut plan = lock(&self.0);
        if let Some(left) = plan.calls_until_crash.as_mut() {
            *left = left.saturating_sub(1);
            return *left == 0;
        }
        false
    }
}
