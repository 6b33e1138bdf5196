//! How clients see each state.

use aegis_contracts::agent::Role;
use aegis_contracts::approval::{DecisionKind, OnTimeout, Outcome};
use aegis_contracts::view::{PickupView, Status, StepStatus};
use aegis_workflow::{
    ApprovalPolicy, Input, approval_view, artifact_refs, failure_view, step_views,
};

use crate::specimens;
use crate::walk::{Walk, artifact, cancel, failed, policy};

/// Steps in flow order, as `role attempt.revision status`.
const STEPS: [(&str, &str); 38] = [
    ("rq", "researcher 1.0 requested"),
    ("rd", "researcher 1.0 dispatched"),
    ("rr", "researcher 1.0 running"),
    ("rt", "researcher 1.0 requested"),
    ("aq", "researcher 1.0 succeeded, analyst 1.0 requested"),
    ("ad", "researcher 1.0 succeeded, analyst 1.0 dispatched"),
    ("ar", "researcher 1.0 succeeded, analyst 1.0 running"),
    ("vq", "researcher 1.0 succeeded, analyst 2.1 requested"),
    ("pq", "researcher 1.0 succeeded, analyst 1.0 succeeded"),
    ("pn", "researcher 1.0 succeeded, analyst 1.0 succeeded"),
    ("p1", "researcher 1.0 succeeded, analyst 1.0 succeeded"),
    ("p2", "researcher 1.0 succeeded, analyst 1.0 succeeded"),
    ("pt", "researcher 1.0 succeeded, analyst 1.0 succeeded"),
    ("pe", "researcher 1.0 succeeded, analyst 1.0 succeeded"),
    ("ps", "researcher 1.0 succeeded, analyst 1.0 succeeded"),
    ("po", "researcher 1.0 succeeded, analyst 1.0 succeeded"),
    ("px", "researcher 1.0 succeeded, analyst 1.0 succeeded"),
    ("pv", "researcher 1.0 succeeded, analyst 2.1 succeeded"),
    ("pr", "researcher 1.0 succeeded, analyst 1.0 succeeded"),
    ("pm", "researcher 1.0 succeeded, analyst 1.0 succeeded"),
    (
        "wq",
        "researcher 1.0 succeeded, analyst 1.0 succeeded, writer 1.0 requested",
    ),
    (
        "wd",
        "researcher 1.0 succeeded, analyst 1.0 succeeded, writer 1.0 dispatched",
    ),
    (
        "wr",
        "researcher 1.0 succeeded, analyst 1.0 succeeded, writer 1.0 running",
    ),
    ("rx", "researcher 2.0 dispatched"),
    ("ax", "researcher 1.0 succeeded, analyst 2.0 dispatched"),
    (
        "wx",
        "researcher 1.0 succeeded, analyst 1.0 succeeded, writer 2.0 dispatched",
    ),
    ("rb", "researcher 1.0 running"),
    ("ab", "researcher 1.0 succeeded, analyst 1.0 running"),
    ("Fr", "researcher 1.0 failed"),
    ("Fa", "researcher 1.0 succeeded, analyst 1.0 failed"),
    ("Fp", "researcher 1.0 succeeded, analyst 1.0 succeeded"),
    (
        "Fw",
        "researcher 1.0 succeeded, analyst 1.0 succeeded, writer 1.0 failed",
    ),
    ("Re", "researcher 1.0 succeeded, analyst 2.0 requested"),
    (
        "Co",
        "researcher 1.0 succeeded, analyst 1.0 succeeded, writer 1.0 succeeded",
    ),
    ("Cr", "researcher 1.0 cancelled"),
    ("Cp", "researcher 1.0 succeeded, analyst 1.0 succeeded"),
    ("Rj", "researcher 1.0 succeeded, analyst 1.0 succeeded"),
    ("Ex", "researcher 1.0 succeeded, analyst 1.0 succeeded"),
];

#[test]
fn steps_show_where_each_role_stands() {
    let specimens = specimens::all();
    assert_eq!(specimens.len(), STEPS.len());
    for ((name, walk), (expected_name, expected)) in specimens.into_iter().zip(STEPS) {
        let shown: Vec<String> = step_views(&walk.workflow)
            .into_iter()
            .map(|step| {
                let status = serde_json::to_value(step.status).unwrap();
                let status = status.as_str().unwrap().to_owned();
                format!("{} {}.{} {status}", step.role, step.attempt, step.revision)
            })
            .collect();
        assert_eq!((name, shown.join(", ").as_str()), (expected_name, expected));
    }
}

#[test]
fn approvals_failures_and_artifacts_show_where_there_are_some() {
    for (name, walk) in specimens::all() {
        let workflow = &walk.workflow;
        let reached_approval =
            name.starts_with(['p', 'w', 'v']) || ["Fw", "Co", "Cp", "Rj", "Ex"].contains(&name);
        assert_eq!(
            approval_view(workflow).is_some(),
            reached_approval,
            "{name}"
        );
        let failure = failure_view(workflow);
        assert_eq!(failure.is_some(), name.starts_with('F'), "{name}");
        if let Some(failure) = failure {
            assert_eq!(failure.version, workflow.version, "the version to redrive");
        }
        let found = artifact_refs(workflow);
        assert_eq!(found.len(), workflow.results.len(), "{name}: one of each");
        for found in found {
            let (role, attempt) = Role::ALL
                .into_iter()
                .filter_map(|role| Some((role, workflow.result_of(role)?.attempt)))
                .find(|(role, _)| role.artifact_name() == found.name)
                .unwrap();
            assert_eq!(found, artifact(&workflow.id, role, attempt), "{name}");
        }
    }
}

