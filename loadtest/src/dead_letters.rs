//! How many letters lie in each dead-letter queue: what matters is what came during the run.

use std::collections::BTreeMap;

use aegis_aws::client::queues::queue_depth;
use aegis_client::stage::Stage;
use anyhow::{Result, bail};

/// By the queue's name in the output `dlq_urls`.
pub type Depths = BTreeMap<String, u64>;

/// # Errors
/// Where the stage names no dead-letter queues, or one cannot be looked at.
pub async fn depths(stage: &Stage) -> Result<Depths> {
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
}
