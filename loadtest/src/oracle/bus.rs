//! What came over the bus, and whether anything of the histories is missing there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aegis_aws::client::queues::{delete, receive};
use aegis_aws::client::tap::tap;
use aegis_client::stage::Stage;
use aegis_contracts::EVENT_SOURCE;
use aegis_contracts::external::BusEvent;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::HistoryEvent;
use anyhow::{Context as _, Result};
use aws_config::SdkConfig;
use futures::future::try_join_all;
use serde::Serialize;
use serde_json::Value;

const NAME: &str = "aegis-loadtest-events";
/// Longer than it takes to delete a batch.
const HIDDEN: Duration = Duration::from_secs(60);
/// What relay may be behind when the emulator stops: it forgets what nobody has read of a stream.
const BEHIND: Duration = Duration::from_secs(5);

/// A queue behind the bus, from which all is taken out in the end.
#[derive(Debug)]
pub struct Tap {
    config: SdkConfig,
    url: String,
    pub came: Came,
}

impl Tap {
    /// # Errors
    /// Where the queue or its rule cannot be made.
    pub async fn open(stage: &Stage) -> Result<Self> {
        let config = stage.connection().load().await;
        let bus = stage.output("event_bus_name")?;
        let url = tap(&config, bus, EVENT_SOURCE, NAME).await?;
        Ok(Self {
            config,
            url,
            came: Came::default(),
        })
    }

    /// Takes out what has arrived.
    ///
    /// # Errors
    /// Where the queue cannot be read, or something in it is no event of ours.
    pub async fn drain(&mut self) -> Result<()> {
        loop {
            let batch = receive(&self.config, &self.url, HIDDEN).await?;
            if batch.is_empty() {
                return Ok(());
            }
            for message in &batch {
                self.came.take(&serde_json::from_str(&message.body)?)?;
            }
            let gone = batch.iter();
            let gone = gone.map(|message| delete(&self.config, &self.url, &message.receipt));
            try_join_all(gone).await?;
        }
    }
}

/// The events that came.
#[derive(Debug, Clone, Default)]
pub struct Came {
    ids: BTreeSet<String>,
    /// Version and type of each event, by workflow.
    told: BTreeMap<String, BTreeSet<(u64, String)>>,
    received: usize,
    /// From when to when the emulator was stopped and started.
    pub restarts: Vec<(Timestamp, Timestamp)>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct Counted {
    pub different: usize,
    /// Came once more than needed.
    pub again: usize,
}

impl Came {
    pub(super) fn take(&mut self, event: &BusEvent) -> Result<()> {
        let text = |name: &str| event.detail.get(name).and_then(Value::as_str);
        let id = text("event_id").context("an event without an id")?;
        let workflow = text("workflow_id").context("an event without a workflow")?;
        let version = event.detail.get("version").and_then(Value::as_u64);
        let version = version.context("an event without a version")?;
        let told = self.told.entry(workflow.to_owned()).or_default();
        told.insert((version, event.detail_type.clone()));
        self.ids.insert(id.to_owned());
        self.received += 1;
        Ok(())
    }

    /// How many events of a workflow's history should have come and did not.
    pub fn missing(&self, workflow: &WorkflowId, history: &[HistoryEvent]) -> usize {
        let told = self.told.get(workflow.as_str());
        let came = |event: &HistoryEvent| {
            let event = (event.version, event.kind.clone());
            told.is_some_and(|told| told.contains(&event))
        };
        let missing = history.iter().filter(|event| !came(event));
        missing
            .filter(|event| !self.was_forgotten(event.occurred_at))
            .count()
    }

    /// Whether the emulator lost the stream's record of what was written at `at`.
    fn was_forgotten(&self, at: Timestamp) -> bool {
        let mut restarts = self.restarts.iter();
        restarts.any(|(from, to)| at.plus(BEHIND) >= *from && at <= *to)
    }

    pub fn counted(&self) -> Counted {
        Counted {
            different: self.ids.len(),
            again: self.received - self.ids.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_around_a_restart_is_excused() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let mut came = Came::default();
        assert!(!came.was_forgotten(at(100)));
        came.restarts.push((at(100), at(110)));
        let excused = [94, 95, 105, 110, 111].map(|second| came.was_forgotten(at(second)));
        assert_eq!(excused, [false, true, true, true, false]);
    }
}
