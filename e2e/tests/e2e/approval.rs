//! What people decide.

use aegis_contracts::approval::ApprovalView;
use aegis_contracts::review::Review;
use aegis_contracts::view::{Status, WorkflowView};
use aegis_e2e::run::Run;
use aegis_e2e::stack::e2e;
use aegis_e2e::step::Step;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

fn attempt_of(view: &WorkflowView, step: Step) -> Option<(u32, u32)> {
    let step = view.steps.iter().find(|known| known.step == step.name())?;
    Some((step.attempt, step.revision))
}

async fn analysis(run: &Run) -> Result<Value> {
    Ok(serde_json::from_str(&run.artifact("analysis.json").await?)?)
}

async fn review(run: &Run, query: &str) -> Result<Review> {
    run.get(&format!("/review{query}")).await?.read(200)
}

/// The findings of a revision as its analyst wrote them, each claim beside the passage in which it stands.
fn shows(review: &Review, analysis: &Value) {
    let findings = review.findings.iter();
    let shown: Vec<_> = findings.flat_map(|finding| &finding.claims).collect();
    let texts: Vec<_> = shown.iter().map(|claim| claim.text.clone()).collect();
    assert!(!texts.is_empty(), "{review:?}");
    assert_eq!(texts, claims(analysis));
    for claim in shown {
        let passage = claim.passage.as_ref().map(|passage| &passage.passage);
        assert!(
            passage.is_some_and(|text| text.contains(&claim.text)),
            "{claim:?}"
        );
    }
}

/// The texts of all claims of an analysis.
fn claims(analysis: &Value) -> Vec<String> {
    let findings = analysis["findings"].as_array().into_iter().flatten();
    let claims = findings.filter_map(|finding| finding["claims"].as_array());
    let texts = claims.flatten().filter_map(|claim| claim["text"].as_str());
    texts.map(str::to_owned).collect()
}

#[test]
fn changes_are_requested_twice_and_then_approved() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(json!({})).await?;
        let first = analysis(&run).await?;
        assert_eq!(
            (&first["revision"], &first["revised"]),
            (&json!(0), &Value::Null)
        );
        let mut analyses = vec![first.clone()];
        let wishes = [
            json!({"drop": [1]}),
            json!({"terms": ["lattices"], "search_again": true}),
        ];
        let told = [
            vec!["Finding 1 was taken out."],
            vec!["The sources were searched again."],
        ];
        // A number that no finding has uses up no revision.
        let absent = json!({"decision": "request_changes", "changes": {"drop": [1, 40]}});
        let refused = run.decide(absent).await?;
        refused.problem(409, "unknown_finding")?;
        for (revision, (changes, told)) in (0_u32..).zip(wishes.iter().zip(told)) {
            let decision =
                json!({"decision": "request_changes", "changes": changes, "revision": revision});
            run.decide(decision).await?.is(200)?;
            let view = run.reach_revision(revision + 1).await?;
            let worked = (revision + 2, revision + 1);
            assert_eq!(attempt_of(&view, Step::Analyze), Some(worked));
            let searched = if revision == 0 { (1, 0) } else { (2, 2) };
            assert_eq!(attempt_of(&view, Step::Research), Some(searched));
            let revised = analysis(&run).await?;
            assert_eq!(revised["revision"], revision + 1);
            assert_eq!(&revised["revised"]["request"]["changes"], changes);
            let done = revised["revised"]["done"]
                .as_array()
                .context("nothing is done")?;
            let done: Vec<&str> = done.iter().filter_map(Value::as_str).collect();
            assert!(done.starts_with(&told), "{done:?}");
            let gone = &claims(&json!({"findings": [first["findings"][0]]}));
            let left: Vec<String> = claims(&revised);
            assert!(!left.iter().any(|text| gone.contains(text)), "{revised}");
            analyses.push(revised);
        }
        let latest = review(&run, "").await?;
        assert_eq!((latest.approval.revision, latest.waiting), (2, true));
        for (revision, analysis) in analyses.iter().enumerate() {
            let seen = review(&run, &format!("?revision={revision}")).await?;
            shows(&seen, analysis);
            let decisions = usize::from(revision < wishes.len());
            assert_eq!(seen.approval.decisions.len(), decisions, "{seen:?}");
        }
        let none = run.get("/review?revision=3").await?;
        none.problem(404, "revision_not_found")?;
        run.decide(json!({"decision": "approve"}))
            .await?
            .problem(409, "stale_revision")?;
        run.decide(json!({"decision": "approve", "revision": 2}))
            .await?
            .is(200)?;
        let view = run.reach(Status::Completed).await?;
        assert_eq!(attempt_of(&view, Step::Write), Some((1, 2)));
        assert_eq!(run.told().await?, TWO_REVISIONS);
        Ok(())
    })
}

