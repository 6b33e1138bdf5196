//! What a load test does to a stage: when workflows arrive, what each is put through, how long is waited.
//!
//! Read from TOML; the files in `scenarios/` are built in by their names. Everything that is wrong with one is said at once.

mod arrivals;
mod mix;

use std::path::Path;
use std::time::Duration;

use aegis_contracts::flow::DEFAULT_FLOW;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

pub use arrivals::{Phase, Spacing};
pub use mix::{Kind, Mix};

use crate::agents::{self, Latency};

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub description: String,
    #[serde(default = "report")]
    pub flow: String,
    /// Missing: the shipped flow works with the least depth, any other is left to its own defaults.
    #[serde(default)]
    parameters: Option<Map<String, Value>>,
    /// One after the other.
    pub arrivals: Vec<Phase>,
    #[serde(default)]
    pub spacing: Spacing,
    #[serde(default = "Mix::plain")]
    pub mix: Mix,
    #[serde(default)]
    pub approval: Approval,
    /// How long after the last arrival everything must have ended.
    #[serde(deserialize_with = "time")]
    pub patience: Duration,
    /// How often clients redrive a failed workflow. Above 0 they also put events again that came to nothing.
    #[serde(default)]
    pub redrives: u32,
    /// Agents that this is meant for; the command line may ask for others.
    #[serde(default, deserialize_with = "latency")]
    pub agents: Option<Latency>,
    /// Least size of what each agent writes, where they are not the real ones.
    #[serde(default)]
    pub artifact_bytes: usize,
    /// Sessions that such agents let start in a second.
    #[serde(default)]
    pub new_sessions: Option<f64>,
}

fn report() -> String {
    DEFAULT_FLOW.to_owned()
}

impl Scenario {
    pub fn parameters(&self) -> Map<String, Value> {
        match &self.parameters {
            Some(parameters) => parameters.clone(),
            None if self.flow == DEFAULT_FLOW => {
                Map::from_iter([("depth".to_owned(), Value::from("quick"))])
            }
            None => Map::new(),
        }
    }
}

/// When decisions come, from when the approver sees the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Approval {
    #[serde(deserialize_with = "time")]
    pub after: Duration,
    /// Of those that are `late`.
    #[serde(deserialize_with = "time")]
    pub late_after: Duration,
}

impl Default for Approval {
    fn default() -> Self {
        Self {
            after: Duration::ZERO,
            late_after: Duration::from_secs(30),
        }
    }
}

impl Approval {
    pub const fn of(&self, kind: Kind) -> Duration {
        match kind {
            Kind::Late => self.late_after,
            _ => self.after,
        }
    }
}

/// What the command line says instead of the scenario.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    pub workflows: Option<usize>,
    /// Per second.
    pub rate: Option<f64>,
}

/// More workflows than a run may have.
const TOO_MANY: f64 = 1_000_001.0;

/// One workflow to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// From the beginning of the run.
    pub due: Duration,
    pub kind: Kind,
    /// From when its start was accepted.
    pub cancelled_after: Option<Duration>,
}

/// Long enough for the first steps, in milliseconds.
const CANCELLED_WITHIN: u64 = 6_000;

impl Scenario {
    /// # Errors
    /// Where the scenario has fewer workflows than are wanted, or no one rate that another could take the place of.
    pub fn plan(&self, wanted: Wanted, seed: u64) -> Result<Vec<Arrival>, String> {
        let phases = match (&self.arrivals[..], wanted.rate) {
            // A single rate goes on for as long as is wanted.
            ([only], None) => vec![only.of_length(wanted.workflows)],
            ([only], Some(rate)) if only.has_one_rate() => {
                vec![only.at_rate(rate).of_length(wanted.workflows)]
            }
            (several, None) => several.to_vec(),
            (_, Some(_)) => {
                return Err(
                    "this scenario is a burst, a ramp or several phases: no one rate can take their place"
                        .to_owned(),
                );
            }
        };
        if phases.iter().map(Phase::expected).sum::<f64>() >= TOO_MANY {
            return Err("that is more than a million workflows".to_owned());
        }
        let mut due = arrivals::offsets(&phases, self.spacing, seed);
        if let Some(workflows) = wanted.workflows {
            if due.len() < workflows {
                let has = due.len();
                return Err(format!(
                    "the scenario has {has} workflows, {workflows} are wanted"
                ));
            }
            due.truncate(workflows);
        }
        let mut dice = StdRng::seed_from_u64(seed);
        let mut after = || Duration::from_millis(dice.random_range(0..CANCELLED_WITHIN));
        let arrivals = due.into_iter().zip(self.mix.turns());
        let arrivals = arrivals.map(|(due, kind)| Arrival {
            due,
            kind,
            cancelled_after: (kind == Kind::Cancel).then(&mut after),
        });
        Ok(arrivals.collect())
    }
}

/// Scenarios by name.
const BUILT_IN: [(&str, &str); 11] = [
    ("smoke", include_str!("../../scenarios/smoke.toml")),
    ("steady", include_str!("../../scenarios/steady.toml")),
    ("ramp", include_str!("../../scenarios/ramp.toml")),
    ("burst", include_str!("../../scenarios/burst.toml")),
    ("soak", include_str!("../../scenarios/soak.toml")),
    ("events", include_str!("../../scenarios/events.toml")),
    ("late", include_str!("../../scenarios/late.toml")),
    (
        "duplicates",
        include_str!("../../scenarios/duplicates.toml"),
    ),
    ("artifacts", include_str!("../../scenarios/artifacts.toml")),
    ("throttled", include_str!("../../scenarios/throttled.toml")),
    ("chaos", include_str!("../../scenarios/chaos.toml")),
];

