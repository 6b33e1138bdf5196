//! The emulator's record of calls, as CloudTrail keeps one: who called what, with which parameters.
//!
//! Calls that the emulator makes itself are not in it: those of queues and streams that wake functions, and the API's.
//! Nor is InvokeAgentRuntime, which goes to the agent host.

use std::collections::BTreeMap;

use aegis_cost::capacity::{index_units, read_halves, write_units};
use aegis_cost::path::Units;
use anyhow::{Context as _, Result, bail, ensure};
use data_encoding::HEXUPPER;
use serde_json::{Map, Value, json};
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

type Item = Map<String, Value>;

/// The items that were written while it looked.
#[derive(Debug, Default)]
pub struct Meter {
    items: BTreeMap<(String, String), Item>,
}

impl Meter {
    /// # Errors
    /// Where a call is none that it knows.
    pub fn count(&mut self, call: &Entry) -> Result<Units> {
        let parameters = &call.parameters;
        match call.operation.as_str() {
            "TransactWriteItems" => {
                let writes = parameters["TransactItems"].as_array();
                let mut sum = Units::default();
                for write in writes.context("a transaction of nothing")? {
                    sum = sum + self.write(write, true)?;
                }
                Ok(sum)
            }
            "UpdateItem" => self.update(parameters, false),
            "GetItem" => {
                let item = self.items.get(&key(&parameters["Key"])?);
                Ok(self.read(size(item.unwrap_or(&Item::new())), parameters))
            }
            "Query" => {
                let values = &parameters["ExpressionAttributeValues"];
                let [pk, first, last] =
                    [":pk", ":request", ":state"].map(|name| text(&values[name]));
                let range = (pk.clone(), first)..=(pk, last);
                let bytes = self.items.range(range).map(|(_, item)| size(item)).sum();
                Ok(self.read(bytes, parameters))
            }
            other => bail!("no idea what {other} costs"),
        }
    }

    fn read(&self, bytes: usize, parameters: &Value) -> Units {
        let consistent = parameters["ConsistentRead"] == Value::Bool(true);
        Units {
            read_halves: read_halves(bytes, consistent),
            ..Units::default()
        }
    }

    fn write(&mut self, write: &Value, in_transaction: bool) -> Result<Units> {
        if let Some(item) = write["Put"]["Item"].as_object() {
            return Ok(self.replace(key(&write["Put"]["Item"])?, item.clone(), in_transaction));
        }
        self.update(&write["Update"], in_transaction)
    }

    fn update(&mut self, update: &Value, in_transaction: bool) -> Result<Units> {
        let key = key(&update["Key"])?;
        let mut item = self.items.get(&key).cloned().unwrap_or_default();
        let expression = text(&update["UpdateExpression"]);
        let (set, remove) = expression
            .split_once(" REMOVE ")
            .unwrap_or((&expression, ""));
        let set = set.strip_prefix("SET ").context(expression.clone())?;
        for assignment in set.split(',') {
            let (name, value) = assignment.split_once('=').context(expression.clone())?;
            let value = &update["ExpressionAttributeValues"][value.trim()];
            item.insert(name.trim().to_owned(), value.clone());
        }
        for name in remove.split(',') {
            item.remove(name.trim());
        }
        Ok(self.replace(key, item, in_transaction))
    }

    fn replace(&mut self, key: (String, String), item: Item, in_transaction: bool) -> Units {
        let before = self.items.insert(key, item.clone()).unwrap_or_default();
        // `shown` is what else its rows hold that may change: then the row is written in its place.
        let index = |names: [&str; 2], shown: &[&str]| {
            let row = |item: &Item| {
                let [hash, range] = names.map(|name| item.get(name).cloned());
                hash.zip(range)
            };
            let changed = shown
                .iter()
                .any(|name| before.get(*name) != item.get(*name));
            match index_units(row(&before).as_ref(), row(&item).as_ref()) {
                0 => u64::from(changed && row(&item).is_some()),
                units => units,
            }
        };
        Units {
            table: write_units(size(&before).max(size(&item)), in_transaction),
            indexes: index(["status_key", "created_key"], &["place"])
                + index(["deadline_shard", "deadline_at"], &[]),
            read_halves: 0,
        }
    }
}

fn text(value: &Value) -> String {
    let inner = value.get("S").unwrap_or(value);
    inner.as_str().unwrap_or_default().to_owned()
}

fn key(item: &Value) -> Result<(String, String)> {
    let (partition, sort) = (text(&item["pk"]), text(&item["sk"]));
    (!partition.is_empty() && !sort.is_empty())
        .then_some((partition, sort))
        .with_context(|| format!("no key in {item}"))
}

/// Names and values in UTF-8; of a number one byte per two digits, and one.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
fn size(item: &Item) -> usize {
    let one = |(name, value): (&String, &Value)| {
        let number = value["N"]
            .as_str()
            .map(|digits| digits.len().div_ceil(2) + 1);
        name.len() + number.unwrap_or_else(|| text(value).len())
    };
    item.iter().map(one).sum()
}
