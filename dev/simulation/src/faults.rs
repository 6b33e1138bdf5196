//! What goes wrong at the ports, how often, and until when.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_contracts::time::Timestamp;
use aegis_engine::error::PortError;
use aegis_testkit::memory::{Fate, FaultPlan};

use crate::dice::Dice;
use crate::time::VirtualClock;
use crate::trace::{Tally, Trace};

/// Probabilities, per port call unless said otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRates {
    pub throttled: f64,
    pub fails: f64,
    pub answer_lost: f64,
    pub dies_before: f64,
    pub dies_after: f64,
    /// Per command sent: it never arrives.
    pub command_lost: f64,
    /// Per message: it is handed out twice.
    pub delivered_twice: f64,
    /// Per HTTP request: it is lost on its way, or its answer is.
    pub request_lost: f64,
    /// Per session: the agent does not behave.
    pub agent_misbehaves: f64,
    /// Per handler at work: its machine's clock is wrong.
    pub clock_wrong: f64,
    /// Per batch of the stream: an earlier one is handed out again.
    pub stream_replays: f64,
    /// Per read of an index: it lags behind.
    pub index_lags: f64,
    /// Per write of the table: a transaction is at work on the item.
    pub write_conflicts: f64,
}

impl FaultRates {
    /// A mild one, a bad one or anything in between.
    pub fn drawn(dice: &Dice) -> Self {
        let severity = f64::from(u32::try_from(dice.below(101)).unwrap_or(0)) / 100.0;
        let upto = |most: f64| {
            // Some kinds of fault do not occur at all in a harness, so that each is also seen alone.
            if dice.chance(0.25) {
                0.0
            } else {
                most * severity
            }
        };
        Self {
            throttled: upto(0.04),
            fails: upto(0.04),
            answer_lost: upto(0.03),
            dies_before: upto(0.02),
            dies_after: upto(0.02),
            command_lost: upto(0.15),
            delivered_twice: upto(0.3),
            request_lost: upto(0.2),
            agent_misbehaves: upto(0.6),
            clock_wrong: upto(0.3),
            stream_replays: upto(0.2),
            index_lags: upto(0.4),
            write_conflicts: upto(0.05),
        }
    }
}

/// Sessions that the agent runtime starts in a time, over the whole account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sessions {
    pub most: u32,
    pub seconds: i64,
}

/// <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/bedrock-agentcore-limits.html>
impl Default for Sessions {
    fn default() -> Self {
        Self {
            most: 25,
            seconds: 1,
        }
    }
}

#[derive(Debug)]
pub struct DrawnFaults {
    pub rates: FaultRates,
    /// From here on nothing goes wrong any more.
    pub calm_from: Timestamp,
    pub dice: Arc<Dice>,
    pub clock: Arc<VirtualClock>,
    pub trace: Arc<Trace>,
    /// Set when a port call has killed its caller.
    died: AtomicBool,
    ended: AtomicBool,
    sessions: Sessions,
    starts: Mutex<(i64, u32)>,
    /// Of every port, by operation.
    calls: Mutex<Tally>,
}

impl DrawnFaults {
    pub fn over(
        dice: Arc<Dice>,
        clock: Arc<VirtualClock>,
        trace: Arc<Trace>,
        sessions: Sessions,
    ) -> Self {
        let trouble = dice.time(Duration::from_secs(600), Duration::from_secs(6 * 3600));
        Self {
            rates: FaultRates::drawn(&dice),
            calm_from: clock.true_now().plus(trouble),
            dice,
            clock,
            trace,
            ended: AtomicBool::new(false),
            died: AtomicBool::new(false),
            sessions,
            starts: Mutex::default(),
            calls: Mutex::default(),
        }
    }

    pub fn calls(&self) -> Tally {
        crate::lock(&self.calls).clone()
    }

    /// Nothing goes wrong any more.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    pub fn is_calm(&self) -> bool {
        self.ended.load(Ordering::Relaxed) || self.clock.true_now() >= self.calm_from
    }

    /// Whether something of this probability happens now; counted under its name.
    pub fn strikes(&self, what: &'static str, probability: f64) -> bool {
        let strikes = !self.is_calm() && self.dice.chance(probability);
        if strikes {
            self.trace.count(what);
        }
        strikes
    }

    /// Whether the last port call killed its caller.
    pub fn take_death(&self) -> bool {
        self.died.swap(false, Ordering::Relaxed)
    }

    fn kills(&self, what: &'static str, operation: &'static str) {
        self.trace.tell(self.clock.true_now(), || {
            format!("      !! {what} {operation}")
        });
        self.died.store(true, Ordering::Relaxed);
    }

    fn too_many_starts(&self) -> bool {
        let second = self.clock.true_now().as_seconds() / self.sessions.seconds;
        let mut starts = crate::lock(&self.starts);
        if starts.0 != second {
            *starts = (second, 0);
        }
        starts.1 += 1;
        starts.1 > self.sessions.most
    }
}

impl FaultPlan for DrawnFaults {
    fn fate(&self, operation: &'static str) -> Fate {
        *crate::lock(&self.calls).entry(operation).or_default() += 1;
        if operation == "invoke" && self.too_many_starts() {
            self.trace.count("agent starts throttled");
            return Fate::Fails(PortError::Throttled("too many sessions".to_owned()));
        }
        let rates = &self.rates;
        if self.strikes("port calls throttled", rates.throttled) {
            return Fate::Fails(PortError::Throttled(format!("{operation}: slow down")));
        }
        if self.strikes("port calls failed", rates.fails) {
            return Fate::Fails(PortError::Transient(format!("{operation}: no connection")));
        }
        if self.strikes("answers of ports lost", rates.answer_lost) {
            return Fate::AnswerLost(PortError::Transient(format!("{operation}: timed out")));
        }
        if self.strikes("crashes before a port call", rates.dies_before) {
            self.kills("died before", operation);
            return Fate::DiesBefore;
        }
        if self.strikes("crashes after a port call", rates.dies_after) {
            self.kills("died after", operation);
            return Fate::DiesAfter;
        }
        Fate::Works
    }
}
