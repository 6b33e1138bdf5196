//! People are reminded of what waits for them: when, whom, and how often.

use std::time::Duration;

use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::event::Event;
use aegis_contracts::view::Status;
use aegis_workflow::{
    Answer, ApprovalPolicy, Ended, Input, MAX_REMINDERS, Phase, Rules, Transition, Workflow,
    approval_view,
};

use crate::specimens::reminded_daily;
use crate::walk::{Walk, name, policy, rules};

const HOUR: Duration = Duration::from_secs(3600);

fn every(interval: Duration) -> Rules {
    Rules {
        approval_reminder: interval,
        ..rules()
    }
}

fn awaiting(rules: Rules, policy: ApprovalPolicy) -> Walk {
    Walk::under(rules, policy, None).succeeded().succeeded()
}

fn told(walk: Walk) -> Walk {
    let revision = walk.workflow.revision;
    walk.then(Input::Notified { revision })
}

fn swept(walk: &Walk) -> Transition {
    match walk.answer(Input::DeadlinePassed) {
        Answer::Transition(transition) => transition,
        other => panic!("no transition: {other:?}"),
    }
}

/// Hours from the request to each reminder, with its number, up to the end or the escalation.
fn reminders(mut walk: Walk) -> (Vec<(u64, u32)>, Walk) {
    let (began, mut all) = (walk.now, Vec::new());
    loop {
        walk = walk.until_due();
        let transition = swept(&walk);
        let [Event::ApprovalReminded { reminder, .. }] = transition.events[..] else {
            return (all, walk);
        };
        all.push((walk.now.since(began).as_secs() / 3600, reminder));
        walk.workflow = transition.next;
    }
}

/// Reminders are for what waits, before its deadline, and no more than so many.
pub fn check_event(walk: &Walk, event: &Event) {
    let Event::ApprovalReminded {
        reminder,
        deadline_at,
        ..
    } = event
    else {
        return;
    };
    assert_eq!(walk.workflow.status(), Status::AwaitingApproval);
    assert!(walk.now < *deadline_at, "a reminder after the deadline");
    assert!((1..=MAX_REMINDERS).contains(reminder), "number {reminder}");
}

/// Of every state that is ever written.
pub fn check_state(workflow: &Workflow) {
    if let Phase::AwaitingApproval(approval) = &workflow.phase {
        assert!(
            approval
                .remind_at
                .is_none_or(|at| at < approval.deadline_at),
            "a reminder at or after the deadline: {approval:?}"
        );
        assert!(approval.reminders <= MAX_REMINDERS);
    }
}

#[test]
fn each_interval_reminds_once_and_never_at_the_deadline() {
    let three_days = told(awaiting(every(24 * HOUR), policy()));
    assert_eq!(reminders(three_days).0, [(24, 1), (48, 2)]);
    let seventy_one = told(awaiting(every(71 * HOUR), policy()));
    assert_eq!(reminders(seventy_one).0, [(71, 1)]);
    for never in [Duration::ZERO, 72 * HOUR, 1000 * HOUR] {
        let (none, last) = reminders(told(awaiting(every(never), policy())));
        check_state(&last.workflow);
        assert_eq!(none, [], "{never:?}");
        assert_eq!(swept(&last).next.phase, Phase::Ended(Ended::Expired));
    }
}

#[test]
fn reminders_are_counted_and_come_to_an_end() {
    let (all, last) = reminders(told(awaiting(every(HOUR), policy())));
    let expected: Vec<_> = (1..=MAX_REMINDERS).map(|n| (u64::from(n), n)).collect();
    assert_eq!(all, expected);
    let shown = approval_view(&last.workflow).unwrap();
    assert_eq!(shown.reminders, MAX_REMINDERS);
    assert_eq!(swept(&last).next.phase, Phase::Ended(Ended::Expired));
}

