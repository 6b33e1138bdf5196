//! Steps that run at once, and steps that run for each item.

use std::time::Duration;

use aegis_contracts::agent::BudgetRemaining;
use aegis_contracts::approval::DecisionKind;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::request::Budget;
use aegis_contracts::view::{Status, StepStatus};
use aegis_workflow::{
    Answer, Input, Pinned, Redrive, Rejection, Success, gaps_of, inputs_of, step_views,
};
use serde_json::json;

use crate::laws;
use crate::walk::{
    Walk, attempt, branch, cancel, failed, flow, found, name, policy, progress, redrive, rules,
    search_again, succeeded, success,
};

/// Plan, up to six searches of which two may fail, two steps at once, people, a report.
fn survey() -> Pinned {
    flow(json!({
        "flow": "survey", "version": 1, "title": "Survey",
        "steps": [
            {"step": "plan", "agent": "planner", "writes": "plan.json"},
            {"step": "search", "agent": "searcher", "each": "plan", "max": 6, "may_fail": 2,
             "at_once": 3, "writes": "notes.json"},
            {"parallel": [
                {"step": "weigh", "agent": "analyst", "reads": ["search"], "writes": "weights.json"},
                {"step": "doubt", "agent": "critic", "reads": ["plan", "search"], "writes": "doubts.json"}]},
            {"approval": "notes", "shows": "weigh", "redo": "search", "search_again": "plan"},
            {"step": "close", "agent": "writer", "reads": ["search", "weigh"], "writes": "survey.md"},
        ],
        "result": "close",
    }))
}

fn begun_with(budget: Option<Budget>, items: u32) -> Walk {
    let walk = Walk::of(survey(), rules(), policy(), budget);
    let plan = found(&walk.workflow, attempt("plan", 1), Some(items));
    walk.lawfully(plan)
}

fn begun(items: u32) -> Walk {
    begun_with(None, items)
}

impl Walk {
    /// Under all laws.
    fn lawfully(mut self, input: Input) -> Self {
        let seq = self.workflow.seq;
        self.workflow = laws::check(&self, &input);
        assert!(self.workflow.seq > seq, "{input:?} was refused");
        self.stops_sent()
    }

    fn done(self, of: Attempt) -> Self {
        let done = succeeded(&self.workflow, of);
        self.lawfully(done)
    }

    fn lost(self, of: Attempt) -> Self {
        self.lawfully(failed(of, false))
    }

    fn searched(self, branches: impl IntoIterator<Item = u32>) -> Self {
        let branches = branches.into_iter();
        branches.fold(self, |walk, number| walk.done(branch("search", number, 1)))
    }
}

fn search(number: u32) -> Attempt {
    branch("search", number, 1)
}

#[test]
fn each_item_has_a_branch_and_so_many_are_at_work_at_once() {
    let walk = begun(5);
    assert_eq!(walk.at_work(), [search(1), search(2), search(3)]);
    let walk = walk.done(search(2));
    assert_eq!(walk.at_work(), [search(1), search(3), search(4)]);
    let walk = walk.searched([1, 3, 4]);
    assert_eq!(walk.at_work(), [search(5)]);
    assert_eq!(walk.workflow.at(), Some(&name("search")));
    let walk = walk.done(search(5));
    assert_eq!(walk.at_work(), [attempt("weigh", 1), attempt("doubt", 1)]);
    assert_eq!(
        walk.workflow.at(),
        Some(&name("weigh")),
        "the first of both"
    );
    let walk = walk.done(attempt("doubt", 1));
    assert_eq!(walk.at_work(), [attempt("weigh", 1)]);
    let asked = walk.done(attempt("weigh", 1));
    assert_eq!(asked.workflow.status(), Status::AwaitingApproval);
}

#[test]
fn a_branch_is_tried_again_alone() {
    let walk = begun(2).lawfully(failed(search(1), true));
    assert_eq!(walk.at_work(), [search(2), branch("search", 1, 2)]);
    let walk = walk.done(branch("search", 1, 2)).done(search(2));
    assert_eq!(walk.workflow.at(), Some(&name("weigh")));
}

#[test]
fn so_many_branches_may_fail_and_the_next_one_fails_the_workflow() {
    let two_lost = begun(5).lost(search(1)).lost(search(3));
    let walk = two_lost.clone().searched([2, 4, 5]);
    assert_eq!(walk.workflow.at(), Some(&name("weigh")));
    let gaps = gaps_of(&walk.workflow, &name("weigh"));
    let gaps: Vec<u32> = gaps.iter().map(|gap| gap.branch).collect();
    assert_eq!(gaps, [1, 3]);
    let inputs = inputs_of(&walk.workflow, &name("weigh"), None, "");
    let inputs: Vec<Option<u32>> = inputs.iter().map(|input| input.branch).collect();
    assert_eq!(inputs, [Some(2), Some(4), Some(5)]);

    let third = two_lost.lost(search(5));
    assert_eq!(third.workflow.status(), Status::Failed);
    let stopped: Vec<&Attempt> = third.workflow.stopped().collect();
    assert_eq!(stopped, [&search(5), &search(2), &search(4)]);
}

