//! What holds for every handler, whatever calls it: twice is once, and a crash anywhere is mended by another delivery.
//!
//! `tests/laws` puts every handler of every service under both, and fails when one is not listed.

mod delivery;
mod effect;

pub use delivery::{Delivery, Ending};

use futures::FutureExt;

use crate::world::{World, at_once};
use effect::effect;

/// A world, and what is about to happen in it.
pub struct Stage {
    pub world: World,
    pub delivery: Delivery,
}

/// Delivering the same again has the effect of delivering it once, however much later.
pub fn twice_is_once(name: &str, stage: &dyn Fn() -> Stage) {
    let once = stage();
    let first = at_once(once.delivery.deliver(1));
    assert!(first.is_well(), "{name}: {first:?}");
    let expected = effect(&once.world);
    for seconds in once.delivery.waits() {
        once.world.wait(*seconds);
        let second = at_once(once.delivery.deliver(2));
        assert_eq!(second, first, "{name}: again after {seconds} s");
        assert_eq!(effect(&once.world), expected, "{name}: after {seconds} s");
    }
}

/// A crash behind any port call, then another delivery: the same end as without a crash.
///
/// Returns the number of port calls, so that a test can see that there were some.
pub fn crash_anywhere_then_redeliver(name: &str, stage: &dyn Fn() -> Stage) -> u32 {
    let calm = stage();
    let first = at_once(calm.delivery.deliver(1));
    assert!(first.is_well(), "{name}: {first:?}");
    let expected = effect(&calm.world);
    for calls in 1.. {
        let Stage { world, delivery } = stage();
        world.ports.faults.crash_after(calls);
        if delivery.deliver(1).now_or_never().is_some() {
            return calls - 1;
        }
        world.ports.faults.recover();
        world.wait(delivery.patience());
        let ending = at_once(delivery.deliver(2));
        assert!(
            ending.is_well(),
            "{name}, crash behind call {calls}: {ending:?}"
        );
        let end = effect(&world);
        assert_eq!(end, expected, "{name}, crash behind call {calls}");
    }
    0
}
