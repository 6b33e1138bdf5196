//! How agents behave.

use aegis_contracts::usage::Usage;

use crate::harness::Harness;

/// How an agent spends its attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conduct {
    Works,
    FailsForNow,
    FailsForGood,
    /// Its process is killed while it works.
    DiesWorking,
    /// Killed after its result is stored and before it says so.
    DiesBeforeReport,
    /// Never heard of again, and never done.
    GoesSilent,
    /// Works on without a sign of life, and reports in the end.
    ForgetsHeartbeats,
    /// Reports a result that is not there.
    Lies,
}

const MISCONDUCT: [Conduct; 7] = [
    Conduct::FailsForNow,
    Conduct::FailsForGood,
    Conduct::DiesWorking,
    Conduct::DiesBeforeReport,
    Conduct::GoesSilent,
    Conduct::ForgetsHeartbeats,
    Conduct::Lies,
];

impl Harness {
    pub fn drawn_conduct(&self) -> Conduct {
        let misbehaves = self.faults.rates.agent_misbehaves;
        if !self.faults.strikes("agents that misbehave", misbehaves) {
            return Conduct::Works;
        }
        let conduct = self.dice.pick(&MISCONDUCT).copied();
        conduct.unwrap_or(Conduct::Works)
    }

    /// How many items an agent says that it found, of at most so many: sometimes more, sometimes nothing.
    pub fn drawn_items(&self, most: u32) -> Option<u32> {
        if self.faults.strikes("items left out", 0.02) {
            return None;
        }
        let over = u32::from(self.faults.strikes("too many items", 0.02));
        let items = self.dice.between(0, u64::from(most));
        Some(u32::try_from(items).unwrap_or(most) * (1 - over) + (most + 1) * over)
    }

    pub fn drawn_usage(&self) -> Usage {
        Usage {
            input_tokens: self.dice.between(0, 4_000),
            output_tokens: self.dice.between(0, 1_000),
            cost_usd: 0.001,
        }
    }
}
