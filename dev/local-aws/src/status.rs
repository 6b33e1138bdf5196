//! `cargo xtask status`: what of the local stack is running.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;

use crate::Context;
use crate::description::Description;
use crate::host::plan::Plan;
use crate::json::read_json;
use crate::process::ProcessRecord;
use crate::queues::Depth;
use crate::settings::Settings;
use crate::{agents, emulator, queues};
use aegis_client::local::StackFolder;
use aegis_terminal::out;

#[derive(Debug, Clone, Default, clap::Args)]
pub struct Arguments {}

/// Shown as it is by `--json`.
#[derive(Debug, Serialize)]
struct Status {
    /// Everything runs and answers.
    running: bool,
    api_endpoint: Option<String>,
    aws_endpoint_url: Option<String>,
    version: Option<String>,
    folder: String,
    parts: Vec<Part>,
    queues: BTreeMap<String, Depth>,
}

#[derive(Debug, Serialize)]
struct Part {
    name: String,
    pid: Option<i32>,
    state: &'static str,
}

pub async fn run(_arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let status = look(&context.folder).await;
    if context.json {
        out::json(serde_json::to_string_pretty(&status)?);
    } else {
        show(&status);
    }
    Ok(if status.running {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn look(folder: &StackFolder) -> Status {
    let description = read_json::<Description>(&folder.stack_file());
    let settings = read_json::<Settings>(&folder.settings_file());
    let mut parts = vec![emulator_part(folder, settings.as_ref()).await];
    parts.extend(agent_parts(folder).await);
    let running = description.is_some() && parts.iter().all(|part| part.state == "running");
    let queues = match (&settings, &description) {
        (Some(settings), Some(description)) if running => {
            queues::depths(settings, description).await
        }
        _ => BTreeMap::new(),
    };
    Status {
        running,
        api_endpoint: description.as_ref().map(|found| found.api_endpoint.clone()),
        aws_endpoint_url: description
            .as_ref()
            .map(|found| found.aws_endpoint_url.clone()),
        version: description.map(|found| found.version),
        folder: folder.root().display().to_string(),
        parts,
        queues,
    }
}

async fn emulator_part(folder: &StackFolder, settings: Option<&Settings>) -> Part {
    let healthy = match settings {
        Some(settings) => emulator::is_healthy(settings).await,
        None => false,
    };
    part(emulator::NAME, running_pid(folder, emulator::NAME), healthy)
}

async fn agent_parts(folder: &StackFolder) -> Vec<Part> {
    let pid = running_pid(folder, agents::HOST);
    let Some(plan) = read_json::<Plan>(&folder.agent_host_file()) else {
        return vec![part(agents::HOST, pid, false)];
    };
    let silent = agents::silent_agents(&plan).await;
    let answers = |name: &str| !silent.iter().any(|other| other == name);
    let mut parts = vec![part(agents::HOST, pid, answers("agent host"))];
    for agent in &plan.agents {
        // The host knows their ids; whether they answer is what matters.
        let state = if answers(&agent.name) {
            "running"
        } else {
            "stopped"
        };
        parts.push(Part {
            name: format!("{} agent", agent.name),
            pid: None,
            state,
        });
    }
    parts
}

fn running_pid(folder: &StackFolder, name: &str) -> Option<i32> {
    let record = read_json::<ProcessRecord>(&folder.process_file(name))?;
    record.runs().then_some(record.pid)
}

fn part(name: &str, pid: Option<i32>, answers: bool) -> Part {
    let state = match (pid, answers) {
        (Some(_), true) => "running",
        (Some(_), false) => "not answering",
        (None, _) => "stopped",
    };
    Part {
        name: name.to_owned(),
        pid,
        state,
    }
}

fn show(status: &Status) {
    for part in &status.parts {
        let pid = part
            .pid
            .map(|pid| format!("  process {pid}"))
            .unwrap_or_default();
        outln!("{:<18} {}{pid}", part.name, part.state);
    }
    for (name, value) in [
        ("API", &status.api_endpoint),
        ("AWS", &status.aws_endpoint_url),
    ] {
        if let Some(value) = value {
            outln!("{name:<18} {value}");
        }
    }
    outln!("{:<18} {}", "folder", status.folder);
    let full = status.queues.iter().filter(|(_, depth)| !depth.is_zero());
    for (name, depth) in full {
        let Depth {
            waiting,
            delayed,
            in_flight,
        } = depth;
        let name = format!("queue {name}");
        outln!("{name:<18} {waiting} waiting, {in_flight} in flight, {delayed} delayed");
    }
    if !status.running {
        outln!("Start it with: cargo xtask up");
    }
}
