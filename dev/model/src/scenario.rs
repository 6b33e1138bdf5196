//! What a run of the checker covers: which faults, how many of them, and how much people do.
//!
//! Any order of what is on its way is free. All else that goes wrong takes one out of `faults`, so a scenario covers
//! every interleaving with at most that many faults. A fault is also that a deadline passes while something is on its
//! way: after that the late message or agent is still there, and comes at any moment, or never before the end.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_contracts::approval::OnTimeout;
use aegis_contracts::flow::{Flow, Name};
use aegis_workflow::{ApprovalPolicy, Pinned, Retries, RetryPolicy, Rules};

use crate::attempt::{PIECES, PLACES, pieces};

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A deadline passes while messages are on their way or agents at work.
    Late,
    /// A message is delivered and stays where it was.
    Duplicate,
    /// A direct send or a callback never arrives.
    Loss,
    /// An agent runtime has no free session.
    Throttled,
    /// A handler dies between two of its calls; a queue brings the message back.
    Crash,
    /// An agent reports a failure that another attempt may mend.
    AgentFailsTransiently,
    /// An agent reports a failure for good.
    AgentFailsForGood,
    /// An agent's process vanishes without a word.
    AgentDies,
    /// The sweep does not run for an hour.
    Outage,
    /// The sweep is told of a workflow that is not due: its index lags behind.
    StaleIndex,
}

/// How a workflow of the scenario must be able to come out; else the scenario covers less than it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    Completed,
    Failed,
    /// Because no session was free.
    OutOfCapacity,
    Cancelled,
    Rejected,
    Expired,
    /// A silent attempt was believed because of its completion record.
    Believed,
    Redriven,
    /// A redrive kept a piece that was done.
    Kept,
    /// A redrive found the completion record of an attempt that the failure had ended.
    Found,
    /// A branch failed for good, and the flow went on.
    WithGap,
    SecondRevision,
}

#[derive(Debug, Clone)]
pub struct Scenario {
    pub name: &'static str,
    pub flow: Pinned,
    pub rules: Rules,
    /// Of every approval of the flow.
    pub policy: ApprovalPolicy,
    /// How many of `kinds` can happen in one life.
    pub faults: u8,
    pub kinds: &'static [Fault],
    /// Being late is no fault that is counted: anything may be late any number of times.
    pub always_late: bool,
    /// Handlers that are overtaken between load and commit.
    pub races: u8,
    /// Decisions that people send.
    pub decisions: u8,
    pub cancels: u8,
    pub redrives: u8,
    /// Progress reports of each session.
    pub heartbeats: u8,
    /// Whether handlers can die before they have sent the stops that a write owes. Else they are sent with the write.
    pub stops: bool,
    pub goals: &'static [Goal],
}

/// The flow that ships.
const REPORT: &str = include_str!("../../../flows/report/1.json");

#[expect(
    clippy::expect_used,
    reason = "a definition that is none is a mistake in this crate"
)]
fn pinned(definition: &str) -> Pinned {
    let flow = Flow::parse(definition.as_bytes()).expect("a definition");
    assert!(flow.steps.len() <= PLACES, "facts have {PLACES} places");
    let fits = |entry| pieces(entry).count_ones() as usize <= PIECES;
    assert!(
        flow.steps.iter().all(fits),
        "facts have {PIECES} pieces of each"
    );
    Pinned::new(flow)
}

const MINUTE: Duration = Duration::from_secs(60);

/// As few retries, sends and revisions as show all there is.
pub fn small_rules() -> Rules {
    Rules {
        pickup_timeout: MINUTE,
        // Three throttled starts fill it, however their pauses are spread.
        capacity_timeout: Duration::from_secs(90),
        start_timeout: MINUTE,
        heartbeat_timeout: MINUTE,
        step_timeout: Duration::from_secs(90),
        retries: Retries::all(RetryPolicy {
            attempts: 2,
            ..RetryPolicy::default()
        }),
        max_sends: 2,
        // One, a minute before the deadline of three.
        approval_reminder: Duration::from_secs(120),
        retention: Duration::from_secs(90 * 24 * 3600),
    }
}

fn policy(required: u32, on_timeout: OnTimeout) -> ApprovalPolicy {
    ApprovalPolicy {
        required,
        approvers: Vec::new(),
        timeout_seconds: 180,
        on_timeout,
        escalate_to: vec!["grace".to_owned()],
        max_revisions: 1,
    }
}

impl Scenario {
    /// Nothing goes wrong but time, and nobody decides.
    pub fn quiet(name: &'static str) -> Self {
        Self {
            name,
            flow: pinned(REPORT),
            rules: small_rules(),
            policy: policy(1, OnTimeout::Expire),
            faults: 0,
            kinds: &[],
            always_late: false,
            races: 0,
            decisions: 0,
            cancels: 0,
            redrives: 0,
            heartbeats: 0,
            stops: false,
            goals: &[],
        }
    }

    /// The same of another flow, by its definition.
    #[must_use]
    pub fn of(self, definition: &str) -> Self {
        Self {
            flow: pinned(definition),
            ..self
        }
    }

    /// An attempt that fails is not tried again.
    #[must_use]
    pub fn tried_once(mut self) -> Self {
        self.rules.retries = Retries::all(RetryPolicy {
            attempts: 1,
            ..RetryPolicy::default()
        });
        self
    }

    pub fn policies(&self) -> BTreeMap<Name, ApprovalPolicy> {
        let approvals = self.flow.approvals();
        let policies = approvals.map(|asked| (asked.approval.clone(), self.policy.clone()));
        policies.collect()
    }

    #[must_use]
    pub fn approved_by(self, required: u32, on_timeout: OnTimeout) -> Self {
        Self {
            policy: policy(required, on_timeout),
            ..self
        }
    }
}
