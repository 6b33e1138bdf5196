//! The figures of the model: by rate, by hop, and what a quota allows.

use serde::{Deserialize, Serialize};

use super::harness::{Run, run};
use super::inputs::{Inputs, Side};
use super::limits::{HopShare, Limit, hops, limits};
use super::sensitivity::{Sensitivity, sensitivity};

/// Workflows a second, for an account of each kind.
const RATES: [(Account, &[f64]); 3] = [
    (Account::Default, &[1.0, 100.0, 1000.0]),
    (Account::AgentsRaised, &[100.0, 1000.0]),
    (Account::RatesRaised, &[1000.0]),
];
/// So long workflows come before any counts: mappings have their places by then.
const WARM_SECONDS: f64 = 20.0;
const COUNTED_SECONDS: f64 = 20.0;
/// At least so many count, however few come in a second.
const AT_LEAST: f64 = 5_000.0;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    pub seed: u64,
    pub rates: Vec<Rate>,
    pub limits: Vec<Limit>,
    pub hops: Vec<HopShare>,
    pub sensitivity: Vec<Sensitivity>,
}

/// Which default quotas hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Account {
    Default,
    /// Those of the agents' runtime were raised, or agents run elsewhere.
    AgentsRaised,
    /// Those that count requests were raised too; functions and mappings have theirs.
    RatesRaised,
}

impl Account {
    fn keeps(self, agents: bool, rate: bool) -> bool {
        match self {
            Self::Default => true,
            Self::AgentsRaised => !agents,
            Self::RatesRaised => !agents && !rate,
        }
    }
}

/// What workflows take when so many come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rate {
    pub side: Side,
    pub per_second: f64,
    pub account: Account,
    /// Nothing where more come than the quotas let through: the time grows without end.
    pub took: Option<Percentiles>,
    pub most_functions: u32,
}

/// In milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

impl Percentiles {
    /// Of whatever was measured; zeros where nothing was.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "an index"
            )]
            let index = (share * values.len() as f64) as usize;
            values
                .get(index.min(values.len().saturating_sub(1)))
                .copied()
                .unwrap_or_default()
        };
        Self {
            p50: at(0.50),
            p95: at(0.95),
            p99: at(0.99),
        }
    }
}

pub fn model(inputs: &Inputs, seed: u64) -> Model {
    let limits: Vec<Limit> = Side::ALL
        .into_iter()
        .flat_map(|side| limits(inputs, side, seed))
        .collect();
    let mut rates = Vec::new();
    for (account, wanted) in RATES {
        for per_second in wanted {
            for side in Side::ALL {
                let run = Run {
                    side,
                    rate: *per_second,
                    workflows: 0,
                    seed,
                };
                rates.push(rate(inputs, &limits, run, account));
            }
        }
    }
    Model {
        seed,
        rates,
        limits,
        hops: Side::ALL
            .into_iter()
            .flat_map(|side| hops(inputs, side))
            .collect(),
        sensitivity: sensitivity(inputs, seed),
    }
}

fn rate(inputs: &Inputs, limits: &[Limit], wanted: Run, account: Account) -> Rate {
    let Run {
        side,
        rate: per_second,
        ..
    } = wanted;
    let holds = |limit: &&Limit| limit.side == side && account.keeps(limit.agents, limit.rate);
    let most = limits
        .iter()
        .filter(holds)
        .map(|limit| limit.per_second)
        .fold(f64::INFINITY, f64::min);
    let mut found = Rate {
        side,
        per_second,
        account,
        took: None,
        most_functions: 0,
    };
    if per_second > most {
        return found;
    }
    let mut inputs = inputs.clone();
    inputs
        .quotas
        .retain(|_, quota| account.keeps(quota.agents, quota.kind.is_rate()));
    let warm = per_second * WARM_SECONDS;
    let counted = (per_second * COUNTED_SECONDS).max(AT_LEAST);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some tens of thousands"
    )]
    let (warm, workflows) = (warm as usize, (warm + counted) as u32);
    let outcome = run(
        &inputs,
        &Run {
            workflows,
            ..wanted
        },
    );
    found.took = Some(Percentiles::of(outcome.took[warm..].to_vec()));
    found.most_functions = outcome.most_functions;
    found
}
