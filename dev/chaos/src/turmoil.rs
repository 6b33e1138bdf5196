//! When what happens: processes are killed at random, and the emulator stops and starts once.

use std::cell::Cell;
use std::time::{Duration, Instant};

use aegis_contracts::time::Timestamp;
use anyhow::Result;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::time::sleep;

use aegis_client::local::StackFolder;
use aegis_local_aws::killer::{Kind, kill_one};
use aegis_local_aws::{emulator, up};
use aegis_terminal::progress::say;
use aegis_terminal::text::now;

/// Agents are few, and what they lose is only missed after the time-out of a heartbeat.
const AGENT_SHARE: f64 = 0.12;
const PAUSES: std::ops::Range<u64> = 300..1_500;

/// How far the workflows have got.
#[derive(Debug)]
pub struct Progress {
    pub ended: Cell<usize>,
    pub total: usize,
}

impl Progress {
    fn share(&self, percent: usize) -> bool {
        self.ended.get() * 100 >= self.total * percent
    }
}

/// What was done besides the proxy's faults.
#[derive(Debug, Default, Clone)]
pub struct Done {
    pub functions_killed: usize,
    pub agents_killed: usize,
    /// From when to when the emulator was stopped and started.
    pub restarts: Vec<(Timestamp, Timestamp)>,
}

/// What relay may be behind when the emulator stops: it forgets what nobody has read of a stream.
const BEHIND: Duration = Duration::from_secs(5);

impl Done {
    /// Whether the emulator lost the stream's record of what was written at `at`.
    pub fn forgot(&self, at: Timestamp) -> bool {
        let mut restarts = self.restarts.iter();
        restarts.any(|(from, to)| at.plus(BEHIND) >= *from && at <= *to)
    }
}

/// Goes on until the time is over or most workflows have ended.
pub async fn rage(
    folder: &StackFolder,
    seed: u32,
    longest: Duration,
    progress: &Progress,
) -> Result<Done> {
    let mut dice = StdRng::seed_from_u64(u64::from(seed));
    let mut done = Done::default();
    let began = Instant::now();
    while began.elapsed() < longest && !progress.share(85) {
        sleep(Duration::from_millis(dice.random_range(PAUSES))).await;
        let late = began.elapsed() * 2 > longest;
        if done.restarts.is_empty() && (progress.share(35) || late) {
            let from = now();
            restart(folder).await?;
            done.restarts.push((from, now()));
        }
        if dice.random_bool(AGENT_SHARE) {
            done.agents_killed += usize::from(kill_one(folder, Kind::Agent, &mut dice));
        } else {
            done.functions_killed += usize::from(kill_one(folder, Kind::Function, &mut dice));
        }
    }
    Ok(done)
}

/// An orderly end, by which the emulator keeps what it holds. The agents' credentials are of the
/// process that ends: they begin anew with the next.
async fn restart(folder: &StackFolder) -> Result<()> {
    say("The emulator is stopped and started");
    emulator::end(folder).await?;
    up::bring_up(&up::Arguments::default(), folder).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_around_a_restart_is_excused() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let done = Done {
            restarts: vec![(at(100), at(110))],
            ..Done::default()
        };
        let excused = [94, 95, 105, 110, 111].map(|second| done.forgot(at(second)));
        assert_eq!(excused, [false, true, true, true, false]);
        assert!(!Done::default().forgot(at(100)));
    }
}
