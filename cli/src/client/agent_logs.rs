//! The local agents' logs, which are files of the stack and not in CloudWatch Logs.
//!
//! Reads lines as the services' logs have them. A line without a time of its own (a panic's) has
//! that of the line before.

use std::path::PathBuf;

use aegis_aws::client::logs::LogLine;
use aegis_contracts::time::Timestamp;

use super::log_line::own_time;
use aegis_client::local::StackFolder;

/// One agent's file.
#[derive(Debug)]
pub struct AgentLog {
    /// `researcher-agent`.
    pub name: String,
    path: PathBuf,
}

/// Of every agent that has written one.
pub fn all(folder: &StackFolder) -> Vec<AgentLog> {
    let files = std::fs::read_dir(folder.logs())
        .into_iter()
        .flatten()
        .flatten();
    let logs = files.filter_map(|file| {
        let path = file.path();
        let name = path.file_stem()?.to_str()?.to_owned();
        name.ends_with("-agent").then_some(AgentLog { name, path })
    });
    let mut logs: Vec<AgentLog> = logs.collect();
    logs.sort_by(|one, other| one.name.cmp(&other.name));
    logs
}

impl AgentLog {
    /// Lines from `since` on.
    pub fn read(&self, since: Timestamp) -> Vec<LogLine> {
        let text = std::fs::read(&self.path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let mut at = Timestamp::UNIX_EPOCH;
        let mut lines = Vec::new();
        for (number, line) in text.lines().enumerate() {
            at = own_time(line).unwrap_or(at);
            if at >= since {
                lines.push(LogLine {
                    id: format!("{}:{number}", self.name),
                    at_millis: at.as_millis(),
                    message: line.to_owned(),
                });
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_without_a_time_belong_to_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let folder = StackFolder::new(folder.path().to_owned());
        assert!(all(&folder).is_empty(), "no agent has run");
        std::fs::create_dir_all(folder.logs()).unwrap();
        let old = r#"{"timestamp":"2026-11-23T18:00:00.000001Z","message":"old"}"#;
        let new = r#"{"timestamp":"2026-11-23T18:00:02.5Z","message":"new"}"#;
        let text = format!("{old}\n{new}\nthread panicked\n");
        std::fs::write(folder.log_file("researcher-agent"), text).unwrap();
        let lines = all(&folder)[0].read("2026-11-23T18:00:01Z".parse().unwrap());
        let messages: Vec<&str> = lines.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(messages, [new, "thread panicked"]);
        assert_eq!(lines[0].at_millis, lines[1].at_millis);
    }
}
