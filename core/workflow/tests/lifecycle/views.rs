//! How clients see each state.

use aegis_contracts::approval::{DecisionKind, OnTimeout, Outcome};
use aegis_contracts::view::{PickupView, Status, StepStatus};
use aegis_workflow::{
    ApprovalPolicy, Input, approval_view, approval_view_of, artifact_refs, course, failure_view,
    step_views,
};

use crate::specimens;
use crate::walk::{Walk, artifact, attempt, cancel, failed, policy, rules, triage};

/// Steps in flow order, as `step attempt.revision status`.
const STEPS: [(&str, &str); 41] = [
    ("rq", "research 1.0 requested"),
    ("rd", "research 1.0 dispatched"),
    ("rr", "research 1.0 running"),
    ("rt", "research 1.0 requested"),
    ("aq", "research 1.0 succeeded, analyze 1.0 requested"),
    ("ad", "research 1.0 succeeded, analyze 1.0 dispatched"),
    ("ar", "research 1.0 succeeded, analyze 1.0 running"),
    ("vq", "research 1.0 succeeded, analyze 2.1 requested"),
    ("pq", "research 1.0 succeeded, analyze 1.0 succeeded"),
    ("pn", "research 1.0 succeeded, analyze 1.0 succeeded"),
    ("p1", "research 1.0 succeeded, analyze 1.0 succeeded"),
    ("p2", "research 1.0 succeeded, analyze 1.0 succeeded"),
    ("pt", "research 1.0 succeeded, analyze 1.0 succeeded"),
    ("pe", "research 1.0 succeeded, analyze 1.0 succeeded"),
    ("ps", "research 1.0 succeeded, analyze 1.0 succeeded"),
    ("po", "research 1.0 succeeded, analyze 1.0 succeeded"),
    ("px", "research 1.0 succeeded, analyze 1.0 succeeded"),
    ("pv", "research 1.0 succeeded, analyze 2.1 succeeded"),
    ("pr", "research 1.0 succeeded, analyze 1.0 succeeded"),
    ("pm", "research 1.0 succeeded, analyze 1.0 succeeded"),
    (
        "wq",
        "research 1.0 succeeded, analyze 1.0 succeeded, write 1.0 requested",
    ),
    (
        "wd",
        "research 1.0 succeeded, analyze 1.0 succeeded, write 1.0 dispatched",
    ),
    (
        "wr",
        "research 1.0 succeeded, analyze 1.0 succeeded, write 1.0 running",
    ),
    ("rx", "research 2.0 dispatched"),
    ("ax", "research 1.0 succeeded, analyze 2.0 dispatched"),
    (
        "wx",
        "research 1.0 succeeded, analyze 1.0 succeeded, write 2.0 dispatched",
    ),
    ("rb", "research 1.0 running"),
    ("ab", "research 1.0 succeeded, analyze 1.0 running"),
    ("Fr", "research 1.0 failed"),
    ("Fa", "research 1.0 succeeded, analyze 1.0 failed"),
    ("Fp", "research 1.0 succeeded, analyze 1.0 succeeded"),
    (
        "Fw",
        "research 1.0 succeeded, analyze 1.0 succeeded, write 1.0 failed",
    ),
    ("Re", "research 1.0 succeeded, analyze 2.0 requested"),
    (
        "Co",
        "research 1.0 succeeded, analyze 1.0 succeeded, write 1.0 succeeded",
    ),
    ("Cr", "research 1.0 cancelled"),
    ("Cp", "research 1.0 succeeded, analyze 1.0 succeeded"),
    ("Rj", "research 1.0 succeeded, analyze 1.0 succeeded"),
    ("Ex", "research 1.0 succeeded, analyze 1.0 succeeded"),
    ("ro", "research 2.0 requested"),
    ("Fo", "research 2.0 failed"),
    ("Xo", "research 1.0 cancelled"),
];

#[test]
fn steps_show_where_each_stands() {
    let specimens = specimens::all();
    assert_eq!(specimens.len(), STEPS.len());
    for ((name, walk), (expected_name, expected)) in specimens.into_iter().zip(STEPS) {
        let shown: Vec<String> = step_views(&walk.workflow)
            .into_iter()
            .map(|step| {
                let status = serde_json::to_value(step.status).unwrap();
                let status = status.as_str().unwrap().to_owned();
                format!("{} {}.{} {status}", step.step, step.attempt, step.revision)
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
            let mut steps = workflow.flow.agent_steps();
            let step = &steps.find(|step| step.writes == found.name).unwrap().step;
            let result = workflow.result_of(step, None).unwrap();
            assert_eq!(found, artifact(workflow, &result.of), "{name}");
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
        .then(failed(attempt("analyze", 2), false));
    let analyze = step_views(&walk.workflow).remove(1);
    assert_eq!(
        (analyze.step.as_str(), analyze.attempt, analyze.revision),
        ("analyze", 2, 1)
    );
    assert_eq!(analyze.status, StepStatus::Failed);
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

#[test]
fn the_course_is_the_whole_flow_in_its_order() {
    let walk = Walk::of(triage(), rules(), policy(), None);
    let places = course(&walk.workflow);
    let names: Vec<&str> = places
        .iter()
        .map(|place| place.name().unwrap().as_str())
        .collect();
    assert_eq!(
        names,
        ["gather", "sort", "weigh", "plan", "act", "close", "publish"]
    );
}

/// While the second approval waits, the first one is still known by its revision.
#[test]
fn an_approval_is_found_by_its_revision() {
    let walk = Walk::of(triage(), rules(), policy(), None);
    let plan = walk.succeeded().succeeded().succeeded();
    let act = plan.decided("ada", DecisionKind::Approve, 0);
    let close = act.succeeded();
    let found = |revision| approval_view_of(&close.workflow, revision);
    let (plan, close) = (found(0).unwrap(), found(1).unwrap());
    assert_eq!((plan.approval.as_str(), plan.pickup), ("plan", None));
    assert_eq!(
        plan.settled.map(|settled| settled.outcome),
        Some(Outcome::Approved)
    );
    assert_eq!((close.approval.as_str(), close.settled), ("close", None));
    assert!(close.pickup.is_some());
    assert_eq!(found(2), None);
}
