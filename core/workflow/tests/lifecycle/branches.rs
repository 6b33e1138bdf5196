//! The same where several agents work at once: two steps, and branches of a step.

use std::time::Duration;

use aegis_contracts::approval::DecisionKind::{Approve, RequestChanges};
use aegis_contracts::attempt::Attempt;
use aegis_workflow::{Input, Pinned};
use serde_json::json;

use crate::inputs::{Arrival, clock, misplaced};
use crate::walk::{
    Walk, attempt, branch, cancel, decision_of, failed, flow, policy, progress, redrive, rules,
    succeeded,
};

/// Up to three branches, two at once, of which one may be lost; people; two steps at once; and branches again, at the
/// end.
fn survey() -> Pinned {
    let step = |name: &str| json!({"step": name, "agent": "clerk", "writes": format!("{name}.md")});
    let each = |name: &str| {
        json!({"step": name, "agent": "clerk", "writes": format!("{name}.md"), "each": "plan",
               "max": 3, "may_fail": 1, "at_once": 2})
    };
    flow(json!({
        "flow": "survey", "version": 1, "title": "Survey",
        "steps": [step("plan"), each("look"), {"approval": "notes", "shows": "plan", "redo": "plan"},
                  {"parallel": [step("weigh"), step("doubt")]}, each("send")],
        "result": "doubt",
    }))
}

pub fn all() -> Vec<(&'static str, Walk)> {
    let done = |walk: Walk, of: Attempt| {
        let done = succeeded(&walk.workflow, of);
        walk.then(done)
    };
    let lost = |walk: Walk, of: Attempt| walk.then(failed(of, false));
    let look = |number| branch("look", number, 1);
    let planning = Walk::of(survey(), rules(), policy(), None);
    let two = planning.clone().succeeded();
    let gap = lost(two.clone(), look(1));
    let last = done(done(two.clone(), look(1)), look(2));
    let again = last.clone().failed(true).dispatched();
    let asked = last.succeeded();
    let anew = asked.clone().decided("ada", RequestChanges, 0);
    let both = asked.decided("ada", Approve, 0);
    let one = done(both.clone(), attempt("doubt", 1));
    let sending = one.clone().succeeded();
    let sent = lost(sending.clone(), branch("send", 1, 1));
    let sent = done(sent, branch("send", 2, 1));
    let end = done(done(sending, branch("send", 1, 1)), branch("send", 2, 1));
    let broken = lost(gap.clone(), look(2));
    let version = broken.workflow.version;
    vec![
        ("p1", planning),
        ("l2", two),
        ("lg", gap),
        ("la", again.clone()),
        ("pr", anew),
        ("w2", both),
        ("w1", one),
        ("sg", sent),
        ("sa", end.failed(true).dispatched()),
        ("Fl", broken.clone()),
        ("Rl", broken.then(redrive(version))),
        ("no", again.until_due().owing(Input::DeadlinePassed)),
    ]
}

pub fn inputs(walk: &Walk) -> Vec<Arrival> {
    let soon = walk.clone().wait(Duration::from_secs(20));
    let workflow = &walk.workflow;
    let nobody = branch("look", 9, 1);
    let at_work = |index: usize| {
        let work = workflow.work().get(index);
        work.map_or(nobody.clone(), |work| work.of.clone())
    };
    let (own, beside) = (at_work(0), at_work(1));
    let mut rows = Vec::new();
    for (who, of) in [
        ("own", own.clone()),
        ("beside", beside),
        ("first look", branch("look", 1, 1)),
    ] {
        rows.extend([
            (format!("{who} dispatched"), Input::Dispatched(of.clone())),
            (format!("{who} progress"), progress(of.clone())),
            (format!("{who} succeeded"), succeeded(workflow, of.clone())),
            (format!("{who} transient"), failed(of.clone(), true)),
            (format!("{who} permanent"), failed(of, false)),
        ]);
    }
    rows.extend([
        ("own throttled".to_owned(), Input::Throttled(own.clone())),
        ("own misplaced".to_owned(), misplaced(walk, own)),
        ("no branch".to_owned(), succeeded(workflow, nobody.clone())),
        (
            "not begun".to_owned(),
            succeeded(workflow, branch("look", 3, 1)),
        ),
        ("approves r0".to_owned(), decision_of("ada", Approve, 0)),
        ("redrive".to_owned(), redrive(workflow.version)),
        ("cancel".to_owned(), cancel()),
    ]);
    let arrivals = rows.into_iter().map(|(row, input)| Arrival {
        row,
        input,
        at: soon.clone(),
    });
    arrivals.chain(clock(walk)).collect()
}
