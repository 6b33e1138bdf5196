//! How much waits in the stack's queues.

use std::collections::BTreeMap;

use aegis_aws::client::queues::queue_depth;
use futures::future::join_all;
use serde::Serialize;

use crate::description::Description;
use crate::settings::Settings;
use crate::trust;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Depth {
    pub waiting: u64,
    pub delayed: u64,
    pub in_flight: u64,
}

impl Depth {
    pub fn is_zero(&self) -> bool {
        self.waiting + self.delayed + self.in_flight == 0
    }
}

/// By queue: the service's name, with `-dlq` for its dead letters. Queues that cannot be asked
/// are left out.
pub async fn depths(settings: &Settings, description: &Description) -> BTreeMap<String, Depth> {
    let config = trust::connection(settings).load().await;
    let queues = urls(description).into_iter().map(|(name, url)| {
        let config = config.clone();
        async move {
            let depth = queue_depth(&config, &url).await.ok()?;
            let (waiting, delayed, in_flight) = (depth.waiting, depth.delayed, depth.in_flight);
            Some((
                name,
                Depth {
                    waiting,
                    delayed,
                    in_flight,
                },
            ))
        }
    });
    join_all(queues).await.into_iter().flatten().collect()
}

fn urls(description: &Description) -> Vec<(String, String)> {
    let mut urls = Vec::new();
    for (output, suffix) in [("queue_urls", ""), ("dlq_urls", "-dlq")] {
        let queues = description
            .outputs
            .get(output)
            .and_then(|value| value.as_object());
        for (name, url) in queues.into_iter().flatten() {
            urls.extend(
                url.as_str()
                    .map(|url| (format!("{name}{suffix}"), url.to_owned())),
            );
        }
    }
    urls
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn queues_and_dead_letter_queues_are_found() {
        let settings = Settings::sample();
        let outputs = json!({"queue_urls": {"intake": "q"}, "dlq_urls": {"intake": "d"}});
        let description = Description::new(&settings, outputs);
        let expected = [("intake", "q"), ("intake-dlq", "d")];
        assert_eq!(
            urls(&description),
            expected.map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
    }
}
