//! One workflow in every phase that matters, with the two letters that name its column in `table.txt`.

use std::time::Duration;

use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::request::Budget;
use aegis_workflow::{ApprovalPolicy, Input, Rules};

use crate::walk::{Walk, cancel, policy, redrive, rules};

pub fn all() -> Vec<(&'static str, Walk)> {
    let analyzing = Walk::begin().succeeded();
    let asked = analyzing.clone().succeeded();
    let revised = asked
        .clone()
        .decided("ada", DecisionKind::RequestChanges, 0);
    let writing = asked.clone().decided("ada", DecisionKind::Approve, 0);
    [
        working("r", Walk::begin()),
        vec![("rt", throttled(Walk::begin()))],
        working("a", analyzing.clone()),
        vec![("vq", revised.clone())],
        approvals(asked.clone(), revised.succeeded()),
        working("w", writing.clone()),
        vec![
            ("rx", on_last_attempt(Walk::begin())),
            ("ax", on_last_attempt(analyzing)),
            ("wx", on_last_attempt(writing.clone())),
        ],
        over_budget(),
        failures(),
        vec![
            ("Co", writing.succeeded()),
            ("Cr", Walk::begin().then(cancel())),
            ("Cp", asked.clone().then(cancel())),
            ("Rj", asked.clone().decided("ada", DecisionKind::Reject, 0)),
            ("Ex", timed_out(asked)),
        ],
        // The stop of the first or second attempt at research was not sent.
        vec![
            ("ro", given_up(Walk::begin().dispatched())),
            ("Fo", given_up(on_last_attempt(Walk::begin()))),
            ("Xo", Walk::begin().owing(cancel())),
        ],
    ]
    .concat()
}

/// Its first attempt failed; attempt 2 is the last.
fn on_last_attempt(asked: Walk) -> Walk {
    asked.failed(true).dispatched()
}

/// Asked for, dispatched, running.
fn working(step: &str, asked: Walk) -> Vec<(&'static str, Walk)> {
    let names = match step {
        "r" => ["rq", "rd", "rr"],
        "a" => ["aq", "ad", "ar"],
        _ => ["wq", "wd", "wr"],
    };
    let [requested, dispatched, running] = names;
    vec![
        (requested, asked.clone()),
        (dispatched, asked.clone().dispatched()),
        (running, asked.running()),
    ]
}

fn given_up(dispatched: Walk) -> Walk {
    dispatched.until_due().owing(Input::DeadlinePassed)
}

fn throttled(asked: Walk) -> Walk {
    let of = asked.current();
    asked.then(Input::Throttled(of))
}

fn approvals(asked: Walk, again: Walk) -> Vec<(&'static str, Walk)> {
    let with = |policy| Walk::with(policy, None).succeeded().succeeded();
    let of_two = with(ApprovalPolicy {
        required: 2,
        ..policy()
    });
    let on_timeout = |on_timeout| {
        with(ApprovalPolicy {
            on_timeout,
            ..policy()
        })
    };
    let silence_approves = ApprovalPolicy {
        on_timeout: OnTimeout::Approve,
        ..policy()
    };
    let notified = |walk: Walk, revision| walk.then(Input::Notified { revision });
    vec![
        ("pq", asked.clone()),
        ("pn", notified(asked, 0)),
        ("p1", notified(of_two.clone(), 0)),
        (
            "p2",
            notified(of_two, 0).decided("ada", DecisionKind::Approve, 0),
        ),
        ("pt", notified(on_timeout(OnTimeout::Escalate), 0)),
        ("pe", timed_out(on_timeout(OnTimeout::Escalate))),
        ("ps", notified(on_timeout(OnTimeout::Approve), 0)),
        ("po", notified(out_of_time(policy()), 0)),
        ("px", notified(out_of_time(silence_approves), 0)),
        // Revision 1, the last that the policy allows.
        ("pv", notified(again, 1)),
        ("pr", reminded_daily(OnTimeout::Expire)),
        ("pm", reminded_daily(OnTimeout::Escalate).silent().silent()),
    ]
}

/// Awaits approval for three days; the third reminder would fall on the deadline.
pub fn reminded_daily(on_timeout: OnTimeout) -> Walk {
    let policy = ApprovalPolicy {
        on_timeout,
        ..policy()
    };
    let daily = Rules {
        approval_reminder: Duration::from_secs(24 * 3600),
        ..rules()
    };
    let asked = Walk::under(daily, policy, None).succeeded().succeeded();
    asked.then(Input::Notified { revision: 0 })
}

/// Awaits approval, and people have taken longer than the budget allows.
fn out_of_time(policy: ApprovalPolicy) -> Walk {
    let budget = Budget {
        max_duration_minutes: Some(2.0),
        ..Budget::default()
    };
    let asked = Walk::with(policy, Some(budget)).succeeded().succeeded();
    asked.wait(Duration::from_secs(45))
}

fn timed_out(asked: Walk) -> Walk {
    let revision = asked.workflow.revision;
    asked
        .then(Input::Notified { revision })
        .until_due()
        .then(Input::DeadlinePassed)
}

/// The next success, or retry, is more than the budget allows.
fn over_budget() -> Vec<(&'static str, Walk)> {
    let tokens = |max_tokens| {
        let budget = Budget {
            max_tokens: Some(max_tokens),
            ..Budget::default()
        };
        Walk::with(policy(), Some(budget))
    };
    vec![
        ("rb", tokens(100).running()),
        ("ab", tokens(1500).succeeded().running()),
    ]
}

fn failures() -> Vec<(&'static str, Walk)> {
    let over_budget = over_budget().remove(1).1;
    let done = crate::walk::succeeded(&over_budget.workflow, over_budget.current());
    let analyze = Walk::begin().succeeded().failed(false);
    let failed_at = analyze.workflow.version;
    let approved = Walk::begin()
        .succeeded()
        .succeeded()
        .decided("ada", DecisionKind::Approve, 0);
    vec![
        ("Fr", Walk::begin().failed(false)),
        ("Fa", analyze.clone()),
        ("Fp", over_budget.then(done)),
        ("Fw", approved.failed(false)),
        // The failed analysis, redriven: attempt 2.
        ("Re", analyze.then(redrive(failed_at))),
    ]
}
