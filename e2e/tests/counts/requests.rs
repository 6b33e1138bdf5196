//! Each request of the counted workflow is one that AWS would take.
//!
//! The emulator takes more than AWS does: a session id that is too short, a member that there is not. botocore knows what
//! AWS says of each operation, and comes with the emulator.

use aegis_e2e::step::Step;
use std::io::Write as _;
use std::process::{Command, Stdio};

use aegis_contracts::ids::SessionId;
use aegis_e2e::meter::Entry;
use aegis_e2e::run::Run;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/counts/requests.py");
/// A Python that has botocore. `cargo xtask test` sets it.
const PYTHON: &str = "AEGIS_PYTHON";
/// How the agent host's log begins a line about a request.
const AT_THE_HOST: &str = "request ";

/// One request.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Request {
    service: String,
    pub operation: String,
    /// Where they lie is named by what has recorded them: parameters, or parts of what was sent.
    #[serde(flatten)]
    said: Value,
}

impl Request {
    /// Of a call that the emulator has recorded: the JSON that it was sent; of S3, which speaks no JSON, bucket and key.
    pub fn recorded(entry: &Entry) -> Result<Self> {
        let service = match entry.operation.as_str() {
            "TransactWriteItems" | "UpdateItem" | "GetItem" | "Query" => "dynamodb",
            "SendMessage" => "sqs",
            "PutEvents" => "events",
            "HeadObject" => "s3",
            other => bail!("nobody said which service {other} belongs to"),
        };
        let parameters = match (service, entry.resources.as_slice()) {
            ("s3", [bucket, key]) => json!({"Bucket": bucket, "Key": key}),
            ("s3", other) => bail!("{}: no bucket and key in {other:?}", entry.operation),
            _ => entry.parameters.clone(),
        };
        Ok(Self {
            service: service.to_owned(),
            operation: entry.operation.clone(),
            said: json!({ "parameters": parameters }),
        })
    }
}

/// What reached the agent host for the first attempts of this workflow.
pub fn at_the_host(run: &Run) -> Result<Vec<Request>> {
    let sessions =
        Step::ALL.map(|step| SessionId::derive(&run.id, &step.attempt(1)).runtime_session());
    let path = run.stack.folder.join("logs").join("agent-host.log");
    let log = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let lines = log
        .lines()
        .filter_map(|line| line.strip_prefix(AT_THE_HOST));
    let own = lines.filter(|line| sessions.iter().any(|session| line.contains(session)));
    own.map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// # Errors
/// Where AWS would refuse one.
pub fn aws_would_take(requests: &[Request]) -> Result<()> {
    let refused = refused(&json!(requests))?;
    ensure!(refused.is_empty(), "AWS would refuse:\n{refused}");
    Ok(())
}

fn refused(requests: &Value) -> Result<String> {
    let python = std::env::var_os(PYTHON)
        .with_context(|| format!("{PYTHON} names no Python; `cargo xtask test e2e` sets it"))?;
    let mut program = Command::new(python)
        .arg(SCRIPT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = program.stdin.take().context("no standard input")?;
    input.write_all(requests.to_string().as_bytes())?;
    drop(input);
    let output = program.wait_with_output()?;
    ensure!(output.status.success(), "{SCRIPT}: {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn what_aws_would_refuse_is_seen() -> Result<()> {
    const ARN: &str = "arn:aws:bedrock-agentcore:us-east-1:000000000000:runtime/x";
    let invoke = |session: &str| {
        json!([{
            "service": "bedrock-agentcore", "operation": "InvokeAgentRuntime",
            "wire": {
                "uri": {"agentRuntimeArn": ARN}, "querystring": {}, "body": "",
                "header": {"x-amzn-bedrock-agentcore-runtime-session-id": session},
            },
        }])
    };
    assert_eq!(refused(&invoke(&"s".repeat(33)))?, "");
    for wrong in [32, 257] {
        let said = refused(&invoke(&"s".repeat(wrong)))?;
        assert!(said.contains("runtimeSessionId"), "{wrong}: {said}");
    }
    let unknown = json!([{
        "service": "dynamodb", "operation": "GetItem",
        "parameters": {"TableName": "table", "Key": {"pk": {"S": "a"}}, "Consistent": true},
    }]);
    assert!(refused(&unknown)?.contains("Consistent"));
    Ok(())
}
