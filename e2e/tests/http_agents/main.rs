//! Agents that need only HTTP: flows whose agents are `agents/python/agent.py`, from their start to their report.
//!
//! The test runs the agents itself, without credentials, and brings the stack up anew for them.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use aegis_contracts::view::{Status, StepStatus, StepView};
use aegis_e2e::run::TOPIC;
use aegis_e2e::stack::{Stack, e2e};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tokio::process::{Child, Command};

/// Both are the same program, and each works in both flows.
const AGENTS: [&str; 2] = ["gatherer", "digester"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// With nothing in its environment but the address that it listens at.
fn agent(bind: &str) -> Result<Child> {
    let python = std::env::var("AEGIS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    Command::new(&python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/http_agents/agents.py"))
        .arg(repository().join("agents/python"))
        .env_clear()
        .env("AGENT_BIND", bind)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| python)
}

/// A stack of this flow and these agents.
async fn bring_up(stack: &Stack, urls: &BTreeMap<&str, String>) -> Result<()> {
    let flows = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/http_agents/flows");
    let mut text = format!("flows = {:?}\n", flows.display().to_string());
    for (name, url) in urls {
        text.push_str(&format!("[agents.{name}]\nurl = {url:?}\n"));
    }
    let file = stack.folder.join("http-agents.toml");
    std::fs::write(&file, text)?;
    stack.bring_up(&file).await
}

#[test]
fn a_flow_of_agents_without_credentials_runs_to_its_report() -> Result<()> {
    e2e(async |stack| {
        let mut running = Vec::new();
        let mut urls = BTreeMap::new();
        for name in AGENTS {
            let bind = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
            urls.insert(name, format!("http://{bind}"));
            running.push(agent(&bind)?);
        }
        bring_up(stack, &urls).await?;
        let run = stack.plan();
        let request = json!({"flow": "digest", "topic": TOPIC});
        run.post_start(&request).await?.is(202)?;
        run.reach(Status::AwaitingApproval).await?;
        let asked = json!({
            "decision": "request_changes", "revision": 0, "comment": "gather more",
        });
        run.decide(asked).await?.is(200)?;
        run.reach_revision(1).await?;
        run.approve().await?;
        run.reach(Status::Completed).await?;
        // Of the second revision, which was given what the first one wrote.
        let gathered = run.artifact("gathered.md").await?;
        let line = |bytes| {
            format!("- `gathered.md` of `gather` has {bytes} bytes and begins: # {TOPIC}\n")
        };
        let first = format!("# {TOPIC}\n\n");
        let expected = format!("{first}{}", line(first.len()));
        ensure!(gathered == expected, "{gathered}");
        let digest = run.artifact("digest.md").await?;
        let expected = format!("{first}{}", line(gathered.len()));
        ensure!(digest == expected, "{digest}");
        survey(stack).await?;
        for agent in &mut running {
            ensure!(agent.try_wait()?.is_none(), "an agent has ended");
        }
        Ok(())
    })
}

/// Twelve branches, of which two fail for good; two approvals; two steps at once.
async fn survey(stack: &'static Stack) -> Result<()> {
    let run = stack.plan();
    let request = json!({"flow": "survey", "topic": TOPIC});
    run.post_start(&request).await?.is(202)?;
    run.reach(Status::AwaitingApproval).await?;
    let view = run.view().await?;
    let branches = |status| {
        let of = |step: &&StepView| step.branch.is_some() && step.status == status;
        let branches = view.steps.iter().filter(of);
        branches
            .filter_map(|step| step.branch)
            .collect::<Vec<u32>>()
    };
    let failed = branches(StepStatus::Failed);
    ensure!(failed == [5, 9], "{failed:?}");
    let succeeded = branches(StepStatus::Succeeded);
    ensure!(
        succeeded == [1, 2, 3, 4, 6, 7, 8, 10, 11, 12],
        "{succeeded:?}"
    );
    let approve = |revision: u32| json!({"decision": "approve", "revision": revision});
    run.decide(approve(0)).await?.is(200)?;
    run.reach_revision(1).await?;
    run.decide(approve(1)).await?.is(200)?;
    run.reach(Status::Completed).await?;
    let report = run.artifact("survey.md").await?;
    for (what, count) in [
        ("- `notes.md` of `look` ", 10),
        ("- `weights.md` of `weigh` ", 1),
        ("- `doubts.md` of `doubt` ", 1),
        (" of `look` is missing: nothing_found", 2),
    ] {
        let found = report.matches(what).count();
        ensure!(found == count, "{found} times {what:?} in {report}");
    }
    Ok(())
}
