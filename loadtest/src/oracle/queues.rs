//! The queues after a run: whether the services' own have emptied, since a message that still lies there may yet do
//! something, and what lies in the dead-letter queues that did not lie there before.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_aws::client::error::CallError;
use aegis_aws::client::queues::{QueueDepth, queue_depth};
use aegis_client::stage::Stage;
use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// Waited at least: a delivery that failed comes back after seconds.
const LEAST: Duration = Duration::from_secs(60);

/// Waits until each queue has been seen empty once: where others use the stage too, all are seldom empty at the same time.
/// Returns what is to be said of those that were not in time.
pub async fn backlog(stage: &Stage, patience: Duration) -> Vec<String> {
    let mut queues = stage.output_map("queue_urls");
    if queues.is_empty() {
        tracing::warn!(
            "the stage file has no output `queue_urls`: dead letters that come late are not seen"
        );
    }
    let config = stage.connection().load().await;
    let until = Instant::now() + patience.max(LEAST);
    loop {
        let looked = Instant::now();
        let mut wrong = Vec::new();
        let mut full = Vec::new();
        for (name, url) in queues {
            if let Some(what) = not_empty(&name, queue_depth(&config, &url).await) {
                wrong.push(what);
                full.push((name, url));
            }
        }
        if full.is_empty() || looked >= until {
            return wrong;
        }
        queues = full;
        sleep(SHORTEST_PAUSE.max(looked.elapsed())).await;
    }
}

/// Why the queue must be looked at again. Not where it may not be looked at: a run needs no more than the dead-letter
/// queues, and does without waiting then.
fn not_empty(name: &str, depth: Result<QueueDepth, CallError>) -> Option<String> {
    match depth {
        Ok(QueueDepth {
            waiting: 0,
            delayed: 0,
            in_flight: 0,
        }) => None,
        Ok(QueueDepth {
            waiting,
            delayed,
            in_flight,
        }) => Some(format!(
            "the queue of {name} did not empty: {waiting} messages wait, {delayed} are delayed, {in_flight} in flight"
        )),
        Err(error) if is_refusal(&error) => {
            tracing::warn!(queue = name, %error, "not waited for: dead letters that come late are not seen");
            None
        }
        Err(error) => Some(format!("the queue of {name} cannot be looked at: {error}")),
    }
}

/// SQS says it in both spellings, by protocol.
fn is_refusal(error: &CallError) -> bool {
    error.has_code("AccessDenied") || error.has_code("AccessDeniedException")
}

/// By the queue's name in the output `dlq_urls`.
pub type Depths = BTreeMap<String, u64>;

/// # Errors
/// Where the stage names no dead-letter queues, or one cannot be looked at.
pub async fn dead_letters(stage: &Stage) -> Result<Depths> {
    let config = stage.connection().load().await;
    let queues = stage.output_map("dlq_urls");
    if queues.is_empty() {
        bail!("the stage file has no output `dlq_urls`");
    }
    let mut depths = Depths::new();
    for (name, url) in queues {
        let depth = queue_depth(&config, &url).await?;
        depths.insert(name, depth.waiting + depth.delayed + depth.in_flight);
    }
    Ok(depths)
}

/// What is there now and was not before.
pub fn new_ones(before: &Depths, after: &Depths) -> Vec<String> {
    let grown = after.iter().filter_map(|(name, now)| {
        let then = before.get(name).copied().unwrap_or_default();
        (*now > then).then(|| (name, now - then))
    });
    grown
        .map(|(name, count)| {
            format!(
                "{count} new in the dead-letter queue of {name}: `aegis dlq show {name}` says why"
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lay_there_before_is_no_finding() {
        let of = |count| Depths::from([("intake".to_owned(), count), ("bus".to_owned(), 3)]);
        assert_eq!(new_ones(&of(2), &of(2)), Vec::<String>::new());
        assert_eq!(new_ones(&of(2), &of(1)), Vec::<String>::new());
        let new = new_ones(&of(2), &of(4));
        assert!(
            new[0].starts_with("2 new") && new[0].contains("intake"),
            "{new:?}"
        );
    }
    #[test]
    fn a_queue_is_empty_when_no_message_is_in_it_in_any_way() {
        let of = |waiting, delayed, in_flight| {
            let depth = QueueDepth {
                waiting,
                delayed,
                in_flight,
            };
            not_empty("intake", Ok(depth))
        };
        assert_eq!(of(0, 0, 0), None);
        for one in [of(1, 0, 0), of(0, 1, 0), of(0, 0, 1)] {
            let what = one.unwrap();
            assert!(
                what.starts_with("the queue of intake did not empty"),
                "{what}"
            );
        }
    }

    #[test]
    fn a_queue_that_may_not_be_looked_at_is_not_waited_for() {
        let of = |code| {
            let error = CallError::saying("GetQueueAttributes", code, "no");
            not_empty("intake", Err(error))
        };
        assert_eq!(of(Some("AccessDenied")), None);
        assert_eq!(of(Some("AccessDeniedException")), None);
        for code in [None, Some("QueueDoesNotExist")] {
            let what = of(code).unwrap();
            assert!(what.contains("cannot be looked at"), "{what}");
        }
    }
}
