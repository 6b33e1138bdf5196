//! Attempts that no agent works on, and a token for each, so that reports of the fuzzer get past the door.
//!
//! An attempt looks as if another session had claimed it, so the real agent leaves it alone.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aegis_aws::client::keys::token_keys;
use aegis_aws::client::objects::{Put, S3Objects};
use aegis_contracts::artifact::{CLAIM, attempt_prefix};
use aegis_contracts::flow::{DEFAULT_FLOW, Name};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_engine::token::{Claim, TokenKeys};
use aegis_workflow::Attempt;
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use aws_config::SdkConfig;
use serde_json::{Value, json};

use aegis_local_aws::description::Description;

/// Longer than any run.
const VALID: Duration = Duration::from_secs(6 * 3600);
/// By which name an API that asks for no proof knows its callers.
const ANONYMOUS: &str = "anonymous";
const STEP: &str = "research";
const ATTEMPT: u32 = 1;
const PATIENCE: Duration = Duration::from_secs(60);

/// `count` workflows in research, as `{"id", "token"}`.
pub async fn hold(stack: &Description, count: usize) -> Result<Value> {
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
            of: Attempt {
                step: name(STEP)?,
                attempt: ATTEMPT,
            },
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
    let prefix = attempt_prefix(&name(DEFAULT_FLOW)?, &id, &name(STEP)?, ATTEMPT);
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
