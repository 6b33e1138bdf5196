//! Clients that not every invocation needs.

use std::ops::Deref;
use std::sync::{Arc, LazyLock};

/// Made when it is first used, so that no start pays for it: a tenth of a millisecond, most of which reads a table of AWS's
/// partitions. What every invocation needs is not for this: a start has more of a processor than the first request of a
/// small function.
pub struct OnDemand<C>(Arc<LazyLock<C, Box<dyn FnOnce() -> C + Send>>>);

impl<C> OnDemand<C> {
    pub fn new(make: impl FnOnce() -> C + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(make))))
    }
}

impl<C> Clone for OnDemand<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C> Deref for OnDemand<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}

/// One that is there already.
impl<C: Send + 'static> From<C> for OnDemand<C> {
    fn from(client: C) -> Self {
        Self::new(move || client)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn it_is_made_once_and_not_before() {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let one = OnDemand::new(|| MADE.fetch_add(1, Ordering::SeqCst) + 1);
        let other = one.clone();
        assert_eq!(MADE.load(Ordering::SeqCst), 0);
        assert_eq!((*one, *other, *one), (1, 1, 1));
    }
}
