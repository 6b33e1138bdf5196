//! The scenarios that are checked. Those of every build visit some eleven million distinct states.

use aegis_contracts::approval::OnTimeout;

use crate::scenario::Fault::{
    AgentDies, AgentFailsForGood, AgentFailsTransiently, Crash, Duplicate, Late, Loss, Outage,
    StaleIndex, Throttled,
};
use crate::scenario::Goal::{
    Believed, Cancelled, Completed, Expired, Failed, Found, Kept, OutOfCapacity, Redriven,
    Rejected, SecondRevision, WithGap,
};
use crate::scenario::{Fault, Scenario};

/// Two approvals, each about a step of its own; the flow ends with the second.
const TWO_APPROVALS: &str = r#"{"flow": "twice", "version": 1, "title": "Two approvals", "result": "finish", "steps": [
    {"step": "draft", "agent": "clerk", "writes": "draft.md"},
    {"approval": "plan", "shows": "draft", "redo": "draft"},
    {"step": "finish", "agent": "clerk", "reads": ["draft"], "writes": "final.md"},
    {"approval": "release", "shows": "finish", "redo": "finish"}]}"#;

/// A change request leads back over two steps.
const LONG_REDO: &str = r#"{"flow": "again", "version": 1, "title": "Two steps again", "result": "draft", "steps": [
    {"step": "gather", "agent": "clerk", "writes": "notes.md"},
    {"step": "draft", "agent": "clerk", "reads": ["gather"], "writes": "draft.md"},
    {"approval": "release", "shows": "draft", "redo": "gather"}]}"#;

const NO_APPROVAL: &str = r#"{"flow": "alone", "version": 1, "title": "Nobody is asked", "result": "draft", "steps": [
    {"step": "gather", "agent": "clerk", "writes": "notes.md"},
    {"step": "draft", "agent": "clerk", "reads": ["gather"], "writes": "draft.md"}]}"#;

/// Two agents work at once.
const PAIR: &str = r#"{"flow": "pair", "version": 1, "title": "Two at once", "result": "left", "steps": [
    {"parallel": [
        {"step": "left", "agent": "clerk", "writes": "left.md"},
        {"step": "right", "agent": "clerk", "writes": "right.md"}]}]}"#;

/// One agent works for each item, both at once; the flow goes on without one of them.
const EACH: &str = r#"{"flow": "each", "version": 1, "title": "For each item", "result": "join", "steps": [
    {"step": "plan", "agent": "clerk", "writes": "plan.md"},
    {"step": "search", "agent": "clerk", "each": "plan", "max": 2, "may_fail": 1, "writes": "found.md"},
    {"step": "join", "agent": "clerk", "reads": ["search"], "writes": "all.md"}]}"#;

/// The same for three items, one after another, and nobody joins them.
const IN_TURN: &str = r#"{"flow": "turns", "version": 1, "title": "One item after another", "result": "plan", "steps": [
    {"step": "plan", "agent": "clerk", "writes": "plan.md"},
    {"step": "search", "agent": "clerk", "each": "plan", "max": 3, "may_fail": 1, "at_once": 1, "writes": "found.md"}]}"#;

/// People decide on the plan, and a change request leads back to it and to the branches.
const EACH_AGAIN: &str = r#"{"flow": "anew", "version": 1, "title": "For each item, again", "result": "plan", "steps": [
    {"step": "plan", "agent": "clerk", "writes": "plan.md"},
    {"step": "search", "agent": "clerk", "each": "plan", "max": 2, "may_fail": 1, "writes": "found.md"},
    {"approval": "release", "shows": "plan", "redo": "plan"}]}"#;

/// A change request leads back to two agents that work at once.
const PAIR_AGAIN: &str = r#"{"flow": "pairs", "version": 1, "title": "Two at once, again", "result": "left", "steps": [
    {"parallel": [
        {"step": "left", "agent": "clerk", "writes": "left.md"},
        {"step": "right", "agent": "clerk", "writes": "right.md"}]},
    {"approval": "release", "shows": "left", "redo": "right"}]}"#;

/// What runs with every build.
pub fn scenarios() -> Vec<Scenario> {
    vec![
        transport(2),
        agents(2),
        beating(2),
        deciding(2, 1),
        deciding(3, 0),
        cancelling(1),
        redriving(3),
        overtaking(&[Late, Crash]),
        overlapping(2),
        throttling(3),
        twice_approved(2, 1),
        redoing(2, 1),
        unapproved(2),
        paired(2),
        paired_again(1),
        branching(2),
        in_turn(2),
        branching_again(1),
        stopping(2, 0),
        stopping(1, 1),
    ]
}

