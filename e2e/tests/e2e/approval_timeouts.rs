//! What silence means. **The slow ones**: each waits for the sweep, which runs once a minute.

use std::time::Duration;

use aegis_contracts::approval::Outcome;
use aegis_contracts::view::Status;
use aegis_e2e::stack::e2e;
use aegis_e2e::wait::{SOON, SWEPT, Seen, eventually};
use aegis_engine::ports::{Clock, SystemClock};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

fn two_seconds(on_timeout: &str) -> Value {
    json!({"timeout_hours": 2.1 / 3600.0, "on_timeout": on_timeout})
}

#[test]
fn silence_can_mean_yes() -> Result<()> {
    e2e(async |stack| {
        let run = stack
            .start(json!({"topic": aegis_e2e::run::TOPIC, "approval": two_seconds("approve")}))
            .await?;
        let view = run.reach_within(Status::Completed, SOON + SWEPT).await?;
        let settled = view.approval.and_then(|approval| approval.settled);
        let settled = settled.context("nothing says how it ended")?;
        assert_eq!((settled.outcome, settled.by), (Outcome::Approved, None));
        let granted = run.event("ApprovalGranted").await?;
        assert_eq!(granted["approver"], "timeout");
        Ok(())
    })
}

#[test]
fn silence_can_mean_no() -> Result<()> {
    e2e(async |stack| {
        let run = stack
            .start(json!({"topic": aegis_e2e::run::TOPIC, "approval": two_seconds("expire")}))
            .await?;
        let view = run.reach_within(Status::Expired, SOON + SWEPT).await?;
        assert_eq!(view.result, None);
        assert_eq!(run.event("WorkflowExpired").await?["revision"], 0);
        let late = run.decide(json!({"decision": "approve"})).await?;
        late.problem(409, "not_awaiting_approval")?;
        Ok(())
    })
}

/// The sweep has hardly been there yet; where it has, nothing waits any more.
#[test]
fn a_decision_after_the_deadline_does_not_count() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(two_seconds("expire")).await?;
        let approval = run.view().await?.approval.context("no approval")?;
        eventually("the deadline", SOON, async || {
            let now = SystemClock.now();
            Ok(if now >= approval.deadline_at {
                Seen::Yes(())
            } else {
                Seen::NotYet(format!("{now}, until {}", approval.deadline_at))
            })
        })
        .await?;
        let late = run.decide(json!({"decision": "approve"})).await?;
        if late.problem(409, "decision_too_late").is_err() {
            late.problem(409, "not_awaiting_approval")?;
        }
        run.reach_within(Status::Expired, SOON + SWEPT).await?;
        Ok(())
    })
}

/// The stack of the tests reminds after 90 s.
#[test]
fn who_has_not_decided_is_reminded_in_time() -> Result<()> {
    e2e(async |stack| {
        let (alice, boss) = (stack.person("alice").await?, stack.person("boss").await?);
        let policy = json!({"required": 2, "approvers": [alice.name, boss.name]});
        let run = stack.start_awaiting(policy).await?;
        alice.decides(&run, "approve").await?.is(200)?;
        eventually(
            "the reminder",
            Duration::from_secs(90) + SWEPT,
            async || {
                let view = run.view().await?;
                let approval = view.approval.context("no approval")?;
                Ok(if approval.reminders == 1 {
                    Seen::Yes(())
                } else {
                    Seen::NotYet(format!("{approval:?}"))
                })
            },
        )
        .await?;
        let reminded = run.event("ApprovalReminded").await?;
        assert_eq!(reminded["reminder"], 1);
        assert_eq!(reminded["approvers"], json!([boss.name]));
        boss.decides(&run, "approve").await?.is(200)?;
        run.reach(Status::Completed).await?;
        run.event("ApprovalReminded").await?;
        Ok(())
    })
}

#[test]
fn silence_can_ask_somebody_else() -> Result<()> {
    e2e(async |stack| {
        let boss = stack.person("boss").await?;
        let mut policy = two_seconds("escalate");
        // The boss has as long, and a busy machine may take longer than two seconds to show that it is the boss's turn.
        policy["timeout_hours"] = json!(15.0 / 3600.0);
        policy["approvers"] = json!(["alice"]);
        policy["escalate_to"] = json!([boss.name]);
        let run = stack.start_awaiting(policy).await?;
        let early = boss.decides(&run, "approve").await?;
        early.problem(403, "not_an_approver")?;
        let within: Duration = SOON + SWEPT;
        eventually("the escalation", within, async || {
            let view = run.view().await?;
            let approval = view.approval.context("no approval")?;
            Ok(if approval.escalated {
                assert_eq!(approval.approvers, ["alice", boss.name.as_str()]);
                Seen::Yes(())
            } else {
                Seen::NotYet(format!("{approval:?}"))
            })
        })
        .await?;
        assert_eq!(
            run.event("ApprovalEscalated").await?["escalated_to"],
            json!([boss.name])
        );
        boss.decides(&run, "approve").await?.is(200)?;
        run.reach(Status::Completed).await?;
        Ok(())
    })
}
