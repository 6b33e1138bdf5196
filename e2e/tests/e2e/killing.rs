//! An agent at work is ended: with its process, without any warning, or by a cancel. **Slow**: the silence of a dead one
//! is noticed by the sweep.

use aegis_e2e::step::Step;
use std::time::Duration;

use aegis_contracts::artifact::{CLAIM, COMPLETION};
use aegis_contracts::ids::SessionId;
use aegis_contracts::view::Status;
use aegis_e2e::processes::{AgentProcess, Frozen, alone, replaced};
use aegis_e2e::run::{Run, TOPIC};
use aegis_e2e::stack::{Stack, e2e};
use aegis_e2e::wait::{SOON, SWEPT, Seen, at_once, eventually};
use anyhow::{Result, bail};
use serde_json::json;

/// Each finds the researcher at work sooner or later.
const TRIES: usize = 10;
/// Longer than a dispatcher takes to note an answer that it has.
const ANSWERED: Duration = Duration::from_secs(3);

#[test]
fn a_workflow_survives_the_death_of_its_agent() -> Result<()> {
    e2e(async |stack| {
        let run = killed_at_work(stack).await?;
        run.reach_within(Status::AwaitingApproval, SOON + 2 * SWEPT)
            .await?;
        run.approve().await?;
        let view = run.reach(Status::Completed).await?;
        let researcher = &view.steps[0];
        let told = run.told().await?;
        let retries = told.iter().filter(|kind| *kind == "StepRetried").count();
        assert_eq!(researcher.attempt as usize, retries + 1, "{told:?}");
        let results = told.iter().filter(|kind| *kind == "StepCompleted").count();
        assert_eq!(results, 3, "{told:?}");
        Ok(())
    })
}

#[test]
fn a_cancel_ends_the_work_of_a_live_agent() -> Result<()> {
    e2e(async |stack| {
        let _alone = alone().await;
        let (run, agent) = frozen_at_work(stack).await?;
        run.cancel(&json!({})).await?.is(202)?;
        let session = SessionId::derive(&run.id, &Step::Research.attempt(1)).runtime_session();
        let asked = format!("session {session}: asked to stop");
        logged(stack, "agent-host.log", &[&asked]).await?;
        agent.thaw();
        let words = [run.id.as_str(), "work stopped by the platform", "Session"];
        logged(stack, "researcher-agent.log", &words).await
    })
}

/// A workflow whose researcher died between its claim and its result.
async fn killed_at_work(stack: &'static Stack) -> Result<Run> {
    let _alone = alone().await;
    let (run, agent) = frozen_at_work(stack).await?;
    replaced(stack, Step::Research, agent.kill()?).await?;
    Ok(run)
}

/// A workflow whose researcher stands still between its answer to the dispatcher and its result.
async fn frozen_at_work(stack: &'static Stack) -> Result<(Run, Frozen)> {
    for _ in 0..TRIES {
        let run = stack.plan();
        let request = json!({"topic": TOPIC, "parameters": {"depth": "comprehensive"}});
        run.post_start(&request).await?.is(202)?;
        let agent = AgentProcess::of(stack, Step::Research)?;
        claimed(&run).await?;
        let agent = agent.freeze()?;
        if !lies_there(&run, COMPLETION).await? && dispatched(&run).await {
            return Ok((run, agent));
        }
        agent.thaw();
    }
    bail!("the researcher was too fast, or frozen before its answer, {TRIES} times")
}

/// Not if the agent was frozen between its claim and its answer, for which the dispatcher then waits.
async fn dispatched(run: &Run) -> bool {
    let noted = at_once("the note of the dispatch", ANSWERED, async || {
        let view = run.view().await?;
        Ok(match view.steps[0].dispatched_at {
            Some(_) => Seen::Yes(()),
            None => Seen::NotYet("none".to_owned()),
        })
    });
    noted.await.is_ok()
}

/// Until a line of this log of the stack's holds all of `words`.
async fn logged(stack: &Stack, log: &str, words: &[&str]) -> Result<()> {
    let path = stack.folder.join("logs").join(log);
    eventually(&format!("{words:?} in {log}"), SOON, async || {
        let text = std::fs::read_to_string(&path)?;
        let mut lines = text.lines();
        let found = lines.any(|line| words.iter().all(|word| line.contains(word)));
        Ok(if found {
            Seen::Yes(())
        } else {
            Seen::NotYet("no such line".to_owned())
        })
    })
    .await
}

async fn lies_there(run: &Run, name: &str) -> Result<bool> {
    let key = format!("{}{name}", run.prefix(Step::Research, 1));
    Ok(run.stack.objects.get(&key).await?.is_some())
}

/// Its work takes less than the usual pause between two looks.
async fn claimed(run: &Run) -> Result<()> {
    at_once("the researcher's claim", SOON, async || {
        Ok(if lies_there(run, CLAIM).await? {
            Seen::Yes(())
        } else {
            Seen::NotYet("none".to_owned())
        })
    })
    .await
}
