//! How agents behave: how long they take, how many may start in a second, how much they write, what they say they used.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aegis_agent_kit::Produced;
use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::agent::AgentTask;
use aegis_contracts::findings::{AnalysisFile, Depth, Evidence, EvidenceFile, PassageKind};
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

/// One start after the other, evenly; starts that nobody took are kept for a second.
#[derive(Debug)]
pub struct RateLimit {
    pause: Duration,
    next: Mutex<Instant>,
}

impl RateLimit {
    pub fn of(per_second: f64) -> Self {
        Self {
            pause: Duration::from_secs_f64(1.0 / per_second),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Whether one more session may start now.
    pub fn lets_in(&self) -> bool {
        self.lets_in_at(Instant::now())
    }

    fn lets_in_at(&self, now: Instant) -> bool {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if *next > now {
            return false;
        }
        let kept = now.checked_sub(Duration::from_secs(1)).unwrap_or(now);
        *next = (*next).max(kept) + self.pause;
        true
    }
}

const NOTE: &str = "Made by a load test; nothing was researched.";
const FILLING: &str = "Nothing but length. ";

/// At least `bytes` long.
pub fn produced(task: &AgentTask, bytes: usize) -> Result<Produced, serde_json::Error> {
    let filling = FILLING.repeat(bytes.div_ceil(FILLING.len()));
    let body = match task.writes.as_str() {
        "evidence.json" => serde_json::to_vec(&evidence(task, filling))?,
        name if name.ends_with(".json") => serde_json::to_vec(&analysis(task, filling))?,
        _ => format!("# {}\n\n{NOTE}\n\n{filling}\n", task.topic).into_bytes(),
    };
    Ok(Produced {
        items: task.max_items,
        ..Produced::of(task, NOTE, body)
    })
}

fn evidence(task: &AgentTask, passage: String) -> EvidenceFile {
    EvidenceFile {
        schema_version: SCHEMA_VERSION,
        workflow_id: task.workflow_id.clone(),
        topic: task.topic.clone(),
        depth: Depth::default(),
        documents_read: 1,
        passages_ranked: 1,
        asked: Vec::new(),
        evidence: vec![Evidence {
            id: "e1".to_owned(),
            source: "loadtest:nothing".to_owned(),
            title: NOTE.to_owned(),
            headings: Vec::new(),
            location: "1".to_owned(),
            kind: PassageKind::Paragraph,
            lead: None,
            passage,
            score: 1.0,
        }],
        unreadable: Vec::new(),
        documents_unread: 0,
        losses: Vec::new(),
    }
}

fn analysis(task: &AgentTask, filling: String) -> AnalysisFile {
    AnalysisFile {
        schema_version: SCHEMA_VERSION,
        workflow_id: task.workflow_id.clone(),
        topic: task.topic.clone(),
        revision: task.revision,
        summary: format!("{NOTE} {filling}"),
        findings: Vec::new(),
        gaps: Vec::new(),
        evidence_sha256: None,
        revised: None,
        left_out: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

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

    #[test]
    fn so_many_a_second_and_what_was_not_used_for_a_second_only() {
        let limit = RateLimit::of(4.0);
        let begun = Instant::now();
        let starts = |seconds: u64| {
            let now = begun + Duration::from_secs(seconds);
            (0..100).filter(|_| limit.lets_in_at(now)).count()
        };
        assert!(starts(1) <= 5);
        assert_eq!([starts(2), starts(3)], [4, 4]);
        assert_eq!(starts(60), 5, "those of the second before, and one now");
    }
}