#[test]
fn the_settled_approval_still_says_who_decided() {
    let (_, rejected) = specimens::all()
        .into_iter()
        .find(|(name, _)| *name == "Rj")
        .unwrap();
    let view = approval_view(&rejected.workflow).unwrap();
    assert_eq!(view.decisions[0].approver, "ada");
    let (_, escalated) = specimens::all()
        .into_iter()
        .find(|(name, _)| *name == "pe")
        .unwrap();
    assert_eq!(
        approval_view(&escalated.workflow).unwrap().approvers,
        ["ada", "bob", "grace"]
    );
}

#[test]
fn an_approval_says_what_silence_means_and_how_it_ended() {
    let asked = |on_timeout| {
        let policy = ApprovalPolicy {
            on_timeout,
            ..policy()
        };
        Walk::with(policy, None).succeeded().succeeded()
    };
    let view = |walk: &Walk| approval_view(&walk.workflow).unwrap();
    let ended = |walk: &Walk| {
        let settled = view(walk).settled.unwrap();
        (settled.outcome, settled.by, settled.at)
    };
    for (decision, outcome) in [
        (DecisionKind::Approve, Outcome::Approved),
        (DecisionKind::Reject, Outcome::Rejected),
        (DecisionKind::RequestChanges, Outcome::ChangesRequested),
    ] {
        let asked = asked(OnTimeout::Approve);
        assert_eq!(view(&asked).settled, None);
        let decided = asked.decided("ada", decision, 0);
        let by = Some("ada".to_owned());
        assert_eq!(ended(&decided), (outcome, by, decided.now));
    }
    let in_silence = |mut walk: Walk| {
        while walk.workflow.status() == Status::AwaitingApproval && !walk.escalated() {
            walk = walk.silent();
        }
        walk
    };
    for (on_timeout, outcome) in [
        (OnTimeout::Approve, Outcome::Approved),
        (OnTimeout::Expire, Outcome::Expired),
    ] {
        let asked = asked(on_timeout);
        let deadline = view(&asked).deadline_at;
        assert_eq!(view(&asked).on_timeout, on_timeout);
        let over = in_silence(asked);
        assert_eq!(ended(&over), (outcome, None, deadline));
        if outcome == Outcome::Approved {
            // Also once the report is called off.
            assert_eq!(ended(&over.then(cancel())), (outcome, None, deadline));
        }
    }
    let escalating = asked(OnTimeout::Escalate);
    assert_eq!(view(&escalating).on_timeout, OnTimeout::Escalate);
    let escalated = in_silence(escalating);
    assert_eq!(view(&escalated).on_timeout, OnTimeout::Expire);
    assert_eq!(view(&escalated).settled, None);
    let cancelled = asked(OnTimeout::Approve).then(cancel());
    assert_eq!(view(&cancelled).settled, None, "it did not come to an end");
}

#[test]
fn a_command_that_nobody_picked_up_is_told_of() {
    let found = |wanted: &str| {
        let mut all = specimens::all().into_iter();
        all.find(|(name, _)| *name == wanted).unwrap().1.workflow
    };
    for (name, walk) in specimens::all() {
        for step in step_views(&walk.workflow) {
            let waits = step.status == StepStatus::Requested;
            assert_eq!(step.pickup.is_some(), waits, "{name}: {step:?}");
        }
    }
    let waiting = found("pq");
    let approval = approval_view(&waiting).unwrap();
    let expected = PickupView {
        sends: 1,
        waiting_since: approval.requested_at,
        resend_at: approval.pickup.and_then(|pickup| pickup.resend_at),
        throttled_at: None,
    };
    assert_eq!(approval.pickup, Some(expected));
    for noticed in ["pn", "Rj"] {
        let approval = approval_view(&found(noticed)).unwrap();
        assert_eq!(approval.pickup, None, "{noticed}");
    }
}

#[test]
fn a_revision_that_failed_does_not_pass_for_the_one_before() {
    let walk = Walk::begin()
        .succeeded()
        .succeeded()
        .decided("ada", DecisionKind::RequestChanges, 0)
        .dispatched()
        .then(failed(Role::Analyst, 2, false));
    let analyst = step_views(&walk.workflow).remove(1);
    assert_eq!((analyst.role, analyst.attempt), (Role::Analyst, 2));
    assert_eq!(analyst.status, StepStatus::Failed);
}

#[test]
fn a_command_sent_again_shows_when_it_will_be_sent_next() {
    let first = Walk::begin();
    let again = first.clone().until_due().then(Input::DeadlinePassed);
    let pickup = |walk: &Walk| step_views(&walk.workflow)[0].pickup.unwrap();
    assert_eq!((pickup(&first).sends, pickup(&again).sends), (1, 2));
    assert_eq!(
        pickup(&again).resend_at,
        again.workflow.due_at(&again.rules)
    );
    assert!(pickup(&again).resend_at > pickup(&first).resend_at);
}
