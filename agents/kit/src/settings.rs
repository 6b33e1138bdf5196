//! What an agent's process is told by its environment. Read once, at start; every problem is said at once.

use std::net::SocketAddr;

const DEFAULT_BIND: &str = "0.0.0.0:8080";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub artifact_bucket: String,
    pub bind: SocketAddr,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment is not complete: {}", .0.join("; "))]
pub struct InvalidSettings(Vec<String>);

impl Settings {
    /// # Errors
    /// All that is missing or malformed.
    pub fn from_env() -> Result<Self, InvalidSettings> {
        Self::read(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSettings> {
        let mut problems = Vec::new();
        let artifact_bucket = get("ARTIFACT_BUCKET").unwrap_or_else(|| {
            problems.push("ARTIFACT_BUCKET is missing".to_owned());
            String::new()
        });
        let bind = get("AGENT_BIND").unwrap_or_else(|| DEFAULT_BIND.to_owned());
        match bind.parse() {
            Ok(bind) if problems.is_empty() => Ok(Self {
                artifact_bucket,
                bind,
            }),
            Ok(_) => Err(InvalidSettings(problems)),
            Err(_) => {
                problems.push(format!("AGENT_BIND is no address and port: `{bind}`"));
                Err(InvalidSettings(problems))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_problems_are_said_together() {
        let error = Settings::read(|name| (name == "AGENT_BIND").then(|| "nowhere".to_owned()));
        assert_eq!(error.unwrap_err().0.len(), 2);
    }

    #[test]
    fn the_default_is_what_agentcore_wants() {
        let get = |name: &str| (name == "ARTIFACT_BUCKET").then(|| "b".to_owned());
        let settings = Settings::read(get).unwrap();
        assert_eq!(settings.bind.to_string(), DEFAULT_BIND);
    }
}
