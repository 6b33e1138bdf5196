//! One input of every kind that matters, with the words that name its row in `table.txt`.

use std::time::Duration;

use aegis_contracts::approval::DecisionKind::{Approve, Reject, RequestChanges};
use aegis_contracts::attempt::Attempt;
use aegis_workflow::{Input, Phase};

use crate::walk::{
    Walk, attempt, cancel, decision_of, failed, progress, redrive, search_again, succeeded, success,
};

/// An input, and the moment at which it arrives.
pub struct Arrival {
    pub row: String,
    pub input: Input,
    pub at: Walk,
}

/// Every input as it reaches `walk`.
pub fn all(walk: &Walk) -> Vec<Arrival> {
    let soon = walk.clone().wait(Duration::from_secs(20));
    let arrival = |row: &str, input| Arrival {
        row: row.to_owned(),
        input,
        at: soon.clone(),
    };
    let mut all = vec![arrival("start", Input::Start)];
    all.extend(reports(&soon));
    all.extend(decisions(&soon));
    all.extend(late_decisions(walk));
    for revision in [0, 1] {
        let row = format!("notified r{revision}");
        all.push(arrival(&row, Input::Notified { revision }));
    }
    let version = walk.workflow.version;
    all.push(arrival("redrive", redrive(version)));
    all.push(arrival("redrive older", redrive(version - 1)));
    all.push(arrival("cancel", cancel()));
    all.extend(clock(walk));
    all
}

/// Attempt 9 was never asked for.
const ATTEMPTS: [(&str, u32); 7] = [
    ("research", 1),
    ("research", 2),
    ("analyze", 1),
    ("analyze", 2),
    ("write", 1),
    ("write", 2),
    ("write", 9),
];

fn reports(soon: &Walk) -> Vec<Arrival> {
    let of = |verb: &str, make: &dyn Fn(Attempt) -> Input| {
        ATTEMPTS.map(|(step, number)| Arrival {
            row: format!("{verb} {step} {number}"),
            input: make(attempt(step, number)),
            at: soon.clone(),
        })
    };
    [
        of("dispatched", &Input::Dispatched),
        of("throttled", &Input::Throttled),
        of("progress", &progress),
        of("succeeded", &|of| succeeded(&soon.workflow, of)),
        of("misplaced", &|of| misplaced(soon, of)),
        of("transient", &|of| failed(of, true)),
        of("permanent", &|of| failed(of, false)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A success whose artifact lies elsewhere.
pub fn misplaced(walk: &Walk, of: Attempt) -> Input {
    let own = format!("/{}/", of.attempt);
    let mut done = success(&walk.workflow, of);
    done.artifacts[0].key = done.artifacts[0].key.replace(&own, "/7/");
    Input::StepSucceeded(done)
}

fn decisions(soon: &Walk) -> Vec<Arrival> {
    [
        ("ada approves r0", "ada", Approve, 0),
        ("ada approves r1", "ada", Approve, 1),
        ("bob approves r0", "bob", Approve, 0),
        ("grace approves r0", "grace", Approve, 0),
        ("eve approves r0", "eve", Approve, 0),
        ("ada rejects r0", "ada", Reject, 0),
        ("bob rejects r1", "bob", Reject, 1),
        ("ada asks changes r0", "ada", RequestChanges, 0),
        ("ada asks changes r1", "ada", RequestChanges, 1),
    ]
    .map(|(row, approver, kind, revision)| (row, decision_of(approver, kind, revision)))
    .into_iter()
    .chain([("ada asks search r0", search_again("ada", 0))])
    .map(|(row, input)| Arrival {
        row: row.to_owned(),
        input,
        at: soon.clone(),
    })
    .collect()
}

/// At the very end of the time to decide, where there is one.
fn late_decisions(walk: &Walk) -> Vec<Arrival> {
    let mut at = walk.clone().wait(Duration::from_secs(20));
    if let Phase::AwaitingApproval(approval) = &walk.workflow.phase {
        at.now = approval.deadline_at;
    }
    [
        ("ada approves r0, too late", "ada", Approve, 0),
        ("eve rejects r0, too late", "eve", Reject, 0),
        ("bob rejects r1, too late", "bob", Reject, 1),
    ]
    .map(|(row, approver, kind, revision)| Arrival {
        row: row.to_owned(),
        input: decision_of(approver, kind, revision),
        at: at.clone(),
    })
    .into()
}

/// What depends on the moment alone.
pub fn clock(walk: &Walk) -> Vec<Arrival> {
    let later = |seconds| walk.clone().wait(Duration::from_secs(seconds));
    let owed = walk.workflow.stops.iter().flat_map(|stops| &stops.of);
    let owed = owed.cloned().collect();
    let due = match walk.workflow.due_at(&walk.rules) {
        Some(_) => walk.clone().until_due(),
        None => later(3600),
    };
    [
        ("deadline early", Input::DeadlinePassed, later(0)),
        ("deadline due", Input::DeadlinePassed, due),
        ("resent at once", Input::Resent, later(0)),
        ("resent later", Input::Resent, later(30)),
        ("stops sent", Input::StopsSent(owed), later(0)),
    ]
    .map(|(row, input, at)| Arrival {
        row: row.to_owned(),
        input,
        at,
    })
    .into()
}
