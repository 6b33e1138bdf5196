//! How agents behave: how long they take, how much they write, what they say they used.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aegis_contracts::usage::Usage;
use jiff::SignedDuration;
use rand::Rng;

#[derive(Debug, Clone, PartialEq)]
pub struct Conduct {
    pub latency: Latency,
    /// Least size of each artifact. What an artifact must say makes it a little larger than nothing.
    pub artifact_bytes: usize,
    /// Sessions that start in a second; more are throttled. `None`: as many as come.
    pub new_sessions: Option<f64>,
    /// Reported with each success.
    pub usage: Usage,
}

impl Default for Conduct {
    fn default() -> Self {
        Self {
            latency: Latency::Instant,
            artifact_bytes: 0,
            new_sessions: None,
            usage: Usage {
                input_tokens: 1_000,
                output_tokens: 100,
                cost_usd: 0.001,
            },
        }
    }
}

/// How long an attempt takes, apart from its calls to storage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Latency {
    Instant,
    Fixed(Duration),
    /// As times of work are spread: most are short, some very long. Never more than ten times `p99`.
    Lognormal {
        p50: Duration,
        p99: Duration,
    },
}

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;
/// So that no single draw keeps a run waiting.
const LONGEST: u32 = 10;

impl Latency {
    pub fn draw(&self, dice: &mut impl Rng) -> Duration {
        match *self {
            Self::Instant => Duration::ZERO,
            Self::Fixed(time) => time,
            Self::Lognormal { p50, p99 } => {
                let sigma = (p99.as_secs_f64() / p50.as_secs_f64()).ln() / Z99;
                let seconds = p50.as_secs_f64() * (sigma * normal(dice)).exp();
                Duration::from_secs_f64(seconds.min(p99.as_secs_f64() * f64::from(LONGEST)))
            }
        }
    }
}

/// By Box and Muller. A crate for it would have `num-traits` compiled anew, and with it all that lies above.
fn normal(dice: &mut impl Rng) -> f64 {
    // Not 0, of which there is no logarithm.
    let radius = (-2.0 * (1.0 - dice.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * dice.random::<f64>()).cos()
}

impl FromStr for Latency {
    type Err = String;

    /// `instant`, `fixed:1s` or `lognormal:p50=2s,p99=10s`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match kind.trim() {
            "instant" if rest.is_empty() => Ok(Self::Instant),
            "fixed" => duration(rest).map(Self::Fixed),
            "lognormal" => lognormal(rest),
            _ => Err(format!(
                "`{text}` is none of `instant`, `fixed:1s`, `lognormal:p50=2s,p99=10s`"
            )),
        }
    }
}

fn lognormal(text: &str) -> Result<Latency, String> {
    let (mut p50, mut p99) = (None, None);
    for pair in text.split(',') {
        match pair
            .split_once('=')
            .map(|(name, value)| (name.trim(), value))
        {
            Some(("p50", value)) => p50 = Some(duration(value)?),
            Some(("p99", value)) => p99 = Some(duration(value)?),
            _ => return Err(format!("`{pair}` is neither `p50=…` nor `p99=…`")),
        }
    }
    match (p50, p99) {
        (Some(p50), Some(p99)) if !p50.is_zero() && p50 <= p99 => {
            Ok(Latency::Lognormal { p50, p99 })
        }
        (Some(_), Some(_)) => Err("`p50` must be above 0 and not above `p99`".to_owned()),
        _ => Err("`lognormal` needs both `p50` and `p99`".to_owned()),
    }
}

/// `2s`, `1m 30s`, `250ms`.
///
/// # Errors
/// Says what of the text is no duration.
pub fn duration(text: &str) -> Result<Duration, String> {
    let parsed: SignedDuration = text
        .trim()
        .parse()
        .map_err(|error| format!("`{text}` is no duration such as `2s` or `250ms`: {error}"))?;
    Duration::try_from(parsed).map_err(|_| format!("`{text}` is negative"))
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instant => write!(f, "instant"),
            Self::Fixed(time) => write!(f, "fixed:{time:?}"),
            Self::Lognormal { p50, p99 } => write!(f, "lognormal:p50={p50:?},p99={p99:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    #[test]
    fn latencies_are_read_and_written_alike() {
        for text in [
            "instant",
            "fixed:1s",
            "lognormal:p50=2s,p99=10s",
            "fixed:250ms",
        ] {
            assert_eq!(text.parse::<Latency>().unwrap().to_string(), text);
        }
        for (text, word) in [
            ("fast", "none of"),
            ("fixed:soon", "no duration"),
            ("fixed:-1s", "negative"),
            ("lognormal:p50=2s", "both"),
            ("lognormal:p50=2s,p99=1s", "not above"),
            ("lognormal:p50=2s,p95=3s", "neither"),
        ] {
            let error = text.parse::<Latency>().unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn drawn_times_have_the_percentiles_asked_for() {
        let mut dice = StdRng::seed_from_u64(7);
        let asked: Latency = "lognormal:p50=2s,p99=10s".parse().unwrap();
        let mut drawn: Vec<_> = (0..20_000).map(|_| asked.draw(&mut dice)).collect();
        drawn.sort();
        let at = |share: usize| drawn[drawn.len() * share / 100].as_secs_f64();
        assert!((at(50) - 2.0).abs() < 0.1, "{}", at(50));
        assert!((at(99) - 10.0).abs() < 1.0, "{}", at(99));
        assert_eq!(Latency::Instant.draw(&mut dice), Duration::ZERO);
    }
}
