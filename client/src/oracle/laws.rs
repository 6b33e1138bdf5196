//! What must be true, over what was read. Asks nobody, so that each law can be seen to fail.

use std::collections::{BTreeMap, BTreeSet};

use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::Name;
use aegis_contracts::view::{HistoryEvent, Place, Status, StepStatus, WorkflowView};
use serde::Deserialize as _;
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
    wrong.extend(of_branches(view, &read.history));
    for (of, claims) in &read.claims {
        wrong.extend(of_claims(of, claims));
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
pub fn of_claims(of: &Attempt, claims: &[Claim]) -> Option<String> {
    let sessions: BTreeSet<&str> = claims.iter().map(|claim| claim.session.as_str()).collect();
    let several = sessions.len() > 1;
    let sessions = Vec::from_iter(sessions).join(" and ");
    several.then(|| format!("{of} was begun in the sessions {sessions}"))
}

/// No result without an agent that began its attempt.
pub fn of_results(history: &[HistoryEvent], claims: &BTreeMap<Attempt, Vec<Claim>>) -> Vec<String> {
    let begun = |step: &Value| {
        let of = Attempt::deserialize(step).ok();
        of.and_then(|of| claims.get(&of))
            .is_some_and(|claims| !claims.is_empty())
    };
    let results = history.iter().filter(|event| event.kind == COMPLETED);
    let unbegun = results.filter(|event| !begun(&event.data));
    unbegun
        .map(|event| {
            let (step, attempt) = (&event.data["step"], &event.data["attempt"]);
            format!("attempt {attempt} of {step} has a result and was begun by no agent")
        })
        .collect()
}

/// Nothing that follows an approval happens without its grant, and one is enough: a redrive does not ask for another.
pub fn of_approvals(view: &WorkflowView, history: &[HistoryEvent]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, place) in view.course.iter().enumerate() {
        let Place::Approval { approval } = place else {
            continue;
        };
        let grants = |event: &&HistoryEvent| {
            event.kind == GRANTED && event.data["approval"] == approval.as_str()
        };
        let granted = history.iter().filter(grants).count();
        if granted > 1 || (granted == 0 && view.status == Status::Completed) {
            wrong.push(format!("`{approval}` was approved {granted} times"));
        }
        let follows = |event: &&HistoryEvent| {
            let later = view.course.iter().skip(index + 1);
            let mut later = later.flat_map(Place::steps);
            event.kind == COMPLETED && later.any(|step| event.data["step"] == step.as_str())
        };
        if granted == 0 {
            continue;
        }
        let until_granted = history.iter().take_while(|event| !grants(event));
        for event in until_granted.filter(follows) {
            let step = &event.data["step"];
            wrong.push(format!("{step} was done before `{approval}` was approved"));
        }
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
        let data = &event.data;
        let step = match &data["branch"] {
            Value::Null => format!("{} {}", data["step"], data["attempt"]),
            branch => format!("{}/{branch} {}", data["step"], data["attempt"]),
        };
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
        Status::Running | Status::AwaitingApproval => None,
        Status::Completed => Some("WorkflowCompleted"),
        Status::Failed => Some("WorkflowFailed"),
        Status::Cancelled => Some("WorkflowCancelled"),
        Status::Rejected => Some("WorkflowRejected"),
        Status::Expired => Some("WorkflowExpired"),
    }
}

/// Whatever ended well has the result of every step.
pub fn of_steps(view: &WorkflowView) -> Vec<String> {
    if view.status != Status::Completed {
        return Vec::new();
    }
    let has_artifact = |step: &Name| {
        let folder = format!("/{}/{step}/", view.workflow_id);
        let mut artifacts = view.artifacts.iter();
        artifacts.any(|artifact| artifact.key.contains(&folder))
    };
    let succeeded = |step: &Name| {
        let mut steps = view.steps.iter();
        steps.any(|known| known.step == *step && known.status == StepStatus::Succeeded)
    };
    // How many branches there are, and whether all have ended, is said by `of_branches`.
    let once = |place: &&Place| !matches!(place, Place::Step { each: Some(_), .. });
    let steps = view.course.iter().filter(once).flat_map(Place::steps);
    let without = steps.filter(|step| !succeeded(step) || !has_artifact(step));
    without
        .map(|step| format!("completed without a result of `{step}`"))
        .collect()
}

/// What ended well has as many branches of a step as items were found for it, and each has succeeded or has failed for
/// good, once, by an event.
pub fn of_branches(view: &WorkflowView, history: &[HistoryEvent]) -> Vec<String> {
    let mut wrong = Vec::new();
    for place in &view.course {
        let Place::Step {
            step,
            each: Some(each),
            ..
        } = place
        else {
            continue;
        };
        let found =
            |event: &HistoryEvent| event.kind == COMPLETED && event.data["step"] == each.as_str();
        let found = history.iter().rfind(|event| found(event));
        let items = found.and_then(|event| event.data["items"].as_u64());
        let branches = view.steps.iter().filter(|known| known.step == *step);
        let mut ended: Vec<u32> = Vec::new();
        for known in branches {
            let (branch, attempt) = (known.branch.unwrap_or_default(), known.attempt);
            let kind = match known.status {
                StepStatus::Succeeded => COMPLETED,
                StepStatus::Failed => "BranchFailed",
                _ => continue,
            };
            let says = |event: &&HistoryEvent| {
                let data = &event.data;
                event.kind == kind
                    && data["step"] == step.as_str()
                    && data["branch"] == branch
                    && data["attempt"] == attempt
            };
            let said = history.iter().filter(says).count();
            if said != 1 && view.status == Status::Completed {
                wrong.push(format!("`{step}/{branch}` has {said} events of its end"));
            }
            ended.push(branch);
        }
        let all = items.map(|items| (1..=u32::try_from(items).unwrap_or(u32::MAX)).collect());
        if view.status == Status::Completed && all.as_ref() != Some(&ended) {
            wrong.push(format!(
                "`{step}` ended with the branches {ended:?} of {items:?} items"
            ));
        }
    }
    wrong
}
