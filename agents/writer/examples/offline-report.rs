//! The three agents' pure parts in one process, without any platform:
//! `cargo run -p aegis-agent-writer --example offline-report -- "topic" [folder] [quick|standard|comprehensive] [feedback]`.
//! Prints the report. For those who improve an agent.

use std::path::Path;

use aegis_agent_analyst::analysis::analyse;
use aegis_agent_researcher::agent::evidence;
use aegis_agent_researcher::corpus;
use aegis_agent_researcher::sources::{RawFile, parse};
use aegis_agent_writer::citations::Citations;
use aegis_agent_writer::report::report;
use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::agent::{AgentTask, CallbackTarget, Role};
use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::{Depth, Parameters};
use aegis_contracts::time::Timestamp;
use anyhow::{Context, bail};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let topic = arguments.next().context("which topic?")?;
    let folder = arguments.next().unwrap_or_default();
    let depth = match arguments.next().as_deref() {
        None | Some("standard") => Depth::Standard,
        Some("quick") => Depth::Quick,
        Some("comprehensive") => Depth::Comprehensive,
        Some(other) => bail!("`{other}` is no depth"),
    };
    let feedback = arguments.next();
    let files = if folder.is_empty() {
        corpus::articles()
    } else {
        let mut files = Vec::new();
        collect(Path::new(&folder), &mut files)?;
        files.sort_by(|a, b| a.uri.cmp(&b.uri));
        files
    };
    let begun = std::time::Instant::now();
    let library = parse(files);
    let parsed = begun.elapsed();
    let evidence = evidence(&task(&topic, depth), library)?;
    let searched = begun.elapsed();
    let analysis = analyse(
        &evidence,
        u32::from(feedback.is_some()),
        feedback.as_deref(),
    );
    let citations = Citations::check(&evidence, &analysis)?;
    for item in &evidence.evidence {
        eprintln!(
            "{} {:.2} {} | {}",
            item.id, item.score, item.title, item.location
        );
    }
    println!("{}", report(&evidence, &analysis, &citations));
    eprintln!(
        "read in {parsed:?}, searched by {searched:?}, all in {:?}",
        begun.elapsed()
    );
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<RawFile>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if let Ok(bytes) = std::fs::read(&path) {
            files.push(RawFile {
                uri: path.display().to_string(),
                bytes,
            });
        }
    }
    Ok(())
}

fn task(topic: &str, depth: Depth) -> AgentTask {
    let workflow_id = WorkflowId::derive("offline", topic);
    AgentTask {
        schema_version: SCHEMA_VERSION,
        output_prefix: attempt_prefix(&workflow_id, Role::Researcher, 1),
        workflow_id,
        role: Role::Researcher,
        attempt: 1,
        revision: 0,
        topic: topic.to_owned(),
        parameters: Parameters {
            depth,
            sources: Vec::new(),
        },
        feedback: None,
        inputs: Vec::new(),
        callback: CallbackTarget {
            url: String::new(),
            token: String::new(),
        },
        deadline_at: Timestamp::UNIX_EPOCH,
        heartbeat_seconds: 60,
        budget_remaining: None,
        traceparent: None,
    }
}
