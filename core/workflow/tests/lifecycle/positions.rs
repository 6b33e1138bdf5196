//! The same by position: the first step of a flow, one in its middle, its last one, before an approval, between two, behind
//! one; the first approval, the second one, and one at the end.

use std::time::Duration;

use aegis_contracts::approval::DecisionKind::{Approve, Reject, RequestChanges};
use aegis_contracts::approval::OnTimeout;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::Name;
use aegis_workflow::{ApprovalPolicy, Input, Pinned};
use serde_json::{Value, json};

use crate::inputs::{Arrival, clock, misplaced};
use crate::walk::{
    Walk, cancel, decision_of, failed, flow, policy, progress, redrive, rules, search_again,
    succeeded, triage, vote,
};

/// Ends with an approval.
fn sign_off(approval: Value) -> Pinned {
    flow(json!({
        "flow": "sign-off", "version": 1, "title": "Sign-off",
        "steps": [{"step": "draft", "agent": "writer", "writes": "draft.md"}, approval],
        "result": "draft",
    }))
}

pub fn all() -> Vec<(&'static str, Walk)> {
    let begin = |flow| Walk::of(flow, rules(), policy(), None);
    let gather = begin(triage());
    let sort = gather.clone().succeeded();
    let weigh = sort.clone().succeeded();
    let plan = weigh.clone().succeeded();
    let again = plan.clone().decided("ada", RequestChanges, 0);
    let act = plan.clone().decided("ada", Approve, 0);
    let close = act.clone().succeeded();
    let act_again = close.clone().decided("ada", RequestChanges, 1);
    let publish = close.clone().decided("ada", Approve, 1);
    let failed = sort.clone().failed(false);
    let version = failed.workflow.version;
    let silence_approves = ApprovalPolicy {
        on_timeout: OnTimeout::Approve,
        ..policy()
    };
    let with_changes = json!({"approval": "sign", "shows": "draft", "redo": "draft"});
    let without = json!({"approval": "sign", "shows": "draft"});
    let silent = Walk::of(sign_off(without), rules(), silence_approves, None).succeeded();
    vec![
        ("gq", gather),
        ("sq", sort),
        ("wq", weigh),
        ("p0", plan.clone()),
        ("sr", again.clone()),
        ("gr", plan.then(search_again("ada", 0))),
        ("p1", again.succeeded().succeeded()),
        ("aq", act.clone()),
        ("c1", close.clone()),
        ("ar", act_again.clone()),
        ("c2", act_again.succeeded()),
        ("pq", publish.clone()),
        ("Co", publish.succeeded()),
        ("Fs", failed.clone()),
        ("Fa", act.failed(false)),
        ("Rs", failed.then(redrive(version))),
        ("Rj", close.decided("ada", Reject, 1)),
        ("e0", begin(sign_off(with_changes)).succeeded()),
        ("es", silent.then(Input::Notified { revision: 0 })),
    ]
}

/// Attempts as the inputs name them.
struct Attempts {
    /// The newest of the step under way, else of the one before the place where the workflow is.
    own: Attempt,
    /// The one before it, of the same step. 0 was never asked for.
    older: Attempt,
    /// The newest of the step before; of the first step the one that was never asked for.
    earlier: Attempt,
    /// One that was not asked for yet, of the step behind.
    later: Attempt,
}

fn attempts(walk: &Walk) -> Attempts {
    let workflow = &walk.workflow;
    let flow = &workflow.flow;
    let place = workflow.at().and_then(|at| flow.place(at));
    let place = place.unwrap_or(flow.steps.len() - 1);
    let steps: Vec<&Name> = flow.agent_steps().map(|step| &step.step).collect();
    let own = steps
        .iter()
        .rposition(|step| flow.place(step).is_some_and(|of_step| of_step <= place))
        .unwrap();
    let newest = |step: &Name| Attempt::once(step.clone(), workflow.attempts_of(step));
    let own_newest = newest(steps[own]);
    let not_asked = |number| Attempt {
        attempt: number,
        ..own_newest.clone()
    };
    let earlier = own.checked_sub(1).map(|before| newest(steps[before]));
    let mut later = newest(steps.get(own + 1).unwrap_or(&steps[own]));
    later.attempt += 1;
    Attempts {
        older: not_asked(own_newest.attempt - 1),
        earlier: earlier.unwrap_or_else(|| not_asked(0)),
        later,
        own: own_newest,
    }
}

pub fn inputs(walk: &Walk) -> Vec<Arrival> {
    let soon = walk.clone().wait(Duration::from_secs(20));
    let of = attempts(walk);
    let workflow = &walk.workflow;
    let mut rows = vec![
        ("start".to_owned(), Input::Start),
        (
            "own dispatched".to_owned(),
            Input::Dispatched(of.own.clone()),
        ),
        ("own throttled".to_owned(), Input::Throttled(of.own.clone())),
        ("own progress".to_owned(), progress(of.own.clone())),
        (
            "own succeeded".to_owned(),
            succeeded(workflow, of.own.clone()),
        ),
        ("own misplaced".to_owned(), misplaced(walk, of.own.clone())),
        ("own transient".to_owned(), failed(of.own.clone(), true)),
        ("own permanent".to_owned(), failed(of.own, false)),
        (
            "older succeeded".to_owned(),
            succeeded(workflow, of.older.clone()),
        ),
        ("older transient".to_owned(), failed(of.older, true)),
        (
            "earlier succeeded".to_owned(),
            succeeded(workflow, of.earlier.clone()),
        ),
        ("earlier permanent".to_owned(), failed(of.earlier, false)),
        ("later succeeded".to_owned(), succeeded(workflow, of.later)),
        (
            "approves".to_owned(),
            Input::Decide(vote("ada", Approve, None)),
        ),
    ];
    for revision in 0..3 {
        let decided = |kind| decision_of("ada", kind, revision);
        rows.extend([
            (format!("approves r{revision}"), decided(Approve)),
            (format!("rejects r{revision}"), decided(Reject)),
            (format!("asks changes r{revision}"), decided(RequestChanges)),
            (
                format!("asks search r{revision}"),
                search_again("ada", revision),
            ),
            (
                format!("notified r{revision}"),
                Input::Notified { revision },
            ),
        ]);
    }
    rows.push(("redrive".to_owned(), redrive(workflow.version)));
    rows.push(("cancel".to_owned(), cancel()));
    let arrivals = rows.into_iter().map(|(row, input)| Arrival {
        row,
        input,
        at: soon.clone(),
    });
    arrivals.chain(clock(walk)).collect()
}