impl Scenario {
    /// A built-in scenario, or a file.
    ///
    /// # Errors
    /// Where there is none, or everything that is wrong with it.
    pub fn named(name: &str) -> Result<Self, String> {
        if let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            return Self::parse(text);
        }
        if !Path::new(name).is_file() {
            let known = BUILT_IN.map(|(name, _)| name).join(", ");
            return Err(format!(
                "`{name}` is neither a file nor a scenario; there are: {known}"
            ));
        }
        let text = std::fs::read_to_string(name).map_err(|error| format!("{name}: {error}"))?;
        Self::parse(&text).map_err(|why| format!("{name} is no scenario\n{why}"))
    }

    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let scenario: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let faults = scenario.faults();
        if faults.is_empty() {
            Ok(scenario)
        } else {
            Err(faults.join("\n"))
        }
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.arrivals.is_empty() {
            faults.push("`arrivals` needs at least one phase".to_owned());
        }
        for (index, phase) in self.arrivals.iter().enumerate() {
            let number = index + 1;
            let found = phase.faults().into_iter();
            faults.extend(found.map(|fault| format!("phase {number} of `arrivals`: {fault}")));
        }
        if self.mix.is_empty() {
            faults.push("`mix` needs at least one share above 0".to_owned());
        }
        if self.patience.is_zero() {
            faults.push("`patience` must be above 0".to_owned());
        }
        if self
            .new_sessions
            .is_some_and(|rate| !(rate > 0.0 && rate.is_finite()))
        {
            faults.push("`new_sessions` must be above 0".to_owned());
        }
        faults
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    agents::duration(&text).map_err(D::Error::custom)
}

pub(super) fn some_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    time(deserializer).map(Some)
}

fn latency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Latency>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "description = \"d\"\npatience = \"1m\"\n[[arrivals]]\nrate = 2\nworkflows = 4\n";

    #[test]
    fn the_built_in_scenarios_are_well_and_have_work() {
        for (name, _) in BUILT_IN {
            let scenario = Scenario::named(name).unwrap_or_else(|why| panic!("{name}: {why}"));
            let plan = scenario.plan(Wanted::default(), 1).unwrap();
            assert!(plan.len() >= 10, "{name} has {}", plan.len());
            assert!(!scenario.description.is_empty());
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let of = |text: &str| Scenario::parse(text).unwrap_err();
        let unknown = of(&format!("speed = 3\n{GOOD}"));
        assert!(
            unknown.contains("line 1") && unknown.contains("speed"),
            "{unknown}"
        );
        let time = of(&GOOD.replace("1m", "soon"));
        assert!(
            time.contains("line 2") && time.contains("no duration"),
            "{time}"
        );
        let both =
            of("description = \"\"\npatience = \"0s\"\n[[arrivals]]\nburst = 0\n[mix]\nlate = 0\n");
        assert_eq!(both.lines().count(), 3, "{both}");
        assert!(both.contains("phase 1"), "{both}");
        let throttled = of(&format!("new_sessions = 0.0\n{GOOD}"));
        assert!(throttled.contains("new_sessions"), "{throttled}");
        let absent = Scenario::named("nowhere").unwrap_err();
        assert!(absent.contains("steady"), "{absent}");
    }

    #[test]
    fn the_command_line_wins_over_the_scenario() {
        let scenario = Scenario::parse(GOOD).unwrap();
        let plan = |workflows, rate| scenario.plan(Wanted { workflows, rate }, 1);
        assert_eq!(plan(None, None).unwrap().len(), 4);
        assert_eq!(plan(Some(9), None).unwrap()[8].due, Duration::from_secs(4));
        let faster = plan(Some(3), Some(100.0)).unwrap();
        assert_eq!(faster[2].due, Duration::from_millis(20));
        assert_eq!(faster[2].kind, Kind::Plain);
        assert_eq!(plan(None, Some(100.0)).unwrap().len(), 4);
        let two = format!("{GOOD}[[arrivals]]\nburst = 3\n");
        let scenario = Scenario::parse(&two).unwrap();
        let wanted = |workflows| Wanted {
            workflows: Some(workflows),
            rate: None,
        };
        assert_eq!(scenario.plan(wanted(5), 1).unwrap().len(), 5);
        let few = scenario.plan(wanted(8), 1).unwrap_err();
        assert!(few.contains("8 are wanted"), "{few}");
    }

    #[test]
    fn a_run_has_a_million_workflows_at_most() {
        let of = |rate: f64| {
            let soak = GOOD.replace("workflows = 4", "for = \"1h\"");
            let rate = Wanted {
                workflows: None,
                rate: Some(rate),
            };
            Scenario::parse(&soak).unwrap().plan(rate, 1)
        };
        assert_eq!(of(20.0).unwrap().len(), 72_000);
        let refused = of(10_000.0).unwrap_err();
        assert!(refused.contains("a million"), "{refused}");
    }

    #[test]
    fn no_rate_takes_the_place_of_a_burst_a_ramp_or_several_phases() {
        let two = format!("{GOOD}[[arrivals]]\nrate = 3\nworkflows = 3\n");
        let burst = GOOD.replace("rate = 2\nworkflows = 4", "burst = 3");
        let ramp = GOOD.replace("workflows = 4", "to = 4\nfor = \"1m\"");
        for text in [two, burst, ramp] {
            let rate = Wanted {
                workflows: None,
                rate: Some(5.0),
            };
            let refused = Scenario::parse(&text).unwrap().plan(rate, 1).unwrap_err();
            assert!(refused.contains("no one rate"), "{refused}");
        }
    }
}
