//! What must be true, over what was read. Asks nobody, so that each law can be seen to fail.

use std::collections::{BTreeMap, BTreeSet};

use aegis_contracts::agent::Role;
use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::view::{HistoryEvent, Status, StepStatus, WorkflowView};
use serde_json::Value;

use super::{Claim, Content, Read};

const COMPLETED: &str = "StepCompleted";
const GRANTED: &str = "ApprovalGranted";
/// Events after which nothing happens, but for a redrive of what failed.
const ENDINGS: [&str; 5] = [
    "WorkflowCompleted",
    "WorkflowFailed",
    "WorkflowCancelled",
    "WorkflowRejected",
    "WorkflowExpired",
];

/// Everything that is wrong with a workflow that had to end as `demanded`.
pub fn of_all(demanded: Status, read: &Read) -> Vec<String> {
    let view = &read.view;
    let mut wrong = Vec::from_iter(of_status(demanded, view));
    wrong.extend(of_history(view, &read.history));
    wrong.extend(of_steps(view));
    for (artifact, content) in view.artifacts.iter().zip(&read.contents) {
        wrong.extend(of_artifact(artifact, content.as_ref()));
    }
    for ((role, attempt), claims) in &read.claims {
        wrong.extend(of_claims(*role, *attempt, claims));
    }
    wrong.extend(of_results(&read.history, &read.claims));
    wrong
}

fn of_status(demanded: Status, view: &WorkflowView) -> Option<String> {
    let failure = view.failure.as_ref();
    let failure = failure.map(|failure| format!(": {} ({})", failure.message, failure.code));
    (view.status != demanded).then(|| {
        format!(
            "is {} instead of {}{}",
            view.status.as_str(),
            demanded.as_str(),
            failure.unwrap_or_default()
        )
    })
}

/// `content`: what lies at its key.
pub fn of_artifact(artifact: &ArtifactRef, content: Option<&Content>) -> Option<String> {
    let Some(content) = content else {
        return Some(format!("{} is missing", artifact.key));
    };
    let holds = content.sha256 == artifact.sha256 && content.size == artifact.size;
    (!holds).then(|| format!("{} differs from its hash or size", artifact.key))
}

/// All that claimed an attempt did so in one and the same session, whoever died. Agents leave what another session has
/// claimed alone, so this is a law for them as much as for dispatchers. How often they began is for those to judge who
/// know whether agents died.
pub fn of_claims(role: Role, attempt: u32, claims: &[Claim]) -> Option<String> {
    let sessions: BTreeSet<&str> = claims.iter().map(|claim| claim.session.as_str()).collect();
    let several = sessions.len() > 1;
    let sessions = Vec::from_iter(sessions).join(" and ");
    several.then(|| format!("attempt {attempt} of the {role} was begun in the sessions {sessions}"))
}

/// No result without an agent that began its attempt.
pub fn of_results(
    history: &[HistoryEvent],
    claims: &BTreeMap<(Role, u32), Vec<Claim>>,
) -> Vec<String> {
    let begun = |step: &Value| {
        let mut begun = claims.iter().filter(|(_, claims)| !claims.is_empty());
        begun.any(|((role, attempt), _)| {
            step["role"] == role.as_str() && step["attempt"] == *attempt
        })
    };
    let results = history.iter().filter(|event| event.kind == COMPLETED);
    let unbegun = results.filter(|event| !begun(&event.data));
    unbegun
        .map(|event| {
            let (role, attempt) = (&event.data["role"], &event.data["attempt"]);
            format!("attempt {attempt} of {role} has a result and was begun by no agent")
        })
        .collect()
}

/// Nothing is written without a grant, and one is enough: a redrive does not ask for another.
pub fn of_approvals(view: &WorkflowView, history: &[HistoryEvent]) -> Vec<String> {
    let granted = history.iter().filter(|event| event.kind == GRANTED);
    let granted = granted.count();
    let mut wrong = Vec::new();
    if granted > 1 || (granted == 0 && view.status == Status::Completed) {
        wrong.push(format!("was approved {granted} times"));
    }
    let mut until_granted = history.iter().take_while(|event| event.kind != GRANTED);
    let written = |event: &HistoryEvent| {
        event.kind == COMPLETED && event.data["role"] == Role::Writer.as_str()
    };
    if granted > 0 && until_granted.any(written) {
        wrong.push("was written before it was approved".to_owned());
    }
    wrong
}

