//! Exactly at a limit, and exactly what is kept: where a slip of one changes nothing else.

use std::time::Duration;

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::request::Budget;
use aegis_contracts::view::Status;
use aegis_workflow::{ApprovalPolicy, Input, Phase, RESEND_FLOOR, Rejection, Rules, Vote};

use crate::walk::{Walk, policy, rules, vote};

fn after_research(budget: Budget) -> Status {
    Walk::with(policy(), Some(budget))
        .succeeded()
        .workflow
        .status()
}

/// One success of these walks uses 1,250 tokens, a cent and 41 seconds.
#[test]
fn a_budget_used_to_the_last_is_not_exceeded() {
    let tokens = |most| Budget {
        max_tokens: Some(most),
        ..Budget::default()
    };
    let dollars = |most| Budget {
        max_cost_usd: Some(most),
        ..Budget::default()
    };
    let minutes = |most| Budget {
        max_duration_minutes: Some(most),
        ..Budget::default()
    };
    for enough in [tokens(1_250), dollars(0.01), minutes(41.0 / 60.0)] {
        assert_eq!(after_research(enough), Status::Running, "{enough:?}");
    }
    for little in [tokens(1_249), dollars(0.009), minutes(40.0 / 60.0)] {
        assert_eq!(after_research(little), Status::Failed, "{little:?}");
    }
}

#[test]
fn an_approval_that_was_told_of_is_not_owed() {
    let walk = Walk::begin()
        .succeeded()
        .succeeded()
        .then(Input::Notified { revision: 0 });
    let Phase::AwaitingApproval(approval) = &walk.workflow.phase else {
        panic!("{:?}", walk.workflow.phase);
    };
    assert_eq!(approval.notified_at, Some(walk.now));
    assert_eq!((approval.sent_at, approval.resend_at), (None, None));
    assert_eq!(walk.workflow.owed(), []);
}

/// What is kept of it is part of every later write.
#[test]
fn a_settled_approval_forgets_how_it_was_asked_for() {
    let reminding = Rules {
        approval_reminder: Duration::from_secs(3600),
        ..rules()
    };
    let asked = Walk::under(reminding, policy(), None)
        .succeeded()
        .succeeded();
    let told = asked.clone().then(Input::Notified { revision: 0 });
    for walk in [asked, told] {
        let settled = walk
            .decided("ada", DecisionKind::Approve, 0)
            .workflow
            .settled
            .unwrap();
        assert_eq!(settled.sends, 0);
        let times = [settled.sent_at, settled.resend_at, settled.notified_at];
        assert_eq!(times, [None; 3]);
        assert_eq!(settled.remind_at, None);
        assert_eq!(settled.decisions.len(), 1);
    }
}

/// Reminders off, so that only the sends and the deadline are left.
#[test]
fn an_approval_is_asked_for_as_often_as_a_command_is_sent_then_waits() {
    let rules = Rules {
        approval_reminder: Duration::ZERO,
        ..rules()
    };
    let mut walk = Walk::under(rules, policy(), None).succeeded().succeeded();
    let asked = |walk: &Walk| match &walk.workflow.phase {
        Phase::AwaitingApproval(approval) => (approval.sends, approval.deadline_at),
        other => panic!("{other:?}"),
    };
    let (_, deadline) = asked(&walk);
    for sends in 2..=walk.rules.max_sends {
        walk = walk.until_due().then(Input::DeadlinePassed);
        assert_eq!(asked(&walk).0, sends);
    }
    assert_eq!(walk.workflow.due_at(&walk.rules), Some(deadline));
}

/// A redelivered message sends again what is owed, but no more often than the sweep would.
#[test]
fn a_redelivery_does_not_use_up_more_than_the_sends_there_are() {
    for mut walk in [Walk::begin(), Walk::begin().succeeded().succeeded()] {
        let rules = Rules {
            approval_reminder: Duration::ZERO,
            ..walk.rules.clone()
        };
        walk.rules = rules;
        for _ in 2..=walk.rules.max_sends {
            walk = walk.wait(RESEND_FLOOR).then(Input::Resent);
        }
        let rejection = walk.wait(RESEND_FLOOR).rejection(Input::Resent);
        assert_eq!(rejection, Rejection::Duplicate);
    }
}

#[test]
fn comments_are_kept_up_to_their_last_character() {
    let asked = |walk: Walk, revision, length: usize| {
        walk.then(Input::Decide(Vote {
            comment: Some("x".repeat(length)),
            ..vote("ada", DecisionKind::RequestChanges, Some(revision))
        }))
        .succeeded()
    };
    let policy = ApprovalPolicy {
        max_revisions: 3,
        ..policy()
    };
    for (last, kept) in [(2_000, 3), (2_001, 2)] {
        let mut walk = Walk::with(policy.clone(), None).succeeded().succeeded();
        for (revision, length) in [(0, 2_000), (1, last), (2, 10)] {
            walk = asked(walk, revision, length);
        }
        let asked = walk.workflow.change_requests();
        assert_eq!(asked.len(), kept, "{last}");
    }
}
