//! The part `api` of the tests: schemathesis reads the API's own description from the stack and sends what it makes
//! of it, valid and invalid, one request and chains of them. Every answer has to be as described. Reports of agents come with
//! the token of a live attempt, and links are asked for of a workflow that waits, so that their bodies are looked at.

mod attempts;
mod readable;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitStatus;

use aegis_client::stage::Stage;
use aegis_contracts::time::Timestamp;
use anyhow::{Context as _, Result, bail, ensure};
use axum::Router;
use axum::http::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;

use aegis_client::local;
use aegis_client::local::StackFolder;
use aegis_local_aws::description::Description;
use aegis_local_aws::json::read_json;
use aegis_local_aws::settings::Settings;
use aegis_local_aws::{environment, foreground, prerequisites, venv};
use aegis_terminal::text::now;

/// The same requests in each short run.
const SEED: &str = "20261124";
/// Per operation, in each phase.
const SHORT: u32 = 12;
/// Attempts to report about. A report of success or failure ends one.
const ATTEMPTS: usize = 24;
/// How often requests of these routes that got past the door were answered with each status, as the hooks count it.
const ANSWERED: &str = "answered.json";
/// The route, the status of what is done, and of a body that is refused.
const BEHIND_DOORS: [(&str, [&str; 2]); 2] = [
    ("/callbacks/{id}", ["200", "400"]),
    ("/workflows/{id}/approval-links", ["201", "400"]),
];
const FILES: [(&str, &str); 2] = [
    (
        "api_fuzzer_hooks.py",
        include_str!("../../assets/api_fuzzer_hooks.py"),
    ),
    (
        "api_fuzzer.toml",
        include_str!("../../assets/api_fuzzer.toml"),
    ),
];

/// Runs against the stack in `folder`. With `examples` as many for each operation, from a new seed.
///
/// # Errors
/// Where an answer was not as described; what is wrong with which request has been printed then. Or where no report
/// was taken, no link made, or none refused for its body. Or where a workflow cannot be read afterwards.
pub async fn run(folder: &StackFolder, stack: &Description, examples: Option<u32>) -> Result<()> {
    let found = prerequisites::check()?;
    let parent = local::default_stack_folder()?;
    let python = venv::ensure(&venv::API_FUZZER, &parent, &found.python).await?;
    for (name, text) in FILES {
        let file = folder.root().join(name);
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let since = now();
    let spans = swallow_spans(folder).await?;
    let attempts = attempts::hold(stack, ATTEMPTS).await?;
    let command = command(&python, folder, &stack.api_endpoint, &attempts, examples);
    let status = foreground::run_visibly(command).await;
    let outcome = judged(status?, folder, since).await;
    spans.abort();
    outcome
}

async fn judged(status: ExitStatus, folder: &StackFolder, since: Timestamp) -> Result<()> {
    match status.code() {
        Some(0) => got_past_doors(folder)?,
        Some(code) => bail!("schemathesis ended with exit code {code}"),
        None => bail!("schemathesis was ended by a signal"),
    }
    readable::all_can_be_read(&Stage::read(&folder.stack_file())?, since).await
}

/// Requests got past the doors, and their bodies mattered.
fn got_past_doors(folder: &StackFolder) -> Result<()> {
    type Counted = BTreeMap<String, BTreeMap<String, u32>>;
    let counted: Option<Counted> = read_json(&folder.root().join(ANSWERED));
    let counted = counted.context("the fuzzer counted no answers")?;
    errln!("requests behind their routes' doors, by the status of the answer: {counted:?}");
    for (route, statuses) in BEHIND_DOORS {
        for status in statuses {
            let seen = counted.get(route).and_then(|of| of.get(status));
            ensure!(
                seen.is_some(),
                "no request to {route} was answered with {status}"
            );
        }
    }
    Ok(())
}

/// The stack of the tests sends spans to a receiver of the tests before, and waits for it at the end of each call.
async fn swallow_spans(folder: &StackFolder) -> Result<JoinHandle<()>> {
    let port = Settings::load_or_create(folder)?.trace_port();
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.with_context(|| format!("port {port} for spans is taken"))?;
    let sink = Router::new().fallback(|| async { StatusCode::OK });
    Ok(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, sink).await {
            errln!("nobody takes spans any more: {error}");
        }
    }))
}

fn command(
    python: &Path,
    folder: &StackFolder,
    api: &str,
    attempts: &Value,
    examples: Option<u32>,
) -> Command {
    let mut command = Command::new(python);
    command
        .current_dir(folder.root())
        .env_clear()
        .envs(environment::clean(folder.root()))
        .env("AEGIS_API_URL", api)
        .env("AEGIS_ATTEMPTS", attempts.to_string())
        .env("SCHEMATHESIS_HOOKS", "api_fuzzer_hooks")
        .env("PYTHONPATH", folder.root())
        .args(["-m", "schemathesis.cli"])
        .args(["--config-file", "api_fuzzer.toml", "run"])
        .arg(format!("{api}/openapi.json"))
        // Every check is on; to name them would overrule the one exception that the file makes.
        .args(["--url", api])
        .args(["--phases", "examples,coverage,fuzzing,stateful"])
        // A redirect is an answer of its own, and leads out of the API.
        .args(["--max-redirects", "0"])
        // One at a time: CPython 3.11 parses source in several threads only with luck, and the fuzzer does.
        .args(["--request-timeout", "30", "--workers", "1"])
        .args(["--suppress-health-check", "all", "--no-color"])
        .args(["--generation-database", "none"]);
    match examples {
        Some(examples) => command.args(["--max-examples", &examples.to_string()]),
        None => command
            .args(["--max-examples", &SHORT.to_string()])
            .args(["--seed", SEED]),
    };
    command
}
