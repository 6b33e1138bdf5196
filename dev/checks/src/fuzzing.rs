//! The part `api` of the tests: schemathesis reads the API's own description from the stack and sends what it makes
//! of it, valid and invalid, one request and chains of them. Every answer has to be as described. Reports of agents come with
//! the token of a live attempt, and links are asked for of a workflow that waits, so that their bodies are looked at.
//! Each workflow that the fuzzer may have met can be read once it is done.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aegis_aws::client::keys::token_keys;
use aegis_aws::client::objects::{Put, S3Objects};
use aegis_client::api::Api;
use aegis_client::local::{self, StackFolder};
use aegis_client::proof::Proofs;
use aegis_client::stage::Stage;
use aegis_contracts::artifact::{CLAIM, attempt_prefix};
use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::{DEFAULT_FLOW, Name};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{History, WorkflowPage};
use aegis_engine::token::{Claim, TokenKeys};
use aegis_local_aws::description::Description;
use aegis_local_aws::json::read_json;
use aegis_local_aws::settings::Settings;
use aegis_local_aws::{environment, foreground, prerequisites, venv};
use aegis_terminal::text::now;
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use aws_config::SdkConfig;
use axum::Router;
use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;

/// The same requests in each short run.
const SEED: &str = "20261124";
/// Per operation, in each phase.
const SHORT: u32 = 12;
/// Attempts to report about. A report of success or failure ends one.
const ATTEMPTS: usize = 28;
/// How often requests of these routes that got past the door were answered with each status, as the hooks count it.
const ANSWERED: &str = "answered.json";
/// The route, the status of what is done, and of a body that is refused.
const BEHIND_DOORS: [(&str, [&str; 2]); 3] = [
    ("/callbacks/{id}", ["200", "400"]),
    ("/callbacks/{id}/artifacts/{name}", ["200", "400"]),
    ("/workflows/{id}/approval-links", ["201", "400"]),
];
const FILES: [(&str, &str); 2] = [
    (
        "api_fuzzer_hooks.py",
        include_str!("../assets/api_fuzzer_hooks.py"),
    ),
    ("api_fuzzer.toml", include_str!("../assets/api_fuzzer.toml")),
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
    let attempts = hold(stack, ATTEMPTS).await?;
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
    all_can_be_read(&Stage::read(&folder.stack_file())?, since).await
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

/// Longer than any run.
const VALID: Duration = Duration::from_secs(6 * 3600);
/// By which name an API that asks for no proof knows its callers.
const ANONYMOUS: &str = "anonymous";
const STEP: &str = "research";
const ATTEMPT: u32 = 1;
const PATIENCE: Duration = Duration::from_secs(60);

/// `count` workflows in research, as `{"id", "token"}`.
async fn hold(stack: &Description, count: usize) -> Result<Value> {
    let config = stack.connection().load().await;
    let bucket = S3Objects::new(&config, output(stack, "artifact_bucket_name")?.to_owned());
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(held(stack, &bucket).await?);
    }
    let keys = keys(&config, output(stack, "token_keys_parameter")?).await?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let until = Timestamp::UNIX_EPOCH.plus(since).plus(VALID);
    let mut attempts = Vec::new();
    for id in ids {
        let claim = Claim {
            workflow_id: id.clone(),
            flow: name(DEFAULT_FLOW)?,
            of: Attempt::once(name(STEP)?, ATTEMPT),
        };
        let token = keys
            .sign(&claim, until)
            .map_err(|error| anyhow!("{error}"))?;
        attempts.push(json!({"id": id, "token": token, "step": STEP, "attempt": ATTEMPT}));
    }
    Ok(Value::Array(attempts))
}

fn name(text: &str) -> Result<Name> {
    Ok(text.parse()?)
}

fn output<'a>(stack: &'a Description, name: &str) -> Result<&'a str> {
    let output = stack.outputs[name].as_str();
    output.with_context(|| format!("the stack has no output {name}"))
}

/// Claimed before it is started: its id follows from who asks and the key.
async fn held(stack: &Description, bucket: &S3Objects) -> Result<WorkflowId> {
    let key = uuid::Uuid::new_v4().to_string();
    let id = WorkflowId::derive(ANONYMOUS, &key);
    let claim =
        json!({"session": "a-session-that-belongs-to-the-fuzzer-of-the-api", "invocation": "none"});
    let of = Attempt::once(name(STEP)?, ATTEMPT);
    let prefix = attempt_prefix(&name(DEFAULT_FLOW)?, &id, &of);
    let name = format!("{prefix}{CLAIM}");
    let claim = claim.to_string().into_bytes();
    let put = bucket
        .put_if_absent(&name, claim, "application/json")
        .await?;
    ensure!(put == Put::Written, "{name} exists");
    let url = format!("{}/workflows", stack.api_endpoint);
    let request = reqwest::Client::new()
        .post(url)
        .header("idempotency-key", key);
    let answer = request.json(&json!({"topic": "Callbacks"})).send().await?;
    ensure!(
        answer.status() == 202,
        "a start was answered with {answer:?}"
    );
    Ok(id)
}

/// The first dispatch of a stage makes them.
async fn keys(config: &SdkConfig, parameter: &str) -> Result<TokenKeys> {
    let began = std::time::Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(keys) = token_keys(config, parameter).await? {
            return Ok(keys);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bail!("no dispatch has made the keys of tokens")
}

/// Those that were created since, on a clock of this machine.
///
/// # Errors
/// Names the workflows that cannot be read.
async fn all_can_be_read(stage: &Stage, since: Timestamp) -> Result<()> {
    let proofs = Proofs::of(stage, None).await?;
    let api = Api::new(&stage.api_endpoint, proofs, "the stack does not answer")?;
    let (mut read, mut unreadable) = (0, Vec::new());
    let mut cursor = String::new();
    loop {
        let path = format!("/workflows?limit=100{cursor}");
        let page = api.get::<WorkflowPage>(&path).await?.value;
        let at_the_end = page.workflows.iter().any(|row| row.created_at < since);
        for row in page.workflows {
            let id = &row.workflow_id;
            let history = format!("/workflows/{id}/history");
            let view = api.workflow(id).await.map(drop);
            let events = api.get::<History>(&history).await.map(drop);
            match view.and(events) {
                Ok(()) => read += 1,
                Err(error) => unreadable.push(format!("{id}: {error}")),
            }
        }
        match page.next_cursor {
            Some(next) if !at_the_end => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    let list = unreadable.join("\n");
    ensure!(
        unreadable.is_empty(),
        "workflows that cannot be read:\n{list}"
    );
    errln!("the newest {read} workflows can all be read");
    Ok(())
}
