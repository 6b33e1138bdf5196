//! Configuration from the environment: parsed once, at cold start, and all that is wrong is reported together.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use aegis_contracts::flow::Name;
use aegis_engine::api::{Authorization, RouteGroup};
use aegis_engine::flows::Flows;
use aegis_workflow::{Retries, Rules};

/// Everything that is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid configuration: {}", .0.join("; "))]
pub struct ConfigError(pub Vec<String>);

/// Reads variables and remembers what was wrong.
pub struct Environment<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

/// The process environment.
pub fn process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl<'a> Environment<'a> {
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            lookup,
            problems: Vec::new(),
        }
    }

    /// An empty variable counts as missing.
    fn get(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    pub fn required(&mut self, name: &str) -> String {
        self.get(name).unwrap_or_else(|| {
            self.problems.push(format!("{name} is not set"));
            String::new()
        })
    }

    pub fn or<T: FromStr>(&mut self, name: &str, default: T) -> T
    where
        T::Err: Display,
    {
        let Some(text) = self.get(name) else {
            return default;
        };
        text.parse().unwrap_or_else(|error| {
            self.problems.push(format!("{name} is `{text}`: {error}"));
            default
        })
    }

    pub fn seconds(&mut self, name: &str, default: Duration) -> Duration {
        Duration::from_secs(self.or(name, default.as_secs()))
    }

    /// Fractions are allowed.
    pub fn hours(&mut self, name: &str, default: Duration) -> Duration {
        let hours = self.or(name, default.as_secs_f64() / 3600.0);
        Duration::try_from_secs_f64(hours * 3600.0).unwrap_or_else(|error| {
            self.problems.push(format!("{name} is `{hours}`: {error}"));
            default
        })
    }

    /// Comma-separated; missing means none.
    pub fn list(&mut self, name: &str) -> Vec<String> {
        let text = self.get(name).unwrap_or_default();
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// What the routes of `group` demand of their callers.
    pub fn authorization(&mut self, group: RouteGroup) -> Authorization {
        let modes = self.required("API_AUTHORIZATION");
        if modes.is_empty() {
            // A problem already; the stricter one stands in until it is reported.
            return Authorization::Iam;
        }
        let jwt = self.get("API_JWT");
        crate::authorization::parse(group, &modes, jwt.as_deref()).unwrap_or_else(|problem| {
            self.problems.push(problem);
            Authorization::Iam
        })
    }

    pub fn rules(&mut self) -> Rules {
        let default = Rules::default();
        let days = self.or("RETENTION_DAYS", default.retention.as_secs() / 86_400);
        Rules {
            pickup_timeout: self.seconds("PICKUP_TIMEOUT_SECONDS", default.pickup_timeout),
            capacity_timeout: self.hours("CAPACITY_TIMEOUT_HOURS", default.capacity_timeout),
            start_timeout: self.seconds("START_TIMEOUT_SECONDS", default.start_timeout),
            heartbeat_timeout: self.seconds("HEARTBEAT_TIMEOUT_SECONDS", default.heartbeat_timeout),
            step_timeout: self.seconds("STEP_TIMEOUT_SECONDS", default.step_timeout),
            retries: self.step_retries(),
            max_sends: self.or("MAX_SENDS", default.max_sends),
            approval_reminder: self.hours("APPROVAL_REMINDER_HOURS", default.approval_reminder),
            retention: Duration::from_secs(days.saturating_mul(86_400)),
        }
    }

    fn step_retries(&mut self) -> Retries {
        let Some(text) = self.get("STEP_RETRIES") else {
            return Retries::default();
        };
        crate::retries::parse(&text).unwrap_or_else(|error| {
            self.problems.push(format!("STEP_RETRIES: {error}"));
            Retries::default()
        })
    }

    /// The agent that a dispatcher is for.
    pub fn agent(&mut self, variable: &str) -> Name {
        let text = self.required(variable);
        text.parse().unwrap_or_else(|error| {
            if !text.is_empty() {
                self.problems
                    .push(format!("{variable} is `{text}`: it {error}"));
            }
            Name::unreadable()
        })
    }

    /// The flows of this deployment.
    pub fn flows(&mut self) -> Flows {
        let folder = self.get("FLOWS").unwrap_or_else(|| "flows".to_owned());
        Flows::read(Path::new(&folder)).unwrap_or_else(|error| {
            self.problems.push(format!("FLOWS: {error}"));
            Flows::default()
        })
    }

    /// # Errors
    /// Every problem met so far.
    pub fn finish(self) -> Result<(), ConfigError> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(ConfigError(self.problems))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_and_agents_that_cannot_be_used_are_reported() {
        let absent = std::env::temp_dir().join("no such folder of flows");
        let lookup = |name: &str| match name {
            "AGENT" => Some("Writer 2".to_owned()),
            "FLOWS" => Some(absent.display().to_string()),
            _ => None,
        };
        let mut environment = Environment::new(&lookup);
        environment.agent("AGENT");
        environment.agent("OTHER");
        environment.flows();
        let ConfigError(problems) = environment.finish().unwrap_err();
        let begins = [
            "AGENT is `Writer 2`: it must be a name",
            "OTHER is not set",
            "FLOWS: ",
        ];
        assert_eq!(problems.len(), begins.len(), "{problems:?}");
        for (problem, begins) in problems.iter().zip(begins) {
            assert!(problem.starts_with(begins), "{problem}");
        }
        assert!(
            problems[2].contains("no such folder of flows"),
            "{problems:?}"
        );
    }

    #[test]
    fn reports_every_problem_together() {
        let lookup = |name: &str| match name {
            "MAX_SENDS" => Some("many".to_owned()),
            "API_AUTHORIZATION" => Some("jwt".to_owned()),
            "STEP_RETRIES" => Some("often".to_owned()),
            "APPROVAL_REMINDER_HOURS" => Some("0.025".to_owned()),
            _ => None,
        };
        let mut environment = Environment::new(&lookup);
        environment.required("WORKFLOW_TABLE");
        let rules = environment.rules();
        environment.authorization(RouteGroup::Read);
        assert_eq!(rules.pickup_timeout, Rules::default().pickup_timeout);
        assert_eq!(rules.approval_reminder, Duration::from_secs(90));
        let ConfigError(problems) = environment.finish().unwrap_err();
        assert_eq!(problems.len(), 4, "{problems:?}");
    }
}
