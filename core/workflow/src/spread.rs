//! Spreading waits without chance: what would be random is a hash of what is waited for.
//!
//! Many waits spread as evenly as with full jitter, and each is the same whenever it is computed, so that
//! a run can be replayed.

use std::time::Duration;

use sha2::{Digest, Sha256};

/// A number from `0` to `bound - 1` that `parts` name. `0` if `bound` is.
fn below(bound: u64, parts: &[&[u8]]) -> u64 {
    let mut hasher = Sha256::new();
    for part in parts {
        // Length first, so that ("ab","c") and ("a","bc") differ.
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let hash = hasher.finalize();
    let number = hash
        .iter()
        .take(8)
        .fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
    number.checked_rem(bound).unwrap_or(0)
}

/// Full jitter: whole seconds from 1 to `bound`; none if `bound` is below a second.
pub fn up_to(bound: Duration, parts: &[&[u8]]) -> Duration {
    between(Duration::from_secs(1), bound, parts)
}

/// Milliseconds up to `bound`.
pub fn within(bound: Duration, parts: &[&[u8]]) -> Duration {
    let bound = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(below(bound.saturating_add(1), parts))
}

/// Whole seconds from `least` to `most`; `most` if that is less.
pub fn between(least: Duration, most: Duration, parts: &[&[u8]]) -> Duration {
    let (least, most) = (least.as_secs(), most.as_secs());
    let Some(width) = most.checked_sub(least) else {
        return Duration::from_secs(most);
    };
    Duration::from_secs(least + below(width.saturating_add(1), parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_spread_over_all_of_their_range_and_stay_the_same() {
        let wait = |number: u32| up_to(Duration::from_secs(10), &[b"wait", &number.to_be_bytes()]);
        let mut counts = [0u32; 11];
        for number in 0..10_000 {
            let seconds = wait(number).as_secs();
            counts[usize::try_from(seconds).unwrap()] += 1;
            assert_eq!(wait(number).as_secs(), seconds);
        }
        assert_eq!(counts[0], 0);
        assert!(
            counts[1..].iter().all(|count| (800..1200).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn a_wide_range_is_used_to_its_end() {
        let bound = Duration::from_secs(100_000);
        let longest = (0u32..100).map(|number| up_to(bound, &[&number.to_be_bytes()]));
        assert!(longest.max() > Some(Duration::from_secs(90_000)));
    }

    #[test]
    fn parts_do_not_run_together() {
        let wait = |parts: &[&[u8]]| below(u64::MAX, parts);
        assert_ne!(wait(&[b"ab", b"c"]), wait(&[b"a", b"bc"]));
    }

    #[test]
    fn a_range_without_width_is_its_end() {
        let seconds = Duration::from_secs;
        assert_eq!(up_to(Duration::ZERO, &[]), Duration::ZERO);
        assert_eq!(up_to(seconds(1), &[b"x"]), seconds(1));
        assert_eq!(between(seconds(7), seconds(7), &[b"x"]), seconds(7));
        assert_eq!(between(seconds(7), seconds(3), &[b"x"]), seconds(3));
    }
}
