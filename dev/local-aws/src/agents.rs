//! Starts the agent host, and with it the agents, and knows whether they answer.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use futures::future::join_all;

use crate::binaries::COMMAND;
use crate::host::plan::Plan;
use crate::json::{read_json, write_json};
use crate::packages::{Products, program_path};
use crate::process::{Detached, ProcessRecord};
use crate::{digest, environment};
use aegis_client::local::StackFolder;
use aegis_terminal::progress::Step;

pub const HOST: &str = "agent-host";
const START_PATIENCE: Duration = Duration::from_secs(60);
/// The host gives its agents five seconds to end.
pub const END_PATIENCE: Duration = Duration::from_secs(15);

/// Returns the record of a host that this call started; nothing when it ran already.
pub async fn ensure(
    folder: &StackFolder,
    plan: &Plan,
    products: &Products,
    emulator: &ProcessRecord,
) -> Result<Option<ProcessRecord>> {
    let wanted = fingerprint(plan, products, emulator)?;
    if let Some(record) = read_json::<ProcessRecord>(&folder.process_file(HOST)) {
        if record.runs() && record.fingerprint == wanted && silent_agents(plan).await.is_empty() {
            return Ok(None);
        }
        end(folder).await?;
    }
    let step = Step::begin("Start the agents");
    let file = folder.agent_host_file();
    write_json(&file, plan)?;
    let program = program_path(folder, COMMAND);
    let record = Detached {
        program: &program,
        arguments: vec![
            "agent-host".to_owned(),
            "--plan".to_owned(),
            file.display().to_string(),
        ],
        environment: environment::clean(&folder.temporary()),
        folder: folder.root(),
        log: folder.log_file(HOST),
        fingerprint: wanted,
    }
    .start(&folder.process_file(HOST))?;
    if let Err(error) = wait_until_all_answer(folder, plan, &record, &step).await {
        end(folder).await?;
        return Err(error);
    }
    step.done(&format!("{} answer", plan.agents.len()));
    Ok(Some(record))
}

pub async fn end(folder: &StackFolder) -> Result<()> {
    let file = folder.process_file(HOST);
    let Some(record) = read_json::<ProcessRecord>(&file) else {
        return Ok(());
    };
    record.end(END_PATIENCE).await;
    std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))
}

async fn wait_until_all_answer(
    folder: &StackFolder,
    plan: &Plan,
    record: &ProcessRecord,
    step: &Step,
) -> Result<()> {
    let began = Instant::now();
    loop {
        let silent = silent_agents(plan).await;
        if silent.is_empty() {
            return Ok(());
        }
        if !record.runs() {
            let log = folder.log_file(HOST);
            bail!("the agent host ended at once; its log is {}", log.display());
        }
        if began.elapsed() > START_PATIENCE {
            let logs = folder.logs();
            bail!(
                "no answer from {}; the logs are in {}",
                silent.join(", "),
                logs.display()
            );
        }
        step.waiting_for(&format!("an answer from {}", silent.join(", ")));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The host and the agents that do not answer.
pub async fn silent_agents(plan: &Plan) -> Vec<String> {
    let host = ("agent host".to_owned(), format!("http://{}", plan.bind));
    let agents = plan
        .agents
        .iter()
        .map(|agent| (agent.name.clone(), agent.url.clone()));
    let client = reqwest::Client::new();
    let pings = std::iter::once(host).chain(agents).map(|(name, url)| {
        let request = client
            .get(format!("{url}/ping"))
            .timeout(Duration::from_secs(2));
        async move {
            let answered = request
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success());
            (!answered).then_some(name)
        }
    });
    join_all(pings).await.into_iter().flatten().collect()
}

/// Changes with anything that a running host would not notice: its plan, its agents' code, its
/// own code, and a new emulator process, which knows none of the credentials lent before.
fn fingerprint(plan: &Plan, products: &Products, emulator: &ProcessRecord) -> Result<String> {
    let plan = serde_json::to_string(plan)?;
    let programs = &products.programs;
    let text = format!("{plan}{programs:?}{}", emulator.identity);
    Ok(digest::of_bytes(text.as_bytes()))
}
