//! What came over the bus, and that nothing is missing there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aegis_aws::client::queues::{delete, receive};
use aegis_aws::client::tap::tap;
use aegis_contracts::EVENT_SOURCE;
use aegis_contracts::external::BusEvent;
use aegis_contracts::view::HistoryEvent;
use anyhow::{Context as _, Result};
use aws_config::SdkConfig;
use futures::future::try_join_all;
use serde_json::Value;

const NAME: &str = "aegis-chaos-events";
/// Longer than it takes to delete a batch.
const HIDDEN: Duration = Duration::from_secs(60);

/// A queue behind the bus.
pub struct Tap {
    config: SdkConfig,
    url: String,
    /// Ids of all events that came.
    ids: BTreeSet<String>,
    /// Version and type of each event, by workflow.
    told: BTreeMap<String, BTreeSet<(u64, String)>>,
    received: usize,
}

impl Tap {
    pub async fn open(config: SdkConfig, bus: &str) -> Result<Self> {
        let url = tap(&config, bus, EVENT_SOURCE, NAME).await?;
        Ok(Self {
            config,
            url,
            ids: BTreeSet::new(),
            told: BTreeMap::new(),
            received: 0,
        })
    }

    /// Takes out what has arrived.
    pub async fn drain(&mut self) -> Result<()> {
        loop {
            let batch = receive(&self.config, &self.url, HIDDEN).await?;
            if batch.is_empty() {
                return Ok(());
            }
            for message in &batch {
                let event: BusEvent = serde_json::from_str(&message.body)?;
                let text = |name: &str| event.detail.get(name).and_then(Value::as_str);
                let id = text("event_id").context("an event without an id")?;
                let workflow = text("workflow_id").context("an event without a workflow")?;
                let version = event.detail.get("version").and_then(Value::as_u64);
                let version = version.context("an event without a version")?;
                let told = self.told.entry(workflow.to_owned()).or_default();
                told.insert((version, event.detail_type.clone()));
                self.ids.insert(id.to_owned());
                self.received += 1;
            }
            let gone = batch.iter();
            let gone = gone.map(|message| delete(&self.config, &self.url, &message.receipt));
            try_join_all(gone).await?;
        }
    }

    /// The events of a workflow's history that did not come.
    pub fn missing<'a>(
        &self,
        workflow: &str,
        history: &'a [HistoryEvent],
    ) -> Vec<&'a HistoryEvent> {
        let told = self.told.get(workflow);
        let came = |event: &HistoryEvent| {
            let event = (event.version, event.kind.clone());
            told.is_some_and(|told| told.contains(&event))
        };
        history.iter().filter(|event| !came(event)).collect()
    }

    pub fn different(&self) -> usize {
        self.ids.len()
    }

    /// Came once more than needed.
    pub fn duplicates(&self) -> usize {
        self.received - self.different()
    }
}
