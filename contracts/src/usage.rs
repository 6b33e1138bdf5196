//! What agent work has cost so far.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most that work may have cost, in US dollars. An agent that says more is mistaken; sums stay there, as those of
/// tokens stay at the greatest number.
pub const MAX_COST_USD: f64 = 1_000_000.0;

/// Cumulative within one attempt: a later report replaces an earlier one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    #[serde(default)]
    pub input_tokens: u64,
    #[serde(default)]
    pub output_tokens: u64,
    /// US dollars.
    #[serde(default)]
    #[schemars(range(min = 0, max = MAX_COST_USD))]
    pub cost_usd: f64,
}

impl Usage {
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cost_usd: kept(self.cost_usd + other.cost_usd),
        }
    }

    /// A later cumulative report never lowers what was already reported: callbacks may overtake each other. Whatever a
    /// completion record says that nobody looked through, the result is sane.
    #[must_use]
    pub fn at_least(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.max(other.input_tokens),
            output_tokens: self.output_tokens.max(other.output_tokens),
            cost_usd: kept(self.cost_usd.max(other.cost_usd)),
        }
    }

    /// What this is more than what was known before.
    #[must_use]
    pub fn beyond(self, known: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_sub(known.input_tokens),
            output_tokens: self.output_tokens.saturating_sub(known.output_tokens),
            cost_usd: kept((self.cost_usd - known.cost_usd).max(0.0)),
        }
    }

    pub fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    pub fn is_sane(&self) -> bool {
        (0.0..=MAX_COST_USD).contains(&self.cost_usd)
    }
}

/// To the billionth of a dollar, so that sums do not end in the last digits of a fraction that no decimal can write, and never
/// more than the most.
fn kept(dollars: f64) -> f64 {
    ((dollars * 1e9).round() / 1e9).min(MAX_COST_USD)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of_cost(cost_usd: f64) -> Usage {
        Usage {
            cost_usd,
            ..Usage::default()
        }
    }

    #[test]
    fn a_thousand_times_a_fraction_of_a_cent_is_their_sum() {
        let sum = (0..1000).fold(Usage::default(), |sum, _| sum.plus(of_cost(0.007)));
        assert_eq!(sum.cost_usd, 7.0);
    }

    proptest! {
        /// A state holds such sums: one that JSON cannot write or read would be lost to everybody.
        #[test]
        fn sums_survive_json(
            costs in prop::collection::vec(
                prop_oneof![0.0..=MAX_COST_USD, 0.0..=1e-6, Just(MAX_COST_USD), any::<f64>()],
                1..50,
            ),
            tokens in any::<u64>(),
        ) {
            let one = Usage { input_tokens: tokens, output_tokens: tokens, cost_usd: 0.0 };
            let sum = costs.into_iter().map(of_cost).fold(one, |sum, said| {
                let sane = one.at_least(said);
                sum.plus(sane).at_least(said)
            });
            let json = serde_json::to_string(&sum).unwrap();
            prop_assert!(sum.is_sane());
            prop_assert_eq!(serde_json::from_str::<Usage>(&json).unwrap(), sum, "{}", json);
        }
    }
}