const TWO_REVISIONS: [&str; 14] = [
    "WorkflowStarted",
    "StepCompleted",
    "StepCompleted",
    "ApprovalRequested",
    "ChangesRequested",
    "StepCompleted",
    "ApprovalRequested",
    "ChangesRequested",
    "StepCompleted",
    "StepCompleted",
    "ApprovalRequested",
    "ApprovalGranted",
    "StepCompleted",
    "WorkflowCompleted",
];

#[test]
fn a_decision_for_another_revision_names_the_one_that_waits() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(json!({})).await?;
        let early = run
            .decide(json!({"decision": "approve", "revision": 7}))
            .await?;
        let problem = early.problem(409, "stale_revision")?;
        assert_eq!(problem.current_revision, Some(0));
        assert_eq!(run.view().await?.status, Status::AwaitingApproval);
        Ok(())
    })
}

#[test]
fn revisions_come_to_an_end() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(json!({"max_revisions": 1})).await?;
        let change = |revision| json!({"decision": "request_changes", "comment": "say more", "revision": revision});
        run.decide(change(0)).await?.is(200)?;
        run.reach_revision(1).await?;
        run.decide(change(1))
            .await?
            .problem(409, "revisions_exhausted")?;
        run.approve().await?;
        run.reach(Status::Completed).await?;
        Ok(())
    })
}

#[test]
fn a_rejection_ends_the_workflow() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(json!({})).await?;
        let no = json!({"decision": "reject", "comment": "too thin"});
        let approval: ApprovalView = run.decide(no.clone()).await?.read(200)?;
        let view = run.reach(Status::Rejected).await?;
        assert_eq!(view.result, None);
        assert_eq!(run.event("WorkflowRejected").await?["comment"], "too thin");
        let again: ApprovalView = run.decide(no).await?.read(200)?;
        assert_eq!(again, approval, "the same decision gets the same answer");
        let yes = json!({"decision": "approve"});
        run.decide(yes)
            .await?
            .problem(409, "not_awaiting_approval")?;
        run.cancel(&json!({}))
            .await?
            .problem(409, "already_ended")?;
        run.redrive(&json!({})).await?.problem(409, "not_failed")?;
        Ok(())
    })
}

#[test]
fn two_of_three_named_approvers_are_needed() -> Result<()> {
    e2e(async |stack| {
        let (alice, bob) = (stack.person("alice").await?, stack.person("bob").await?);
        let mallory = stack.person("mallory").await?;
        let policy = json!({"required": 2, "approvers": [alice.name, bob.name, "carol"]});
        let run = stack.start_awaiting(policy).await?;
        let refused = mallory.decides(&run, "approve").await?;
        refused.problem(403, "not_an_approver")?;
        run.decide(json!({"decision": "approve"}))
            .await?
            .problem(403, "not_an_approver")?;
        let first: ApprovalView = alice.decides(&run, "approve").await?.read(200)?;
        let again: ApprovalView = alice.decides(&run, "approve").await?.read(200)?;
        assert_eq!(first, again, "the same decision gets the same answer");
        let changed = alice.decides(&run, "reject").await?;
        changed.problem(409, "already_decided")?;
        let seen = review(&run, "").await?;
        assert!(seen.waiting);
        assert_eq!(seen.undecided, [bob.name.as_str(), "carol"]);
        bob.decides(&run, "approve").await?.is(200)?;
        let view = run.reach(Status::Completed).await?;
        let decisions = view.approval.context("no approval")?.decisions;
        let names: Vec<_> = decisions.into_iter().map(|known| known.approver).collect();
        assert_eq!(names, [alice.name.as_str(), bob.name.as_str()]);
        let recorded = run.event("ApprovalRecorded").await?;
        assert_eq!(recorded["approver"], alice.name);
        let granted = run.event("ApprovalGranted").await?;
        assert_eq!(granted["approver"], bob.name);
        Ok(())
    })
}

#[test]
fn nothing_can_be_decided_before_it_waits() -> Result<()> {
    e2e(async |stack| {
        let run = stack.plan();
        run.hold(Step::Research, 1).await?;
        run.start(&json!({"topic": aegis_e2e::run::TOPIC})).await?;
        let early = run.decide(json!({"decision": "approve"})).await?;
        early.problem(409, "not_awaiting_approval")?;
        run.get("/review").await?.problem(409, "not_analyzed")?;
        run.cancel(&json!({})).await?.is(202)?;
        Ok(())
    })
}
