//! Rules that a table of pairs cannot show: quantities, delays, what is remembered.

use std::time::Duration;

use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::changes::{ChangeRequest, Changes};
use aegis_contracts::command::{Command, StepCommand};
use aegis_contracts::problem::Code;
use aegis_contracts::request::Budget;
use aegis_workflow::{Answer, ApprovalPolicy, Ended, Input, Phase, Rejection, Vote, Workflow};

use crate::walk::{Walk, attempt, attempts, failed, name, policy, progress, redrive, used, vote};

pub fn failure(workflow: &Workflow) -> (&str, &str) {
    match &workflow.phase {
        Phase::Ended(Ended::Failed(failure)) => (&failure.code, &failure.message),
        other => panic!("not failed: {other:?}"),
    }
}

/// Until the sweep should look.
pub fn seconds(walk: &Walk) -> u64 {
    let due = walk.workflow.due_at(&walk.rules).unwrap();
    due.since(walk.now).as_secs()
}

#[test]
fn a_command_that_nobody_picks_up_is_sent_again_ever_more_slowly_then_given_up() {
    let mut walk = Walk::begin();
    let mut waits = Vec::new();
    while !walk.workflow.status().is_terminal() {
        waits.push(seconds(&walk));
        walk = walk.silent();
    }
    assert_eq!(waits, [60, 120, 240, 480, 960, 1920]);
    assert_eq!(failure(&walk.workflow).0, "undeliverable");
}

#[test]
fn before_a_command_is_given_up_its_completion_record_is_worth_a_look() {
    let looks = |walk: &Walk| !walk.workflow.silent_work(&walk.rules, walk.now).is_empty();
    let mut walk = Walk::begin();
    for _ in 1..walk.rules.max_sends {
        assert!(!looks(&walk.clone().until_due()), "it is only sent again");
        walk = walk.silent();
    }
    assert!(!looks(&walk), "not before it is due");
    assert!(looks(&walk.until_due()), "it would be undeliverable");
}

#[test]
fn redelivered_messages_do_not_use_up_the_sends() {
    let mut walk = Walk::begin();
    for _ in 0..20 {
        walk = walk.wait(Duration::from_secs(6));
        if let Answer::Touch(touch) = walk.answer(Input::Resent) {
            walk.workflow = touch.next;
        }
    }
    assert!(
        !walk.workflow.owed().is_empty(),
        "still waits to be picked up"
    );
    assert!(walk.clone().dispatched().workflow.owed().is_empty());
}

#[test]
fn each_sign_of_life_buys_time_up_to_the_limit_of_the_step() {
    let walk = Walk::begin().dispatched();
    assert_eq!(seconds(&walk), 120, "to the first sign of life");
    let mut walk = walk
        .wait(Duration::from_secs(100))
        .then(progress(attempt("research", 1)));
    assert_eq!(seconds(&walk), 300, "to the next one");
    while seconds(&walk) == 300 {
        walk = walk
            .wait(Duration::from_secs(250))
            .then(progress(attempt("research", 1)));
    }
    let retried = walk.silent();
    assert_eq!(retried.current(), attempt("research", 2));
    let (dispatched, limit) = (retried.now, Duration::from_secs(3600));
    assert!(dispatched.since(retried.workflow.created_at) <= limit + Duration::from_secs(1));
}

#[test]
fn what_ran_out_is_named() {
    let code = |walk: Walk| {
        let last = Walk {
            rules: aegis_workflow::Rules {
                retries: attempts(1),
                ..walk.rules.clone()
            },
            ..walk
        };
        failure(&last.silent().workflow).0.to_owned()
    };
    assert_eq!(code(Walk::begin().dispatched()), "agent_not_started");
    assert_eq!(code(Walk::begin().running()), "agent_silent");
    let mut busy = Walk::begin().running();
    while seconds(&busy) == 300 {
        busy = busy
            .wait(Duration::from_secs(299))
            .then(progress(attempt("research", 1)));
    }
    assert_eq!(code(busy), "step_timeout");
}

