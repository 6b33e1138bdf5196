//! Reading scenarios, and saying what is wrong with one.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize as _, Deserializer, de::Error as _};

use super::Scenario;
use crate::agents::{self, Latency};

/// Scenarios by name.
pub const BUILT_IN: [(&str, &str); 10] = [
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

pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    agents::duration(&text).map_err(D::Error::custom)
}

pub(super) fn some_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    time(deserializer).map(Some)
}

pub(super) fn latency<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Latency>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Wanted};
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
