//! One line of a service's log, for people: time, service, level, message, fields.
//!
//! Understands the JSON that our services write and the platform lines of Lambda; shows anything
//! else as it is.

use std::collections::HashSet;

use aegis_contracts::time::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::style::{Style, bold, dim};
use aegis_terminal::text::{fine_clock, one_line};

/// Fields that every line has, or that nobody reads.
const LEFT_OUT: [&str; 9] = [
    "timestamp",
    "level",
    "message",
    "target",
    "service",
    "fields",
    "span",
    "spans",
    "name",
];

#[derive(Deserialize)]
struct Timed {
    timestamp: Timestamp,
}

/// When the line was written; CloudWatch Logs may only know when it was handed over.
pub fn own_time(message: &str) -> Option<Timestamp> {
    let timed = serde_json::from_str::<Timed>(message).ok()?;
    Some(timed.timestamp)
}

/// Lambda's own lines about starts, ends and billing.
pub fn is_platform(message: &str) -> bool {
    [
        "START RequestId",
        "END RequestId",
        "REPORT RequestId",
        "INIT_START",
        "EXTENSION",
    ]
    .iter()
    .any(|start| message.starts_with(start))
}

pub fn shown(service: &str, at: Timestamp, message: &str) -> String {
    let head = format!(
        "{}  {}",
        dim(fine_clock(at)),
        bold(format!("{service:<19}"))
    );
    match serde_json::from_str::<Map<String, Value>>(message) {
        Ok(line) => format!("{head}  {}", words(&line)),
        Err(_) if is_platform(message) => format!("{head}  {}", dim(message)),
        Err(_) => format!("{head}  {}", one_line(message)),
    }
}

fn words(line: &Map<String, Value>) -> String {
    // `tracing-subscriber` puts message and fields under `fields`, unless told to flatten them.
    let nested = line.get("fields").and_then(Value::as_object);
    let level = line.get("level").and_then(Value::as_str).unwrap_or("INFO");
    let message = line
        .get("message")
        .or_else(|| nested.and_then(|fields| fields.get("message")))
        .map(plain)
        .unwrap_or_default();
    let span = line.get("span").and_then(Value::as_object);
    let fields = [Some(line), nested, span].into_iter().flatten().flatten();
    let mut text = format!("{} {message}", level_style(level).on(format!("{level:<5}")));
    let mut told = HashSet::new();
    for (name, value) in fields {
        // A span repeats what its events say.
        let is_told = !LEFT_OUT.contains(&name.as_str()) && !name.starts_with("otel.");
        if is_told && told.insert(name) {
            text.push_str(&format!("  {}{}", dim(format!("{name}=")), plain(value)));
        }
    }
    text
}

fn plain(value: &Value) -> String {
    match value.as_str() {
        Some(text) => one_line(text),
        None => value.to_string(),
    }
}

fn level_style(level: &str) -> Style {
    match level {
        "ERROR" => Style::new().red().bold(),
        "WARN" => Style::new().yellow(),
        "INFO" => Style::new().green(),
        _ => Style::new().dim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out;

    #[test]
    fn flat_and_nested_fields_are_shown_alike() {
        let at = Timestamp::from_millis(0);
        for line in [
            r#"{"timestamp":"x","level":"WARN","message":"late","workflow_id":"wf_1","target":"t","span":{"name":"s","workflow_id":"wf_1"}}"#,
            r#"{"timestamp":"x","level":"WARN","fields":{"message":"late","workflow_id":"wf_1"},"target":"t"}"#,
        ] {
            let text = out::plain(&shown("intake", at, line));
            assert!(
                text.ends_with("intake               WARN  late  workflow_id=wf_1"),
                "{text}"
            );
        }
        assert!(out::plain(&shown("intake", at, "plain words")).ends_with("  plain words"));
    }
}