#[test]
fn heartbeats_close_together_are_not_written() {
    let walk = Walk::begin().running().wait(Duration::from_secs(14));
    let beat = progress(attempt("research", 1));
    assert_eq!(walk.rejection(beat.clone()), Rejection::Duplicate);
    walk.wait(Duration::from_secs(1)).then(beat);
}

#[test]
fn a_report_that_overtakes_the_dispatch_is_taken() {
    let walk = Walk::begin().then(progress(attempt("research", 1)));
    assert_eq!(walk.workflow.owed(), [], "nothing to send again");
    let dispatched = Input::Dispatched(attempt("research", 1));
    assert_eq!(walk.rejection(dispatched), Rejection::Duplicate);
    assert_eq!(
        Walk::begin().succeeded_now().current(),
        attempt("analyze", 1)
    );
}

#[test]
fn retries_wait_longer_each_time_and_a_redrive_counts_afresh() {
    let rules = aegis_workflow::Rules {
        retries: attempts(4),
        ..crate::walk::rules()
    };
    let mut walk = Walk::under(rules, policy(), None);
    let mut delays = Vec::new();
    for number in 1..=3 {
        match walk.answer(failed(attempt("research", number), true)) {
            Answer::Transition(done) => {
                delays.push(done.commands[0].delay.as_secs());
                walk.workflow = done.next;
            }
            other => panic!("{other:?}"),
        }
    }
    for (delay, bound) in delays.iter().zip([2, 4, 8]) {
        assert!((1..=bound).contains(delay), "{delays:?}");
    }
    let walk = walk.then(failed(attempt("research", 4), true));
    let version = walk.workflow.version;
    let walk = walk
        .then(redrive(version))
        .then(failed(attempt("research", 5), true));
    assert_eq!(walk.current(), attempt("research", 6));
}

#[test]
fn a_delayed_retry_is_not_sent_early() {
    let walk = Walk::begin().failed(true);
    assert!(
        (61..=62).contains(&seconds(&walk)),
        "its pick-up time counts from the delayed send"
    );
    let redelivered = walk.wait(Duration::from_secs(6));
    assert_eq!(redelivered.rejection(Input::Resent), Rejection::Duplicate);
}

#[test]
fn one_vote_per_person_until_enough_have_approved() {
    let of_two = ApprovalPolicy {
        required: 2,
        ..policy()
    };
    let walk = Walk::with(of_two, None).succeeded().succeeded();
    let walk = walk.decided("ada", DecisionKind::Approve, 0);
    let again = crate::walk::decision_of("ada", DecisionKind::Approve, 0);
    assert_eq!(walk.rejection(again), Rejection::Duplicate);
    assert_eq!(
        walk.decided("bob", DecisionKind::Approve, 0).current(),
        attempt("write", 1)
    );
}

/// Whoever approves again with something to say would think that it is kept.
#[test]
fn what_is_added_to_a_decision_later_is_refused_and_not_lost() {
    let of_two = ApprovalPolicy {
        required: 2,
        ..policy()
    };
    let said = |comment: Option<&str>| {
        Input::Decide(Vote {
            comment: comment.map(str::to_owned),
            ..vote("ada", DecisionKind::Approve, Some(0))
        })
    };
    let refused = |walk: &Walk, later: Input| {
        let later = walk.rejection(later);
        assert!(
            matches!(&later, Rejection::Illegal(why) if why.code == Code::AlreadyDecided
                && why.detail.contains("cannot be added or changed")),
            "{later:?}"
        );
    };
    let asked = Walk::with(of_two, None).succeeded().succeeded();
    let waiting = asked.clone().then(said(Some("well founded")));
    let settled = waiting.clone().decided("bob", DecisionKind::Approve, 0);
    for walk in [waiting, settled] {
        for nothing_new in [None, Some("well founded"), Some(" ")] {
            let again = walk.rejection(said(nothing_new));
            assert_eq!(again, Rejection::Duplicate, "{nothing_new:?}");
        }
        refused(&walk, said(Some("but mind the costs")));
    }
    let dropping = |finding| {
        let changes = Changes {
            drop: vec![finding],
            ..Changes::default()
        };
        Input::Decide(Vote {
            comment: None,
            changes: Some(changes),
            ..vote("ada", DecisionKind::RequestChanges, Some(0))
        })
    };
    let changed = asked.then(dropping(1));
    assert_eq!(changed.rejection(dropping(1)), Rejection::Duplicate);
    refused(&changed, dropping(2));
}

