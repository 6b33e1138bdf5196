//! The fault proxy: the program microburst between the stack and the emulator, and what it makes calls to AWS suffer.
//!
//! Each error has the code by which that service says it, so that the SDK's own retries see what they would see in AWS.
//! A call suffers the first rule that its dice choose.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use aegis_client::local;
use aegis_client::local::StackFolder;
use aegis_local_aws::json::read_json;
use aegis_local_aws::process::{Detached, ProcessRecord};
use aegis_local_aws::settings::{Settings, port_is_free};
use aegis_local_aws::{environment, prerequisites, venv};

const NAME: &str = "fault-proxy";
const START_PATIENCE: Duration = Duration::from_secs(30);
const END_PATIENCE: Duration = Duration::from_secs(5);
/// Microburst with a seed, and with the caller's own Host header, so that signatures hold.
const PROGRAM: &str = include_str!("../assets/fault_proxy.py");

pub struct Proxy {
    http: reqwest::Client,
    url: String,
}

impl Proxy {
    /// Starts it without any fault.
    pub async fn start(folder: &StackFolder, settings: &Settings, seed: u32) -> Result<Self> {
        end(folder).await?;
        let port = settings.fault_proxy_port();
        if !port_is_free(port) {
            bail!("port {port} for the fault proxy is taken by another program");
        }
        let found = prerequisites::check()?;
        let parent = local::default_stack_folder()?;
        let python = venv::ensure(&venv::FAULT_PROXY, &parent, &found.python).await?;
        let arguments = ["-c", PROGRAM, &seed.to_string(), "--upstream"].map(str::to_owned);
        let mut arguments = arguments.to_vec();
        arguments.push(settings.aws_endpoint_url());
        let rest = ["--host", "127.0.0.1", "--no-resign", "--port"].map(str::to_owned);
        arguments.extend(rest);
        arguments.push(port.to_string());
        let record = Detached {
            program: &python,
            arguments,
            environment: environment::clean(folder.root()),
            folder: folder.root(),
            log: folder.log_file(NAME),
            fingerprint: String::new(),
        }
        .start(&folder.process_file(NAME))?;
        let proxy = Self {
            http: reqwest::Client::new(),
            url: format!("{}/_microburst", settings.called_endpoint_url()),
        };
        proxy.wait_until_it_answers(folder, &record).await?;
        Ok(proxy)
    }

    async fn wait_until_it_answers(
        &self,
        folder: &StackFolder,
        record: &ProcessRecord,
    ) -> Result<()> {
        let began = Instant::now();
        while self.rules().await.is_err() {
            if !record.runs() || began.elapsed() > START_PATIENCE {
                let log = folder.log_file(NAME);
                bail!(
                    "the fault proxy does not answer; its log is {}",
                    log.display()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    async fn rules(&self) -> Result<Vec<Value>> {
        let answer = self.http.get(format!("{}/rules", self.url)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// From now on.
    pub async fn inject(&self, faults: &[Fault]) -> Result<()> {
        let rules: Vec<&Value> = faults.iter().map(|fault| &fault.rule).collect();
        let request = self.http.post(format!("{}/rules", self.url)).json(&rules);
        let answer = request.send().await.context("the fault proxy is gone")?;
        answer.error_for_status().context("a fault's rule")?;
        Ok(())
    }

    /// No more faults. Returns how often each one fired, in the order in which they were given.
    pub async fn calm(&self) -> Result<Vec<u64>> {
        let rules = self.rules().await.context("the fault proxy is gone")?;
        self.inject(&[]).await?;
        let count = |rule: &Value| rule.get("fired_count").and_then(Value::as_u64);
        Ok(rules.iter().filter_map(count).collect())
    }
}

/// Ends the stack's fault proxy, if there is one.
pub async fn end(folder: &StackFolder) -> Result<()> {
    let file = folder.process_file(NAME);
    let Some(record) = read_json::<ProcessRecord>(&file) else {
        return Ok(());
    };
    record.end(END_PATIENCE).await;
    std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))
}

/// A kind of fault, and the rule that makes it.
pub struct Fault {
    pub name: &'static str,
    pub rule: Value,
}

/// Each with its probability per call that it applies to.
pub fn all_faults() -> Vec<Fault> {
    let mut faults = throttling();
    faults.extend(broken_calls());
    faults
}

fn fault(name: &'static str, rule: Value) -> Fault {
    Fault { name, rule }
}

fn throttling() -> Vec<Fault> {
    let throttled = |service: &str, probability: f64, code: &str| json!({"service": service, "probability": probability, "error": {"code": code}});
    vec![
        fault(
            "table throttled",
            throttled("dynamodb", 0.04, "ProvisionedThroughputExceededException"),
        ),
        fault(
            "queue throttled",
            throttled("sqs", 0.05, "ThrottlingException"),
        ),
        fault(
            "bus throttled",
            throttled("events", 0.05, "ThrottlingException"),
        ),
        fault("bucket slowed down", throttled("s3", 0.05, "SlowDown")),
        fault(
            "parameter throttled",
            throttled("ssm", 0.10, "ThrottlingException"),
        ),
        fault(
            "table's own error 500",
            throttled("dynamodb", 0.02, "InternalServerError"),
        ),
    ]
}

fn broken_calls() -> Vec<Fault> {
    vec![
        fault(
            "any service's error 500",
            json!({"service": "*", "probability": 0.02, "error": {"code": "InternalFailure", "status": 500}}),
        ),
        fault(
            "connection reset before the call",
            json!({"service": "*", "probability": 0.02, "reset": true}),
        ),
        fault(
            "answer cut off after the call took effect",
            json!({"service": "*", "probability": 0.02, "response": {"abort_bytes": 1}}),
        ),
        fault(
            "no answer for 2 s",
            json!({"service": "*", "probability": 0.005, "timeout_ms": 2000}),
        ),
        fault(
            "slow by 50 to 500 ms",
            json!({"service": "*", "probability": 0.10, "latency": {"min": 50, "max": 500}}),
        ),
    ]
}