/// One fault, decision or race more; takes minutes.
pub fn wide_scenarios() -> Vec<Scenario> {
    vec![
        late(),
        beating(3),
        cancelling(2),
        redriving(4),
        deciding(3, 1),
        twice_approved(3, 1),
        redoing(3, 1),
        unapproved(3),
        overtaking(&[Late, Duplicate, Crash, AgentFailsTransiently]),
    ]
}

/// Messages and handlers fail, agents do not.
pub fn transport(faults: u8) -> Scenario {
    Scenario {
        faults,
        kinds: &[Late, Duplicate, Loss, Crash],
        decisions: 1,
        goals: &[Completed, Failed, Rejected, Expired, Believed],
        ..Scenario::quiet("transport fails")
    }
}

/// Nothing goes wrong but that anything may be late, as often as it likes.
pub fn late() -> Scenario {
    Scenario {
        always_late: true,
        goals: &[Failed, Expired, Believed],
        ..Scenario::quiet("always late")
    }
}

/// Agents fail, die and are late; the sweep is down or too early.
pub fn agents(faults: u8) -> Scenario {
    Scenario {
        faults,
        kinds: &[
            Late,
            AgentFailsTransiently,
            AgentFailsForGood,
            AgentDies,
            Loss,
            Outage,
            StaleIndex,
        ],
        decisions: 1,
        goals: &[Completed, Failed, Expired, Believed],
        ..Scenario::quiet("agents fail")
    }
}

/// Agents report progress, on time and late; silence approves.
pub fn beating(faults: u8) -> Scenario {
    Scenario {
        faults,
        kinds: &[
            Late,
            Duplicate,
            Loss,
            AgentFailsTransiently,
            AgentDies,
            StaleIndex,
        ],
        heartbeats: 1,
        goals: &[Completed, Believed],
        ..Scenario::quiet("agents report").approved_by(1, OnTimeout::Approve)
    }
}

/// Two approvers race; two approvals are needed; silence escalates.
pub fn deciding(decisions: u8, faults: u8) -> Scenario {
    let goals: &[_] = if decisions > 2 {
        &[Completed, Rejected, Expired, SecondRevision]
    } else {
        &[Completed, Rejected, Expired]
    };
    Scenario {
        faults,
        kinds: &[Late, Duplicate, Crash],
        decisions,
        goals,
        ..Scenario::quiet("people race").approved_by(2, OnTimeout::Escalate)
    }
}

/// A cancellation at any moment, against everything else; silence approves.
pub fn cancelling(faults: u8) -> Scenario {
    Scenario {
        faults,
        kinds: &[
            Late,
            Duplicate,
            Loss,
            Crash,
            AgentFailsTransiently,
            AgentFailsForGood,
            AgentDies,
        ],
        decisions: 1,
        cancels: 1,
        goals: &[Completed, Failed, Cancelled, Rejected],
        ..Scenario::quiet("cancelled").approved_by(1, OnTimeout::Approve)
    }
}

/// Failures are redriven; the redrive is late and delivered twice.
pub fn redriving(faults: u8) -> Scenario {
    Scenario {
        faults,
        kinds: &[Late, Duplicate, Crash, AgentFailsForGood],
        redrives: 1,
        goals: &[Completed, Failed, Redriven],
        ..Scenario::quiet("redriven").approved_by(1, OnTimeout::Approve)
    }
}

/// Any handler is overtaken between load and write by any other.
pub fn overtaking(kinds: &'static [Fault]) -> Scenario {
    Scenario {
        faults: 1,
        kinds,
        races: 1,
        decisions: 1,
        cancels: 1,
        goals: &[Completed, Cancelled, Rejected],
        ..Scenario::quiet("overtaken")
    }
}

/// Sweeps overlap each other and late reports.
pub fn overlapping(races: u8) -> Scenario {
    Scenario {
        faults: 2,
        kinds: &[Late, Loss, AgentDies, Outage],
        races,
        goals: &[Failed, Expired, Believed],
        ..Scenario::quiet("sweeps overlap")
    }
}