#[test]
fn an_escalation_keeps_the_votes_and_ends_by_expiry() {
    let escalating = ApprovalPolicy {
        required: 2,
        on_timeout: OnTimeout::Escalate,
        ..policy()
    };
    let walk = Walk::with(escalating, None).succeeded().succeeded();
    let mut walk = walk.decided("ada", DecisionKind::Approve, 0);
    while !walk.escalated() {
        walk = walk.silent();
    }
    assert_eq!(
        walk.clone()
            .decided("grace", DecisionKind::Approve, 0)
            .current(),
        attempt("write", 1)
    );
    while !walk.workflow.status().is_terminal() {
        walk = walk.silent();
    }
    assert_eq!(walk.workflow.phase, Phase::Ended(Ended::Expired));
}

#[test]
fn a_change_request_can_ask_for_another_search() {
    let asked = Walk::begin().succeeded().succeeded();
    let changes = Changes {
        terms: vec!["lattices".to_owned()],
        search_again: true,
        ..Changes::default()
    };
    let searching = asked.then(Input::Decide(Vote {
        comment: None,
        changes: Some(changes.clone()),
        ..vote("ada", DecisionKind::RequestChanges, Some(0))
    }));
    assert_eq!(searching.current(), attempt("research", 2));
    assert_eq!(searching.workflow.change_requests()[0].changes, changes);
    let analyzing = searching.succeeded();
    assert_eq!(analyzing.current(), attempt("analyze", 2));
    assert_eq!(analyzing.workflow.change_requests()[0].changes, changes);
    assert_eq!(analyzing.succeeded().workflow.revision, 1);
}

#[test]
fn the_step_that_runs_again_hears_what_should_change_and_no_other_does() {
    let asked = Walk::begin().succeeded().succeeded();
    assert_eq!(asked.workflow.change_requests(), []);
    let revised = asked.decided("ada", DecisionKind::RequestChanges, 0);
    assert_eq!(revised.current(), attempt("analyze", 2));
    let heard = [ChangeRequest {
        shows: "analyze".parse().unwrap(),
        revision: 0,
        comment: Some("say more on lattices".to_owned()),
        changes: Changes::default(),
    }];
    assert_eq!(revised.workflow.change_requests(), heard);
    let version = revised.workflow.version + 1;
    let redriven = revised.failed(false).then(redrive(version));
    assert_eq!(
        redriven.workflow.change_requests(),
        heard,
        "not after a redrive"
    );
    let writing = redriven
        .succeeded()
        .decided("ada", DecisionKind::Approve, 1);
    assert_eq!(writing.workflow.change_requests(), []);
    assert_eq!(
        writing.workflow.owed(),
        [Command::RunStep(StepCommand {
            agent: name("writer"),
            of: attempt("write", 1),
            revision: 1,
        })]
    );
}

#[test]
fn every_budget_is_watched_and_the_last_step_may_finish() {
    let limits = [
        (
            "max_cost_usd",
            Budget {
                max_cost_usd: Some(0.005),
                ..Budget::default()
            },
        ),
        (
            "max_tokens",
            Budget {
                max_tokens: Some(100),
                ..Budget::default()
            },
        ),
        (
            "max_duration_minutes",
            Budget {
                max_duration_minutes: Some(0.1),
                ..Budget::default()
            },
        ),
    ];
    for (limit, budget) in limits {
        let stopped = Walk::with(policy(), Some(budget)).succeeded();
        let (code, message) = failure(&stopped.workflow);
        assert_eq!(code, "budget_exceeded");
        assert!(message.contains(limit), "{message}");
        assert!(
            stopped
                .workflow
                .result_of(&name("research"), None)
                .is_some(),
            "its result is kept"
        );
    }
    let all_but_the_report = Budget {
        max_tokens: Some(2600),
        ..Budget::default()
    };
    let writing = Walk::with(policy(), Some(all_but_the_report))
        .succeeded()
        .succeeded();
    let done = writing.decided("ada", DecisionKind::Approve, 0).succeeded();
    assert_eq!(done.workflow.phase, Phase::Ended(Ended::Completed));
    assert_eq!(
        done.workflow.usage.total_tokens(),
        3 * used(1000).total_tokens()
    );
}

