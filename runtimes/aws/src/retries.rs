//! `STEP_RETRIES`: how often each step is tried, as JSON, in the form in which Terraform writes it.

use std::time::Duration;

use aegis_workflow::{RetryPolicy, StepRetries};
use serde::Deserialize;

/// SQS delays a message by 15 minutes at most.
const LONGEST_DELAY: u64 = 900;

/// A role that is left out, or a field of it, has its default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Roles {
    researcher: Setting,
    analyst: Setting,
    writer: Setting,
}

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
    fn policy(&self, role: &str) -> Result<RetryPolicy, String> {
        let (first, longest) = (self.first_delay_seconds, self.longest_delay_seconds);
        if self.attempts == 0 {
            return Err(format!(
                "{role}.attempts is 0: a step is tried at least once"
            ));
        }
        if longest > LONGEST_DELAY || first > longest {
            return Err(format!(
                "{role}: the delays are {first} to {longest} s, expected an ascending range up to {LONGEST_DELAY}"
            ));
        }
        Ok(RetryPolicy {
            attempts: self.attempts,
            first_delay: Duration::from_secs(first),
            longest_delay: Duration::from_secs(longest),
        })
    }
}

/// # Errors
/// What is wrong with the text.
pub(crate) fn parse(text: &str) -> Result<StepRetries, String> {
    let roles: Roles = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Ok(StepRetries {
        researcher: roles.researcher.policy("researcher")?,
        analyst: roles.analyst.policy("analyst")?,
        writer: roles.writer.policy("writer")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_its_default() {
        assert_eq!(parse("{}"), Ok(StepRetries::default()));
        let text = r#"{"analyst":{"attempts":1},"writer":{"attempts":5,"first_delay_seconds":0,"longest_delay_seconds":900}}"#;
        let read = parse(text).unwrap();
        assert_eq!(read.researcher, RetryPolicy::default());
        assert_eq!(read.analyst.attempts, 1);
        let writer = RetryPolicy {
            attempts: 5,
            first_delay: Duration::ZERO,
            longest_delay: Duration::from_secs(900),
        };
        assert_eq!(read.writer, writer);
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        for (text, said) in [
            ("7", "expected struct"),
            (r#"{"researchers":{}}"#, "researchers"),
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