pub fn of_history(view: &WorkflowView, history: &[HistoryEvent]) -> Vec<String> {
    let mut wrong = of_versions(view, history);
    let started = history
        .iter()
        .filter(|event| event.kind == "WorkflowStarted");
    let started = started.count();
    if started != 1 {
        wrong.push(format!("started {started} times"));
    }
    wrong.extend(of_endings(view, history));
    wrong.extend(of_approvals(view, history));
    let mut completed = BTreeSet::new();
    for event in history.iter().filter(|event| event.kind == COMPLETED) {
        let step = format!("{} {}", event.data["role"], event.data["attempt"]);
        if !completed.insert(step.clone()) {
            wrong.push(format!("{step} completed twice"));
        }
    }
    wrong
}

/// One version has one event or several.
fn of_versions(view: &WorkflowView, history: &[HistoryEvent]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut last = 0;
    for event in history {
        if event.version != last && event.version != last + 1 {
            wrong.push(format!("version {} follows {last}", event.version));
        }
        last = event.version;
    }
    if last != view.version {
        wrong.push(format!(
            "history ends with version {last}, the state has {}",
            view.version
        ));
    }
    wrong
}

/// A redrive follows one failure. What comes after the last redrive ends once, and as the status says. Versions alone
/// do not show that an ending is missing: it shares its version with the result that led to it.
fn of_endings(view: &WorkflowView, history: &[HistoryEvent]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut parts = history.split(|event| event.kind == "WorkflowRedriven");
    let last = parts.next_back().unwrap_or_default();
    for (number, part) in parts.enumerate() {
        let what = format!("redrive {} follows", number + 1);
        wrong.extend(of_ending(part, Some("WorkflowFailed"), &what));
    }
    let what = format!("is {} and has ended by", view.status.as_str());
    wrong.extend(of_ending(last, ending_of(view.status), &what));
    wrong
}

fn of_ending(part: &[HistoryEvent], demanded: Option<&str>, what: &str) -> Option<String> {
    let ends = |event: &&HistoryEvent| ENDINGS.contains(&event.kind.as_str());
    let endings: Vec<&HistoryEvent> = part.iter().filter(ends).collect();
    let kinds: Vec<&str> = endings.iter().map(|event| event.kind.as_str()).collect();
    if kinds.as_slice() != demanded.as_slice() {
        let kinds = match kinds.as_slice() {
            [] => "no event of an end".to_owned(),
            kinds => kinds.join(", "),
        };
        return Some(format!("{what} {kinds}"));
    }
    let (ending, last) = (endings.first()?, part.last()?);
    let went_on = last.version != ending.version;
    went_on.then(|| {
        format!(
            "went on to version {} after {} in version {}",
            last.version, ending.kind, ending.version
        )
    })
}

/// The event that ends what is in this status, if it has ended.
const fn ending_of(status: Status) -> Option<&'static str> {
    match status {
        Status::Researching | Status::Analyzing | Status::AwaitingApproval | Status::Writing => {
            None
        }
        Status::Completed => Some("WorkflowCompleted"),
        Status::Failed => Some("WorkflowFailed"),
        Status::Cancelled => Some("WorkflowCancelled"),
        Status::Rejected => Some("WorkflowRejected"),
        Status::Expired => Some("WorkflowExpired"),
    }
}

/// Whatever ended well has all three results.
pub fn of_steps(view: &WorkflowView) -> Vec<String> {
    if view.status != Status::Completed {
        return Vec::new();
    }
    let succeeded = |role: Role| {
        let mut steps = view.steps.iter();
        steps.any(|step| step.role == role && step.status == StepStatus::Succeeded)
    };
    let without = Role::ALL.into_iter().filter(|role| {
        let mut artifacts = view.artifacts.iter();
        !succeeded(*role) || !artifacts.any(|artifact| artifact.name == role.artifact_name())
    });
    without
        .map(|role| format!("completed without a result of the {role}"))
        .collect()
}