#[test]
fn usage_of_lost_attempts_counts() {
    let walk = Walk::begin().running().silent();
    assert_eq!(walk.workflow.usage, used(500), "as last reported");
    let walk = walk.running().then(crate::walk::cancel());
    assert_eq!(
        walk.workflow.usage_so_far().total_tokens(),
        2 * used(500).total_tokens()
    );
}

#[test]
fn every_comment_so_far_is_heard_and_of_too_many_the_latest() {
    let patient = ApprovalPolicy {
        max_revisions: 9,
        ..policy()
    };
    let mut walk = Walk::with(patient, None).succeeded();
    for revision in 0..9u32 {
        let comment = match revision {
            0 => Some("say more on lattices".to_owned()),
            1 => None,
            2 => Some("and on costs".to_owned()),
            _ => Some(format!("{revision}{}", "ü".repeat(1_499))),
        };
        let changes = Input::Decide(Vote {
            comment,
            ..vote("ada", DecisionKind::RequestChanges, Some(revision))
        });
        walk = walk.succeeded().then(changes);
        let heard = walk.workflow.change_requests();
        let words: Vec<&str> = heard
            .iter()
            .filter_map(|asked| asked.comment.as_deref())
            .collect();
        let feedback = words.join("\n");
        match revision {
            0 | 1 => assert_eq!(feedback, "say more on lattices"),
            2 => assert_eq!(feedback, "say more on lattices\nand on costs"),
            _ => {
                let latest = feedback.lines().last().unwrap();
                assert!(latest.starts_with(&revision.to_string()));
                assert!(feedback.chars().count() <= 6_000, "{revision}");
            }
        }
    }
    let approved = walk.succeeded().decided("ada", DecisionKind::Approve, 9);
    assert_eq!(
        approved.workflow.change_requests(),
        [],
        "the writer hears none"
    );
}

fn left_of(walk: &Walk) -> Option<aegis_contracts::agent::BudgetRemaining> {
    let work = &walk.workflow.work()[0];
    walk.workflow.budget_remaining(work, walk.now)
}

#[test]
fn what_is_left_of_a_budget_shrinks_with_what_is_used() {
    assert_eq!(left_of(&Walk::begin()), None);
    let budget = Budget {
        max_cost_usd: Some(1.0),
        max_tokens: Some(2_000),
        max_duration_minutes: Some(1.0),
    };
    let walk = Walk::with(policy(), Some(budget));
    let left = |walk: &Walk| left_of(walk).unwrap();
    assert_eq!(left(&walk).max_tokens, Some(2_000));
    assert_eq!(left(&walk).seconds, Some(60));
    let analyzing = walk.succeeded();
    assert_eq!(left(&analyzing).max_tokens, Some(750));
    assert_eq!(left(&analyzing).max_cost_usd, Some(0.99));
    assert_eq!(left(&analyzing).seconds, Some(60 - 41));
    let late = analyzing.wait(Duration::from_secs(100));
    assert_eq!(left(&late).seconds, Some(0), "never less than nothing");
}

#[test]
fn a_budget_that_is_used_up_is_no_way_around_by_redrive() {
    let budget = Budget {
        max_tokens: Some(100),
        ..Budget::default()
    };
    let stopped = Walk::with(policy(), Some(budget)).succeeded();
    let version = stopped.workflow.version;
    match stopped.rejection(redrive(version)) {
        Rejection::Illegal(why) => assert_eq!(why.code, Code::BudgetExceeded),
        other => panic!("{other:?}"),
    }
}
