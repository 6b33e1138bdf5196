//! Steps with branches, in a line: twelve of them would hide the rest of a page.

use std::collections::BTreeMap;

use aegis_contracts::view::{ProgressView, StepStatus, StepView, WorkflowView};

/// The view with one step in the place of the branches of each step.
pub fn folded(view: &WorkflowView) -> WorkflowView {
    let mut steps: Vec<StepView> = Vec::new();
    for step in &view.steps {
        if step.branch.is_none() {
            steps.push(step.clone());
        } else if steps.last().is_none_or(|last| last.step != step.step) {
            let branches = view.steps.iter().filter(|other| other.step == step.step);
            steps.push(fold(step, &branches.collect::<Vec<_>>(), view));
        }
    }
    WorkflowView {
        steps,
        ..view.clone()
    }
}

fn fold(first: &StepView, branches: &[&StepView], view: &WorkflowView) -> StepView {
    let any = |wanted: &[StepStatus]| branches.iter().any(|one| wanted.contains(&one.status));
    let failed = view.failure.as_ref();
    let failed = failed.is_some_and(|failure| failure.at == first.step);
    let status = if failed {
        StepStatus::Failed
    } else if any(&[StepStatus::Cancelled]) {
        StepStatus::Cancelled
    } else if any(&[
        StepStatus::Waiting,
        StepStatus::Requested,
        StepStatus::Dispatched,
        StepStatus::Running,
    ]) {
        StepStatus::Running
    } else {
        StepStatus::Succeeded
    };
    StepView {
        branch: None,
        status,
        // Each branch has attempts of its own.
        attempt: 1,
        requested_at: branches.iter().filter_map(|one| one.requested_at).min(),
        dispatched_at: branches.iter().filter_map(|one| one.dispatched_at).min(),
        last_heartbeat_at: branches
            .iter()
            .filter_map(|one| one.last_heartbeat_at)
            .max(),
        deadline_at: None,
        succeeded_at: branches.iter().filter_map(|one| one.succeeded_at).max(),
        code: None,
        progress: Some(ProgressView {
            message: words(branches),
            percent: None,
        }),
        pickup: branches.iter().find_map(|one| one.pickup),
        ..first.clone()
    }
}

/// `12 branches: 9 succeeded, 2 failed, 1 at work`.
fn words(branches: &[&StepView]) -> String {
    let word = |status| match status {
        StepStatus::Succeeded => "succeeded",
        StepStatus::Failed => "failed",
        StepStatus::Requested | StepStatus::Dispatched | StepStatus::Running => "at work",
        StepStatus::Waiting => "waiting",
        StepStatus::Superseded | StepStatus::Cancelled => "stopped",
    };
    let mut counts = BTreeMap::new();
    for branch in branches {
        *counts.entry(word(branch.status)).or_insert(0) += 1;
    }
    let order = ["succeeded", "failed", "at work", "waiting", "stopped"];
    let counts = order
        .iter()
        .filter_map(|word| counts.get(word).map(|count| format!("{count} {word}")));
    let all = match branches.len() {
        1 => "1 branch".to_owned(),
        several => format!("{several} branches"),
    };
    format!("{all}: {}", counts.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn branches_are_counted_by_what_has_become_of_them() {
        let of = |branch: u32, status: &str| -> StepView {
            let view = json!({"step": "research", "branch": branch, "agent": "researcher",
                "status": status, "attempt": 1, "revision": 0});
            serde_json::from_value(view).unwrap()
        };
        let mut statuses = vec!["succeeded"; 9];
        statuses.extend(["failed", "failed", "running"]);
        let branches = statuses
            .into_iter()
            .zip(1..)
            .map(|(status, branch)| of(branch, status));
        let branches: Vec<StepView> = branches.collect();
        let told = words(&branches.iter().collect::<Vec<_>>());
        assert_eq!(told, "12 branches: 9 succeeded, 2 failed, 1 at work");
        let one = [of(1, "waiting")];
        assert_eq!(words(&[&one[0]]), "1 branch: 1 waiting");
    }
}
