//! One input of every kind that matters, with the words that name its row in `table.txt`.

use std::time::Duration;

use aegis_contracts::agent::Role;
use aegis_contracts::approval::DecisionKind::{Approve, Reject, RequestChanges};
use aegis_workflow::Input;

use crate::walk::{Walk, cancel, decision_of, failed, progress, redrive, succeeded};

/// What the input names in the diagram, the input, and the moment at which it arrives.
pub struct Arrival {
    pub row: String,
    pub label: &'static str,
    pub input: Input,
    pub at: Walk,
}

/// Every input as it reaches `walk`.
pub fn all(walk: &Walk) -> Vec<Arrival> {
    let soon = walk.clone().wait(Duration::from_secs(20));
    let arrival = |row: &str, label, input| Arrival {
        row: row.to_owned(),
        label,
        input,
        at: soon.clone(),
    };
    let mut all = vec![arrival("start", "Start", Input::Start)];
    all.extend(reports(&soon));
    all.extend(decisions(&soon));
    for revision in [0, 1] {
        let row = format!("notified r{revision}");
        all.push(arrival(&row, "Notified", Input::Notified { revision }));
    }
    let version = walk.workflow.version;
    all.push(arrival("redrive", "Redrive", redrive(version)));
    all.push(arrival("redrive older", "Redrive", redrive(version - 1)));
    all.push(arrival("cancel", "Cancel", cancel()));
    all.extend(clock(walk));
    all
}

/// Attempt 9 was never asked for.
const ATTEMPTS: [(Role, u32); 5] = [
    (Role::Researcher, 1),
    (Role::Analyst, 1),
    (Role::Analyst, 2),
    (Role::Writer, 1),
    (Role::Writer, 9),
];

fn reports(soon: &Walk) -> Vec<Arrival> {
    let id = &soon.workflow.id;
    let of = |verb: &str, label, make: &dyn Fn(Role, u32) -> Input| {
        ATTEMPTS.map(|(role, attempt)| Arrival {
            row: format!("{verb} {role} {attempt}"),
            label,
            input: make(role, attempt),
            at: soon.clone(),
        })
    };
    let misplaced = |role, attempt| match succeeded(id, role, attempt) {
        Input::StepSucceeded {
            summary,
            mut artifacts,
            usage,
            ..
        } => {
            artifacts[0].key = artifacts[0].key.replace("/1/", "/7/").replace("/2/", "/7/");
            Input::StepSucceeded {
                role,
                attempt,
                summary,
                artifacts,
                usage,
            }
        }
        other => other,
    };
    [
        of("dispatched", "Dispatched", &|role, attempt| {
            Input::Dispatched { role, attempt }
        }),
        of("progress", "Progress", &progress),
        of("succeeded", "StepSucceeded", &|role, attempt| {
            succeeded(id, role, attempt)
        }),
        of("misplaced", "StepSucceeded", &misplaced),
        of("transient", "StepFailed", &|role, attempt| {
            failed(role, attempt, true)
        }),
        of("permanent", "StepFailed", &|role, attempt| {
            failed(role, attempt, false)
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn decisions(soon: &Walk) -> Vec<Arrival> {
    [
        ("ada approves r0", "approve", "ada", Approve, 0),
        ("ada approves r1", "approve", "ada", Approve, 1),
        ("bob approves r0", "approve", "bob", Approve, 0),
        ("grace approves r0", "approve", "grace", Approve, 0),
        ("eve approves r0", "approve", "eve", Approve, 0),
        ("ada rejects r0", "reject", "ada", Reject, 0),
        ("bob rejects r1", "reject", "bob", Reject, 1),
        (
            "ada asks changes r0",
            "request_changes",
            "ada",
            RequestChanges,
            0,
        ),
        (
            "ada asks changes r1",
            "request_changes",
            "ada",
            RequestChanges,
            1,
        ),
    ]
    .map(|(row, label, approver, kind, revision)| Arrival {
        row: row.to_owned(),
        label,
        input: decision_of(approver, kind, revision),
        at: soon.clone(),
    })
    .into()
}

/// What depends on the moment alone.
fn clock(walk: &Walk) -> Vec<Arrival> {
    let later = |seconds| walk.clone().wait(Duration::from_secs(seconds));
    let due = match walk.workflow.due_at(&walk.rules) {
        Some(_) => walk.clone().until_due(),
        None => later(3600),
    };
    [
        (
            "deadline early",
            "DeadlinePassed",
            Input::DeadlinePassed,
            later(0),
        ),
        ("deadline due", "DeadlinePassed", Input::DeadlinePassed, due),
        ("resent at once", "Resent", Input::Resent, later(0)),
        ("resent later", "Resent", Input::Resent, later(30)),
    ]
    .map(|(row, label, input, at)| Arrival {
        row: row.to_owned(),
        label,
        input,
        at,
    })
    .into()
}
