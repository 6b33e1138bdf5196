//! Waiting for a condition: looked for again and again, up to a deadline, with what was last seen in the error.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

const PAUSE: Duration = Duration::from_millis(150);
const SHORTEST_PAUSE: Duration = Duration::from_millis(2);
/// Enough for a whole workflow while many others run on the same two processors.
pub const SOON: Duration = Duration::from_secs(150);
/// The sweep runs each minute.
pub const SWEPT: Duration = Duration::from_secs(100);

/// Tests that are expected to fail need not be waited for.
const PATIENCE: &str = "AEGIS_TEST_PATIENCE_SECONDS";

fn patience() -> Duration {
    let set = std::env::var(PATIENCE).ok();
    let seconds = set.and_then(|seconds| seconds.parse().ok());
    seconds.map_or(Duration::MAX, Duration::from_secs)
}

/// What a look found.
pub enum Seen<T> {
    Yes(T),
    /// In words, for the message of a test that fails.
    NotYet(String),
}

/// # Errors
/// Of the look, or where the condition does not hold in time.
pub async fn eventually<T>(
    what: &str,
    within: Duration,
    look: impl AsyncFnMut() -> Result<Seen<T>>,
) -> Result<T> {
    looked_for(what, within, PAUSE, look).await
}

/// For what is soon over again: looks nearly without a pause.
///
/// # Errors
/// As [`eventually`].
pub async fn at_once<T>(
    what: &str,
    within: Duration,
    look: impl AsyncFnMut() -> Result<Seen<T>>,
) -> Result<T> {
    looked_for(what, within, SHORTEST_PAUSE, look).await
}

async fn looked_for<T>(
    what: &str,
    within: Duration,
    pause: Duration,
    mut look: impl AsyncFnMut() -> Result<Seen<T>>,
) -> Result<T> {
    let within = within.min(patience());
    let began = Instant::now();
    loop {
        let last = match look().await? {
            Seen::Yes(found) => return Ok(found),
            Seen::NotYet(last) => last,
        };
        if began.elapsed() > within {
            let seconds = within.as_secs();
            bail!("waited {seconds} s for {what}; last seen: {last}");
        }
        tokio::time::sleep(pause).await;
    }
}
