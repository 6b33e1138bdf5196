//! The emulator's record of calls, as CloudTrail keeps one: who called what, with which parameters.
//!
//! Calls that the emulator makes itself are not in it: those of queues and streams that wake functions, and the API's.
//! Nor is InvokeAgentRuntime, which goes to the agent host.

use anyhow::{Context as _, Result, ensure};
use data_encoding::HEXUPPER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::stack::{ACCOUNT, Stack};

const TARGET: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
/// So many are told of at once.
const PAGE: usize = 50;

/// One call.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: String,
    /// Seconds since the Unix epoch. Calls are recorded when they have been answered.
    pub at: f64,
    pub operation: String,
    pub access_key: String,
    pub parameters: Value,
    /// Names of what it was about, such as a bucket and a key in it.
    pub resources: Vec<String>,
}

impl Entry {
    fn read(event: &Value) -> Result<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let whole: Value = serde_json::from_str(&text(&event["CloudTrailEvent"]))?;
        let resources = event["Resources"].as_array().into_iter().flatten();
        Ok(Self {
            id: text(&event["EventId"]),
            at: event["EventTime"]
                .as_f64()
                .context("an event without time")?,
            operation: text(&event["EventName"]),
            access_key: text(&event["AccessKeyId"]),
            parameters: whole["requestParameters"].clone(),
            resources: resources.map(|one| text(&one["ResourceName"])).collect(),
        })
    }

    /// Whether it names this anywhere.
    pub fn names(&self, what: &str) -> bool {
        self.resources.iter().any(|name| name.contains(what))
            || self.parameters.to_string().contains(what)
    }

    /// Bytes of its parameters as JSON, about the body of the request.
    pub fn bytes(&self) -> u64 {
        self.parameters.to_string().len() as u64
    }
}

impl Stack {
    /// From now on calls are recorded, or no more.
    ///
    /// # Errors
    /// Where the emulator refuses.
    pub async fn record_calls(&self, on: bool) -> Result<()> {
        let url = format!("{}/_ministack/config", self.aws_endpoint_url);
        let setting = json!({"cloudtrail._recording_enabled": on.to_string()});
        let request = reqwest::Client::new().post(url).json(&setting);
        let answer: Value = self.http.send(request).await?.read(200)?;
        ensure!(
            answer["applied"] == json!({"cloudtrail._recording_enabled": on}),
            "{answer}"
        );
        Ok(())
    }

    /// Calls that have all of these attributes, from `since` on, oldest first.
    ///
    /// # Errors
    /// Where there are more than one answer can tell of.
    pub async fn calls_since(&self, since: f64, attributes: &[(&str, &str)]) -> Result<Vec<Entry>> {
        let attribute =
            |(key, value): &(&str, &str)| json!({"AttributeKey": key, "AttributeValue": value});
        let wanted = json!({
            "StartTime": since,
            "MaxResults": PAGE,
            "LookupAttributes": attributes.iter().map(attribute).collect::<Vec<_>>(),
        });
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", TARGET),
        ];
        let answer = self
            .call("cloudtrail", &headers, wanted.to_string())
            .await?;
        let answer: Value = serde_json::from_str(&answer)?;
        let events = answer["Events"].as_array().into_iter().flatten();
        let mut entries: Vec<Entry> = events.map(Entry::read).collect::<Result<_>>()?;
        ensure!(
            entries.len() < PAGE,
            "too many calls of {attributes:?} to tell of"
        );
        // Newest first, and times may be equal.
        entries.reverse();
        Ok(entries)
    }

    /// The key by which the emulator lets a function call. It derives it from the two names.
    pub fn access_key_of(&self, function: &str) -> String {
        let region = self.config.region().map(ToString::to_string);
        let region = region.unwrap_or_default();
        let names = format!(
            "arn:aws:lambda:{region}:{ACCOUNT}:function:{function}:arn:aws:iam::{ACCOUNT}:role/{function}"
        );
        let digest = HEXUPPER.encode(&Sha256::digest(names.as_bytes()));
        format!("ASIA{}", digest.get(..16).unwrap_or_default())
    }
}
