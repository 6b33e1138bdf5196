//! That events reach their log: the rule, its target and its permission, applied to moto.
//!
//! The emulator of the local stack takes such a target and delivers nothing to it.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use aegis_aws::client::bus::BusClient;
use aegis_aws::client::connection::{Connection, Keys};
use anyhow::{Context as _, Result, bail, ensure};
use aws_config::SdkConfig;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use aegis_client::local;
use aegis_local_aws::emulator::REGION;
use aegis_local_aws::settings::Settings;
use aegis_local_aws::terraform::command::Terraform;
use aegis_local_aws::terraform::variables::{self, ENVIRONMENT, NAME_PREFIX};
use aegis_local_aws::{environment, venv};
use aegis_terminal::progress::Step;

/// What is applied, with all that it needs.
const TARGET: &str = "aws_cloudwatch_event_target.log";
const PATIENCE: Duration = Duration::from_secs(30);

/// Source, detail-type, and whether the event belongs into the log: a token or a topic does not.
const EVENTS: [(&str, &str, bool); 5] = [
    ("aegis.workflow", "StepReported", false),
    ("aegis.workflow", "WorkflowStarted", false),
    ("partner.crm", "StepReported", false),
    ("partner.crm", "WorkflowRequested", false),
    ("aegis.workflow", "StepCompleted", true),
];

/// `terraform` has been initialised; `scratch` is a folder for what is left behind.
pub async fn check(terraform: &Terraform<'_>, scratch: &Path, python: &str) -> Result<()> {
    let parent = local::default_stack_folder()?;
    let python = venv::ensure(&venv::SECOND_EMULATOR, &parent, python).await?;
    let step = Step::begin("Log events on a second emulator");
    let settings = Settings {
        first_port: TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port(),
        ..terraform.settings.clone()
    };
    let mut emulator = start(&python, &settings, scratch)?;
    wait_until_it_answers(&settings, &mut emulator).await?;
    step.waiting_for("terraform apply");
    let there = Terraform {
        settings: &settings,
        ..*terraform
    };
    apply(&there, scratch).await?;
    let logged = put_and_read(&settings).await?;
    let expected: Vec<_> = EVENTS
        .iter()
        .filter(|(_, _, wanted)| *wanted)
        .map(|(_, detail_type, _)| *detail_type)
        .collect();
    ensure!(
        logged == expected,
        "the log of events holds {logged:?} instead of {expected:?}"
    );
    step.done("what belongs there and nothing else");
    Ok(())
}

/// It ends when it is dropped.
fn start(python: &Path, settings: &Settings, scratch: &Path) -> Result<Child> {
    let mut command = Command::new(python);
    command
        .args(["-m", "moto.server", "-H", "127.0.0.1", "-p"])
        .arg(settings.emulator_port().to_string())
        .env_clear()
        .envs(environment::clean(scratch))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command.spawn().context("cannot start the second emulator")
}

async fn wait_until_it_answers(settings: &Settings, emulator: &mut Child) -> Result<()> {
    let client = reqwest::Client::new();
    let began = Instant::now();
    while client
        .get(settings.aws_endpoint_url())
        .send()
        .await
        .is_err()
    {
        if let Some(status) = emulator.try_wait()? {
            bail!("the second emulator ended at once: {status}");
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "the second emulator does not answer"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// From nothing, with a state of its own.
async fn apply(terraform: &Terraform<'_>, scratch: &Path) -> Result<()> {
    let state = scratch.join("event-log.tfstate");
    if state.exists() {
        std::fs::remove_file(&state)?;
    }
    let settings = terraform.settings;
    let variables = vec![
        format!("aws_endpoint_url={}", terraform.settings.aws_endpoint_url()),
        format!("name_prefix={NAME_PREFIX}"),
        format!("environment={ENVIRONMENT}"),
        // Below it, topics are left out of the log.
        "log_level=INFO".to_owned(),
        "lambda_dist_dir=./tests/fixtures/packages".to_owned(),
        format!("agents={}", variables::agents(settings)),
    ];
    let mut arguments = vec![
        "apply".to_owned(),
        "-auto-approve".to_owned(),
        "-input=false".to_owned(),
        "-no-color".to_owned(),
        format!("-state={}", state.display()),
        format!("-target={TARGET}"),
    ];
    arguments.extend(variables.into_iter().map(|pair| format!("-var={pair}")));
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    terraform.quietly(&arguments).await
}

async fn connect(settings: &Settings) -> SdkConfig {
    let connection = Connection {
        region: Some(REGION.to_owned()),
        endpoint_url: Some(settings.aws_endpoint_url()),
        keys: Some(Keys {
            access_key_id: settings.access_key_id.clone(),
            secret_access_key: settings.secret_access_key.clone(),
        }),
    };
    connection.load().await
}

/// The detail-types in the log after all events were put. The last of them belongs there, so that what is missing
/// before it was left out.
async fn put_and_read(settings: &Settings) -> Result<Vec<String>> {
    let bus = format!("{NAME_PREFIX}-{ENVIRONMENT}-bus");
    let bus = BusClient::new(&connect(settings).await, bus);
    for (source, detail_type, _) in EVENTS {
        bus.put(source, detail_type, "{}").await?;
    }
    let began = Instant::now();
    loop {
        let lines = read(settings).await?;
        if !lines.is_empty() || began.elapsed() > PATIENCE {
            return lines.iter().map(|line| detail_type(line)).collect();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Past the SDK, because moto writes timestamps as fractions, which the SDK does not read. It checks no signature.
async fn read(settings: &Settings) -> Result<Vec<String>> {
    let scope = format!(
        "{}/20260101/{REGION}/logs/aws4_request",
        settings.access_key_id
    );
    let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
    let group = format!("/aws/events/{NAME_PREFIX}-{ENVIRONMENT}");
    let request = reqwest::Client::new()
        .post(settings.aws_endpoint_url())
        .header("authorization", signature)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "Logs_20140328.FilterLogEvents")
        .body(json!({ "logGroupName": group }).to_string());
    let answer = request.send().await?.error_for_status()?.bytes().await?;
    let answer: Value = serde_json::from_slice(&answer)?;
    let events = answer["events"].as_array().context("no events")?.iter();
    let messages = events.filter_map(|event| event["message"].as_str());
    Ok(messages.map(str::to_owned).collect())
}

fn detail_type(line: &str) -> Result<String> {
    let line: Value = serde_json::from_str(line).context("the log of events holds no JSON")?;
    let name = line["detail-type"].as_str();
    Ok(name.context("an event without a detail-type")?.to_owned())
}
