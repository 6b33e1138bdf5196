//! What agent work has cost so far.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    #[schemars(range(min = 0))]
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
            cost_usd: nano(self.cost_usd + other.cost_usd),
        }
    }

    /// A later cumulative report never lowers what was already reported: callbacks may overtake each other.
    #[must_use]
    pub fn at_least(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.max(other.input_tokens),
            output_tokens: self.output_tokens.max(other.output_tokens),
            cost_usd: nano(self.cost_usd.max(other.cost_usd)),
        }
    }

    pub fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    pub fn is_sane(&self) -> bool {
        self.cost_usd.is_finite() && self.cost_usd >= 0.0
    }
}

/// To the billionth of a dollar: what stays has few digits, so JSON gives it back exactly.
fn nano(dollars: f64) -> f64 {
    (dollars * 1e9).round() / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_costs_survive_json() {
        let cent = Usage {
            cost_usd: 0.007,
            ..Usage::default()
        };
        let mut sum = Usage::default();
        for _ in 0..1000 {
            sum = sum.plus(cent);
            let json = serde_json::to_string(&sum).unwrap();
            assert_eq!(serde_json::from_str::<Usage>(&json).unwrap(), sum, "{json}");
        }
        assert_eq!(sum.cost_usd, 7.0);
    }
}