#[test]
fn of_all_branches_one_has_to_succeed() {
    let walk = begun(2).lost(search(2));
    assert_eq!(walk.at_work(), [search(1)]);
    assert_eq!(
        walk.clone().done(search(1)).workflow.at(),
        Some(&name("weigh"))
    );
    assert_eq!(walk.lost(search(1)).workflow.status(), Status::Failed);
}

#[test]
fn a_step_for_no_items_has_ended() {
    let walk = begun(0);
    assert_eq!(walk.at_work(), [attempt("weigh", 1), attempt("doubt", 1)]);
    assert_eq!(inputs_of(&walk.workflow, &name("weigh"), None, ""), []);
}

#[test]
fn who_says_no_number_of_items_or_too_great_a_one_has_failed() {
    for (items, code) in [(None, "items_missing"), (Some(7), "too_many_items")] {
        let walk = Walk::of(survey(), rules(), policy(), None);
        let plan = found(&walk.workflow, attempt("plan", 1), items);
        let walk = walk.lawfully(plan.clone());
        let failure = aegis_workflow::failure_view(&walk.workflow).unwrap();
        assert_eq!(failure.code, code);
        assert_eq!(walk.rejection(plan), Rejection::Duplicate);
        // Nor is its record any better later on.
        let version = walk.workflow.version;
        let record = Success {
            items,
            ..success(&walk.workflow, attempt("plan", 1))
        };
        let redriven = walk.lawfully(Input::Redrive(Redrive {
            by: "ada".to_owned(),
            version,
            found: vec![record],
        }));
        assert_eq!(redriven.at_work(), [attempt("plan", 2)]);
    }
}

#[test]
fn a_redrive_takes_up_what_failed_or_was_stopped_and_nothing_else() {
    let walk = begun(6).lost(search(1)).lost(search(2)).done(search(4));
    assert_eq!(walk.at_work(), [search(3), search(5), search(6)]);
    let failed = walk.lost(search(5));
    let version = failed.workflow.version;
    let plain = failed.clone().lawfully(redrive(version));
    let again = |number| branch("search", number, 2);
    assert_eq!(plain.at_work(), [again(3), again(5), again(6)]);
    // What 1 and 2 lost was tolerated, and 4 is done.
    let walk = plain.done(again(3)).done(again(5)).done(again(6));
    assert_eq!(walk.workflow.at(), Some(&name("weigh")));

    // 3 had reported before it was stopped, and nobody heard; so had somebody who was never stopped.
    let found = [search(3), search(1)].map(|of| success(&failed.workflow, of));
    let found = failed.lawfully(Input::Redrive(Redrive {
        by: "ada".to_owned(),
        version,
        found: found.to_vec(),
    }));
    assert_eq!(found.at_work(), [again(5), again(6)]);
}

#[test]
fn what_all_stopped_ones_had_completed_needs_no_further_work() {
    let failed = begun(1).lost(search(1));
    let found = vec![success(&failed.workflow, search(1))];
    let version = failed.workflow.version;
    let by = "ada".to_owned();
    let walk = failed.then(Input::Redrive(Redrive { by, version, found }));
    assert_eq!(walk.at_work(), [attempt("weigh", 1), attempt("doubt", 1)]);
}

#[test]
fn of_two_at_once_a_redrive_repeats_the_one_that_was_stopped_too() {
    let both = begun(0).lost(attempt("doubt", 1));
    let version = both.workflow.version;
    let walk = both.lawfully(redrive(version));
    assert_eq!(walk.at_work(), [attempt("weigh", 2), attempt("doubt", 2)]);
    let one = begun(0).done(attempt("weigh", 1)).lost(attempt("doubt", 1));
    let version = one.workflow.version;
    assert_eq!(
        one.lawfully(redrive(version)).at_work(),
        [attempt("doubt", 2)]
    );
}

#[test]
fn changes_run_the_branches_anew_with_what_each_wrote_before() {
    let asked = begun(2).searched([1, 2]);
    let asked = asked.done(attempt("weigh", 1)).done(attempt("doubt", 1));
    let redone = asked
        .clone()
        .decided("ada", DecisionKind::RequestChanges, 0);
    assert_eq!(
        redone.at_work(),
        [branch("search", 1, 2), branch("search", 2, 2)]
    );
    let own = |walk: &Walk, number| {
        let inputs = inputs_of(&walk.workflow, &name("search"), Some(number), "");
        let inputs = inputs
            .iter()
            .map(|input| (input.step.to_string(), input.branch));
        inputs.collect::<Vec<_>>()
    };
    let plan = ("plan".to_owned(), None);
    assert_eq!(
        own(&redone, 2),
        [plan.clone(), ("search".to_owned(), Some(2))]
    );

    // Another plan: its second item is another one than before, and there is one only.
    let planning = asked.then(search_again("ada", 0));
    let plan_again = found(&planning.workflow, attempt("plan", 2), Some(1));
    let replanned = planning.wait(Duration::from_secs(1)).lawfully(plan_again);
    assert_eq!(replanned.at_work(), [branch("search", 1, 2)]);
    assert_eq!(own(&replanned, 1), [plan]);
    let walk = replanned.done(branch("search", 1, 2));
    let inputs = inputs_of(&walk.workflow, &name("weigh"), None, "");
    let read: Vec<&str> = inputs.iter().map(|input| input.step.as_str()).collect();
    assert_eq!(
        read,
        ["search", "weigh"],
        "the branch of this round, and its own"
    );
}

