//! The fault proxy: the program microburst between the stack and the emulator.
//!
//! Knows its control API and no fault's meaning.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::faults::Fault;
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
