//! Reads what the services logged.
//!
//! Knows CloudWatch Logs, not what a line says.

use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;

use super::error::CallError;

const OPERATION: &str = "FilterLogEvents";

#[derive(Debug, Clone)]
pub struct LogClient {
    client: Client,
}

/// One line of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The same line read twice has the same one.
    pub id: String,
    /// Milliseconds since the Unix epoch.
    pub at_millis: i64,
    pub message: String,
}

impl LogClient {
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(config),
        }
    }

    /// All lines of a log group from `since_millis` on, oldest first. A group that nobody has
    /// written to yet may not exist: that is no lines.
    ///
    /// # Errors
    /// Where CloudWatch Logs refuses the call or cannot be reached.
    pub async fn read(&self, group: &str, since_millis: i64) -> Result<Vec<LogLine>, CallError> {
        let mut pages = self
            .client
            .filter_log_events()
            .log_group_name(group)
            .start_time(since_millis)
            .into_paginator()
            .send();
        let mut lines = Vec::new();
        while let Some(page) = pages.next().await {
            let page = match page.map_err(CallError::of(OPERATION)) {
                Ok(page) => page,
                Err(error) if error.has_code("ResourceNotFoundException") => break,
                Err(error) => return Err(error),
            };
            lines.extend(page.events().iter().map(line));
        }
        lines.sort_by_key(|line| line.at_millis);
        Ok(lines)
    }
}

fn line(event: &FilteredLogEvent) -> LogLine {
    let at_millis = event.timestamp().unwrap_or_default();
    let message = event.message().unwrap_or_default().trim_end().to_owned();
    // An emulator may leave the id out.
    let id = event.event_id().map_or_else(
        || {
            let stream = event.log_stream_name().unwrap_or_default();
            format!("{stream}:{at_millis}:{message}")
        },
        str::to_owned,
    );
    LogLine {
        id,
        at_millis,
        message,
    }
}
