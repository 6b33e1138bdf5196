//! An agent's process ends without any warning. **Slow**: its silence is noticed by the sweep.

use aegis_contracts::agent::Role;
use aegis_contracts::artifact::{CLAIM, COMPLETION};
use aegis_contracts::view::Status;
use aegis_e2e::processes::{AgentProcess, alone, replaced};
use aegis_e2e::run::{Run, TOPIC};
use aegis_e2e::stack::{Stack, e2e};
use aegis_e2e::wait::{SOON, SWEPT, Seen, eventually};
use anyhow::{Result, bail};
use serde_json::json;

/// Each finds the researcher at work sooner or later.
const TRIES: usize = 10;

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

/// A workflow whose researcher died between its claim and its result.
async fn killed_at_work(stack: &'static Stack) -> Result<Run> {
    let _alone = alone().await;
    for _ in 0..TRIES {
        let run = stack.plan();
        let request = json!({"topic": TOPIC, "parameters": {"depth": "comprehensive"}});
        run.post_start(&request).await?.is(202)?;
        let agent = AgentProcess::of(stack, Role::Researcher)?;
        claimed(&run).await?;
        agent.freeze()?;
        if lies_there(&run, COMPLETION).await? {
            agent.thaw()?;
            continue;
        }
        agent.kill()?;
        replaced(stack, Role::Researcher, agent).await?;
        return Ok(run);
    }
    bail!("the researcher was too fast {TRIES} times")
}

async fn lies_there(run: &Run, name: &str) -> Result<bool> {
    let key = format!("{}{name}", run.prefix(Role::Researcher, 1));
    Ok(run.stack.objects.get(&key).await?.is_some())
}

async fn claimed(run: &Run) -> Result<()> {
    eventually("the researcher's claim", SOON, async || {
        Ok(if lies_there(run, CLAIM).await? {
            Seen::Yes(())
        } else {
            Seen::NotYet("none".to_owned())
        })
    })
    .await
}
