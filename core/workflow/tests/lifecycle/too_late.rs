//! The time to decide ends at the deadline, whenever the sweep comes by.

use std::time::Duration;

use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::problem::Code;
use aegis_contracts::time::Timestamp;
use aegis_workflow::{ApprovalPolicy, Input, Phase, Rejection, too_late};

use crate::walk::{Walk, decision_of, policy};

const KINDS: [DecisionKind; 3] = [
    DecisionKind::Approve,
    DecisionKind::Reject,
    DecisionKind::RequestChanges,
];

fn awaiting(on_timeout: OnTimeout) -> Walk {
    let policy = ApprovalPolicy {
        required: 2,
        on_timeout,
        ..policy()
    };
    let asked = Walk::with(policy, None).succeeded().succeeded();
    asked.then(Input::Notified { revision: 0 })
}

fn deadline(walk: &Walk) -> Timestamp {
    match &walk.workflow.phase {
        Phase::AwaitingApproval(approval) => approval.deadline_at,
        other => panic!("no approval: {other:?}"),
    }
}

/// So many milliseconds from a millisecond before the approval's deadline.
fn at_the_end(walk: &Walk, late: u64) -> Walk {
    let before = Timestamp::from_millis(deadline(walk).as_millis() - 1);
    Walk {
        now: before.plus(Duration::from_millis(late)),
        ..walk.clone()
    }
}

fn refusal(walk: &Walk, kind: DecisionKind) -> (&'static str, String) {
    match walk.rejection(decision_of("ada", kind, 0)) {
        Rejection::Illegal(why) => (why.code.as_str(), why.detail),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_decision_counts_before_the_deadline_and_not_at_it() {
    for on_timeout in [OnTimeout::Approve, OnTimeout::Expire, OnTimeout::Escalate] {
        let asked = awaiting(on_timeout);
        for kind in KINDS {
            let in_time = at_the_end(&asked, 0);
            assert_eq!(too_late(&in_time.workflow, in_time.now), None);
            in_time.decided("ada", kind, 0);
            for late in [1, 2, 60_000, 86_400_000] {
                let walk = at_the_end(&asked, late);
                let (code, detail) = refusal(&walk, kind);
                assert_eq!(code, "decision_too_late", "{kind:?}, {late} ms");
                let ended_at = deadline(&asked).to_string();
                assert!(detail.contains(&ended_at), "{detail}");
            }
        }
    }
}

#[test]
fn who_is_too_late_is_told_what_comes_instead() {
    for (on_timeout, follows) in [
        (OnTimeout::Approve, "it counts as approved"),
        (OnTimeout::Expire, "the workflow expires"),
        (OnTimeout::Escalate, "others are asked to decide"),
    ] {
        let (_, detail) = refusal(&at_the_end(&awaiting(on_timeout), 1), DecisionKind::Approve);
        assert!(
            detail.ends_with(&format!("within a minute {follows}")),
            "{detail}"
        );
    }
}

/// Neither those who were asked first, nor those who have not been asked yet.
#[test]
fn between_the_deadline_and_the_escalation_nobody_decides() {
    let late = at_the_end(&awaiting(OnTimeout::Escalate), 1);
    let grace = decision_of("grace", DecisionKind::Approve, 0);
    assert!(matches!(
        late.rejection(grace.clone()),
        Rejection::Illegal(why) if why.code == Code::NotAnApprover
    ));
    assert_eq!(refusal(&late, DecisionKind::Approve).0, "decision_too_late");
    let escalated = late.then(Input::DeadlinePassed);
    let (_, detail) = refusal(&at_the_end(&escalated, 1), DecisionKind::Reject);
    assert!(detail.ends_with("the workflow expires"), "{detail}");
    escalated
        .decided("ada", DecisionKind::Approve, 0)
        .then(grace);
}

/// Nothing new is said by it, so it does not matter when it is said.
#[test]
fn a_decision_that_was_made_in_time_stays_known_after_it() {
    for on_timeout in [OnTimeout::Approve, OnTimeout::Expire, OnTimeout::Escalate] {
        let decided = awaiting(on_timeout).decided("ada", DecisionKind::Approve, 0);
        let late = at_the_end(&decided, 1);
        let again = decision_of("ada", DecisionKind::Approve, 0);
        assert_eq!(late.rejection(again.clone()), Rejection::Duplicate);
        assert_eq!(refusal(&late, DecisionKind::Reject).0, "already_decided");
        let ended = late.then(Input::DeadlinePassed);
        assert_eq!(ended.rejection(again), Rejection::Duplicate);
    }
}
