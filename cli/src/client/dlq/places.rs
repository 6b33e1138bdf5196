//! The stage's dead-letter queues, and where the letters of each go back to.
//!
//! Knows the stage's outputs and no message.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use aegis_client::stage::Stage;

/// The dead letters of the bus's rules.
const BUS: &str = "bus";
/// Whose dead letters are ticks and sweeps of the schedule.
pub const SCHEDULE: &str = "deadlines";

/// A dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As in the stage's output `dlq_urls`: the service, or `bus`.
    pub name: String,
    pub url: String,
    pub way_back: WayBack,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayBack {
    /// The service's own queue, by its URL.
    Queue(String),
    /// The queue that the rule could not deliver to; URLs by queue name.
    Target(BTreeMap<String, String>),
    /// Nothing goes back, and why.
    Nowhere(&'static str),
}

#[derive(Debug)]
pub struct Places(Vec<Place>);

impl Places {
    /// # Errors
    /// Where the stage does not say what dead-letter queues it has.
    pub fn of(stage: &Stage) -> Result<Self> {
        let sources: BTreeMap<_, _> = stage.output_map("queue_urls").into_iter().collect();
        let found = stage.output_map("dlq_urls").into_iter();
        let places: Vec<Place> = found
            .map(|(name, url)| {
                let way_back = way_back(&name, &sources);
                Place {
                    name,
                    url,
                    way_back,
                }
            })
            .collect();
        if places.is_empty() {
            bail!("the stage file has no output `dlq_urls`");
        }
        Ok(Self(places))
    }

    pub fn all(&self) -> &[Place] {
        &self.0
    }

    /// # Errors
    /// Where there is none of that name.
    pub fn named(&self, name: &str) -> Result<&Place> {
        if let Some(place) = self.0.iter().find(|place| place.name == name) {
            return Ok(place);
        }
        let names: Vec<&str> = self.0.iter().map(|place| place.name.as_str()).collect();
        bail!(
            "there is no dead-letter queue `{name}`; there are: {}",
            names.join(", ")
        )
    }
}

fn way_back(name: &str, sources: &BTreeMap<String, String>) -> WayBack {
    if let Some(url) = sources.get(name) {
        return WayBack::Queue(url.clone());
    }
    match name {
        BUS => WayBack::Target(
            sources
                .values()
                .map(|url| (last_part(url, '/').to_owned(), url.clone()))
                .collect(),
        ),
        SCHEDULE => WayBack::Nowhere(
            "a tick is not put back: the next one, at most a minute later, does all that a missed one left",
        ),
        _ => WayBack::Nowhere("the stage file has no queue of that name in `queue_urls`"),
    }
}

pub fn last_part(text: &str, separator: char) -> &str {
    text.rsplit(separator).next().unwrap_or(text)
}

impl WayBack {
    /// In a word, for a table.
    pub fn told(&self) -> &str {
        match self {
            Self::Queue(url) => last_part(url, '/'),
            Self::Target(_) => "the rule's target",
            Self::Nowhere(_) => "nowhere",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn places(outputs: serde_json::Value) -> Result<Places> {
        let stage = json!({"api_endpoint": "http://x", "outputs": outputs});
        Places::of(&serde_json::from_value(stage).unwrap())
    }

    #[test]
    fn each_queue_has_a_way_back_or_says_why_not() {
        let found = places(json!({
            "queue_urls": {"intake": "https://sqs/1/s-intake"},
            "dlq_urls": {"intake": "d1", "bus": "d2", "deadlines": "d3"},
        }))
        .unwrap();
        let way = |name: &str| found.named(name).unwrap().way_back.clone();
        assert_eq!(
            way("intake"),
            WayBack::Queue("https://sqs/1/s-intake".to_owned())
        );
        let WayBack::Target(targets) = way("bus") else {
            panic!("bus")
        };
        assert_eq!(targets["s-intake"], "https://sqs/1/s-intake");
        assert!(matches!(way("deadlines"), WayBack::Nowhere(why) if why.contains("tick")));
        let error = found.named("nobody").unwrap_err().to_string();
        assert!(error.contains("intake"), "{error}");
    }

    #[test]
    fn a_stage_without_the_output_is_refused() {
        let error = places(json!({})).unwrap_err().to_string();
        assert!(error.contains("dlq_urls"), "{error}");
    }
}
