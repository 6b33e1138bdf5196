//! `STEP_RETRIES`: how often each agent is tried, as JSON, in the form in which Terraform writes it.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_contracts::flow::Name;
use aegis_workflow::{Retries, RetryPolicy};
use serde::Deserialize;

/// SQS delays a message by 15 minutes at most.
const LONGEST_DELAY: u64 = 900;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Setting {
    attempts: u32,
    first_delay_seconds: u64,
    longest_delay_seconds: u64,
}

impl Default for Setting {
    fn default() -> Self {
        let policy = RetryPolicy::default();
        Self {
            attempts: policy.attempts,
            first_delay_seconds: policy.first_delay.as_secs(),
            longest_delay_seconds: policy.longest_delay.as_secs(),
        }
    }
}

impl Setting {
    fn policy(&self, agent: &Name) -> Result<RetryPolicy, String> {
        let (first, longest) = (self.first_delay_seconds, self.longest_delay_seconds);
        if self.attempts == 0 {
            return Err(format!(
                "{agent}.attempts is 0: a step is tried at least once"
            ));
        }
        if longest > LONGEST_DELAY || first > longest {
            return Err(format!(
                "{agent}: the delays are {first} to {longest} s, expected an ascending range up to {LONGEST_DELAY}"
            ));
        }
        Ok(RetryPolicy {
            attempts: self.attempts,
            first_delay: Duration::from_secs(first),
            longest_delay: Duration::from_secs(longest),
        })
    }
}

/// Agents that are left out, and fields that are, have their defaults.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn parse(text: &str) -> Result<Retries, String> {
    let agents: BTreeMap<Name, Setting> =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    let policies = agents.into_iter().map(|(agent, setting)| {
        let policy = setting.policy(&agent)?;
        Ok((agent, policy))
    });
    Ok(Retries {
        of_agent: policies.collect::<Result<_, String>>()?,
        ..Retries::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_its_default() {
        assert_eq!(parse("{}"), Ok(Retries::default()));
        let text = r#"{"analyst":{"attempts":1},"writer":{"attempts":5,"first_delay_seconds":0,"longest_delay_seconds":900}}"#;
        let read = parse(text).unwrap();
        let of = |agent: &str| read.of_agent.get(&agent.parse().unwrap()).copied();
        assert_eq!(
            (of("researcher"), read.usual),
            (None, RetryPolicy::default())
        );
        assert_eq!(of("analyst").unwrap().attempts, 1);
        let writer = RetryPolicy {
            attempts: 5,
            first_delay: Duration::ZERO,
            longest_delay: Duration::from_secs(900),
        };
        assert_eq!(of("writer"), Some(writer));
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        for (text, said) in [
            ("7", "expected a map"),
            (r#"{"Researcher":{}}"#, "must be a name"),
            (r#"{"writer":{"attempt":1}}"#, "attempt"),
            (r#"{"writer":{"attempts":0}}"#, "writer.attempts"),
            (r#"{"analyst":{"longest_delay_seconds":901}}"#, "analyst"),
            (r#"{"analyst":{"first_delay_seconds":61}}"#, "61 to 60"),
        ] {
            let refused = parse(text).unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