#[test]
fn a_reminder_is_a_version_with_one_event_and_no_command() {
    let walk = reminded_daily(OnTimeout::Expire).until_due();
    let transition = swept(&walk);
    assert_eq!(transition.next.version, walk.workflow.version + 1);
    assert_eq!(transition.commands, []);
    let Phase::AwaitingApproval(approval) = &transition.next.phase else {
        panic!("{:?}", transition.next.phase);
    };
    let reminded = Event::ApprovalReminded {
        approval: name("findings"),
        revision: 0,
        reminder: 1,
        approvers: vec!["ada".to_owned(), "bob".to_owned()],
        deadline_at: approval.deadline_at,
    };
    assert_eq!(transition.events, [reminded]);
}

#[test]
fn only_those_are_reminded_who_have_not_decided() {
    let reminded = |walk: Walk| match swept(&walk.until_due()).events.remove(0) {
        Event::ApprovalReminded { approvers, .. } => approvers,
        other => panic!("{other:?}"),
    };
    let of_two = ApprovalPolicy {
        required: 2,
        approvers: ["ada", "bob", "grace"].map(str::to_owned).to_vec(),
        on_timeout: OnTimeout::Escalate,
        ..policy()
    };
    let walk = told(awaiting(every(24 * HOUR), of_two.clone()));
    let voted = walk.decided("ada", DecisionKind::Approve, 0);
    assert_eq!(reminded(voted.clone()), ["bob", "grace"]);
    let escalated = ApprovalPolicy {
        approvers: ["ada", "bob"].map(str::to_owned).to_vec(),
        ..of_two.clone()
    };
    let mut walk = told(awaiting(every(24 * HOUR), escalated));
    walk = walk.decided("ada", DecisionKind::Approve, 0);
    while !walk.escalated() {
        walk = walk.silent();
    }
    assert_eq!(reminded(told(walk)), ["bob", "grace"]);
    let anyone = ApprovalPolicy {
        approvers: Vec::new(),
        ..of_two
    };
    let walk = told(awaiting(every(24 * HOUR), anyone));
    let voted = walk.decided("ada", DecisionKind::Approve, 0);
    assert_eq!(reminded(voted), [""; 0], "anyone");
}

#[test]
fn an_outage_makes_one_reminder_and_the_next_is_an_interval_later() {
    let late = told(awaiting(every(HOUR), policy())).wait(10 * HOUR + HOUR / 2);
    let before = late.workflow.version;
    let once = late.then(Input::DeadlinePassed);
    assert_eq!(once.workflow.version, before + 1);
    let due = once.workflow.due_at(&once.rules).unwrap();
    assert_eq!(due, once.now.plus(HOUR));
    let missed = told(awaiting(every(HOUR), policy())).wait(80 * HOUR);
    assert_eq!(
        swept(&missed).next.phase,
        Phase::Ended(Ended::Expired),
        "and no reminder"
    );
}

#[test]
fn reminders_begin_anew_after_an_escalation_and_a_revision() {
    let (first, waiting) = reminders(reminded_daily(OnTimeout::Escalate));
    let escalated = told(waiting.then(Input::DeadlinePassed));
    assert!(escalated.escalated());
    let shown = approval_view(&escalated.workflow).unwrap();
    assert_eq!(shown.reminders, 0);
    let (second, _) = reminders(escalated);
    assert_eq!(first, second);
    let once = reminded_daily(OnTimeout::Expire).silent();
    let revised = once.decided("ada", DecisionKind::RequestChanges, 0);
    assert_eq!(approval_view(&revised.workflow).unwrap().reminders, 1);
    assert_eq!(reminders(told(revised.succeeded())).0, first);
}

#[test]
fn what_nobody_picked_up_is_sent_again_with_the_reminder_if_both_are_due() {
    let walk = awaiting(every(HOUR), policy()).wait(2 * HOUR);
    let transition = swept(&walk);
    assert_eq!(transition.events.len(), 1);
    assert_eq!(transition.commands.len(), 1);
    let view = approval_view(&transition.next).unwrap();
    assert_eq!((view.reminders, view.pickup.unwrap().sends), (1, 2));
}