#[test]
fn one_look_takes_every_branch_that_is_due() {
    let walk = begun(3);
    let at_work = walk.at_work().into_iter();
    let walk = at_work.fold(walk, |walk, of| walk.lawfully(Input::Dispatched(of)));
    let walk = walk.until_due().lawfully(Input::DeadlinePassed);
    let again = |number| branch("search", number, 2);
    assert_eq!(walk.at_work(), [again(1), again(2), again(3)]);
    // All at their end at once: two may be lost, and the third may not.
    let at_work = walk.at_work().into_iter();
    let walk = at_work.fold(walk, |walk, of| walk.lawfully(Input::Dispatched(of)));
    let walk = walk.until_due().lawfully(Input::DeadlinePassed);
    assert_eq!(walk.workflow.status(), Status::Failed);
    assert_eq!(walk.workflow.gaps.len(), 2);
}

#[test]
fn a_late_branch_is_told_that_it_is_superseded() {
    let walk = begun(5).lost(search(1)).lost(search(2)).lost(search(3));
    let late = walk.answer(succeeded(&walk.workflow, search(4)));
    assert!(
        matches!(late, Answer::Rejected(Rejection::Stale { .. })),
        "{late:?}"
    );
    let never = walk.answer(progress(branch("search", 9, 1)));
    assert!(matches!(never, Answer::Rejected(_)), "{never:?}");
}

#[test]
fn a_cancelled_workflow_stops_all_branches() {
    let walk = begun(5).done(search(1));
    let Answer::Transition(transition) = walk.answer(cancel()) else {
        panic!("not cancelled");
    };
    assert_eq!(transition.stops.len(), 3);
    let cancelled = walk.lawfully(cancel());
    let views = step_views(&cancelled.workflow);
    let of = |number| {
        let mut views = views.iter();
        views
            .find(|view| view.branch == Some(number))
            .unwrap()
            .status
    };
    assert_eq!(
        [1, 2, 5].map(of),
        [
            StepStatus::Succeeded,
            StepStatus::Cancelled,
            StepStatus::Cancelled
        ]
    );
}

#[test]
fn each_branch_is_seen_whatever_has_become_of_it() {
    let walk = begun(6).lost(search(1)).done(search(2));
    let seen = |walk: &Walk| -> Vec<(Option<u32>, StepStatus, u32)> {
        let views = step_views(&walk.workflow).into_iter();
        let branches = views.filter(|view| view.branch.is_some());
        branches
            .map(|view| (view.branch, view.status, view.attempt))
            .collect()
    };
    let (requested, waiting) = (StepStatus::Requested, StepStatus::Waiting);
    let both = [
        (Some(1), StepStatus::Failed, 1),
        (Some(2), StepStatus::Succeeded, 1),
    ];
    let at_work = [3, 4, 5].map(|number| (Some(number), requested, 1));
    assert_eq!(
        seen(&walk),
        [&both[..], &at_work, &[(Some(6), waiting, 0)]].concat()
    );
    let failed = walk.lost(search(3)).lost(search(4));
    let ended = [
        (Some(3), StepStatus::Failed, 1),
        (Some(4), StepStatus::Failed, 1),
        (Some(5), StepStatus::Cancelled, 1),
        (Some(6), StepStatus::Cancelled, 1),
    ];
    assert_eq!(seen(&failed), [&both[..], &ended].concat());
}

/// However much each of them uses of what it was allowed, all together stay within the budget.
#[test]
fn a_budget_is_shared_and_what_is_left_over_returns() {
    let budget = Budget {
        max_tokens: Some(13_250),
        ..Budget::default()
    };
    let left = |walk: &Walk, of: &Attempt| -> u64 {
        let work = walk.workflow.current_work(of).unwrap();
        let left: BudgetRemaining = walk.workflow.budget_remaining(work, walk.now).unwrap();
        left.max_tokens.unwrap()
    };
    // The plan has used 1,250: 12,000 are left for six branches.
    let walk = begun_with(Some(budget), 6);
    for number in 1..=3 {
        assert_eq!(left(&walk, &search(number)), 2_000);
    }
    // It has used 1,250 of 2,000: the 750 are shared by the three that have not begun.
    let walk = walk.done(search(1));
    assert_eq!(left(&walk, &search(4)), 2_250);
    assert_eq!(left(&walk, &search(2)), 2_000, "what was given stays");
    let walk = walk.searched([2, 3, 4, 5, 6]);
    // 7,500 are used: what is left of 12,000 is shared by the two.
    assert_eq!(left(&walk, &attempt("weigh", 1)), 2_250);
    assert_eq!(left(&walk, &attempt("doubt", 1)), 2_250);
}