/// One approval after another: decisions are late and come twice, and each counts for what it names.
pub fn twice_approved(decisions: u8, faults: u8) -> Scenario {
    Scenario {
        faults,
        kinds: &[Late, Duplicate, Crash],
        decisions,
        goals: &[Completed, Rejected, Expired, SecondRevision],
        ..Scenario::quiet("two approvals").of(TWO_APPROVALS)
    }
}

/// A change request leads back over more than one step.
pub fn redoing(decisions: u8, faults: u8) -> Scenario {
    Scenario {
        faults,
        kinds: &[Late, Duplicate, AgentFailsTransiently],
        decisions,
        goals: &[Completed, Rejected, Expired, SecondRevision],
        ..Scenario::quiet("two steps again").of(LONG_REDO)
    }
}

/// Agents alone.
pub fn unapproved(faults: u8) -> Scenario {
    Scenario {
        faults,
        kinds: &[
            Late,
            Duplicate,
            Loss,
            Crash,
            AgentFailsTransiently,
            AgentFailsForGood,
            AgentDies,
        ],
        cancels: 1,
        redrives: 1,
        goals: &[Completed, Failed, Cancelled, Redriven, Believed],
        ..Scenario::quiet("no approval").of(NO_APPROVAL)
    }
}

/// Two agents work at once, and what happens to one happens beside the other.
pub fn paired(faults: u8) -> Scenario {
    Scenario {
        faults,
        kinds: &[
            Late,
            Duplicate,
            Loss,
            Crash,
            AgentFailsTransiently,
            AgentFailsForGood,
        ],
        redrives: 1,
        goals: &[Completed, Failed, Redriven, Believed, Kept, Found],
        ..Scenario::quiet("two at once").of(PAIR)
    }
}

/// A change request leads back to both, whichever it names; silence approves.
pub fn paired_again(faults: u8) -> Scenario {
    Scenario {
        faults,
        kinds: &[Duplicate, AgentFailsForGood],
        decisions: 1,
        goals: &[Completed, Failed, Rejected, SecondRevision],
        ..Scenario::quiet("two at once, again")
            .of(PAIR_AGAIN)
            .approved_by(1, OnTimeout::Approve)
            .tried_once()
    }
}

/// Branches fail, and one of them may.
pub fn branching(faults: u8) -> Scenario {
    Scenario {
        faults,
        kinds: &[Late, Crash, AgentFailsForGood],
        redrives: 1,
        goals: &[Completed, Failed, Redriven, Believed, WithGap, Found],
        ..Scenario::quiet("branches").of(EACH).tried_once()
    }
}

/// One branch begins when the other one has ended.
pub fn in_turn(faults: u8) -> Scenario {
    Scenario {
        faults,
        kinds: &[Late, Duplicate, Loss, Crash, AgentFailsForGood],
        redrives: 1,
        goals: &[Completed, Failed, Redriven, WithGap, Kept],
        ..Scenario::quiet("branches in turn").of(IN_TURN)
    }
}

/// Branches begin anew once changes were asked for, whatever became of those before; all of them can be cancelled.
/// Silence approves.
pub fn branching_again(faults: u8) -> Scenario {
    Scenario {
        faults,
        kinds: &[AgentFailsForGood],
        decisions: 1,
        cancels: 1,
        goals: &[Completed, Cancelled, Rejected, WithGap, SecondRevision],
        ..Scenario::quiet("branches, again")
            .of(EACH_AGAIN)
            .approved_by(1, OnTimeout::Approve)
    }
}

/// Handlers die before they have sent the stops that their write owes.
pub fn stopping(faults: u8, redrives: u8) -> Scenario {
    let goals: &[_] = if redrives > 0 {
        &[Completed, Failed, Cancelled, Redriven]
    } else {
        &[Completed, Failed, Cancelled]
    };
    Scenario {
        faults,
        kinds: &[Late, Crash, AgentFailsForGood],
        cancels: 1,
        redrives,
        stops: true,
        goals,
        ..Scenario::quiet("stops are owed").of(PAIR).tried_once()
    }
}

/// No session is free for a while, or for too long.
pub fn throttling(faults: u8) -> Scenario {
    Scenario {
        faults,
        kinds: &[Late, Throttled, Loss, Crash],
        goals: &[Completed, Failed, OutOfCapacity],
        ..Scenario::quiet("agents are throttled").approved_by(1, OnTimeout::Approve)
    }
}
