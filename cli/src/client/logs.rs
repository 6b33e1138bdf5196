//! `aegis logs`: what the services logged, merged by time.

use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use aegis_aws::client::logs::{LogClient, LogLine};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use anyhow::{Result, bail};
use clap::Args;
use futures::future::try_join_all;
use serde_json::{Value, json};

use super::agent_logs::{self, AgentLog};
use super::log_line::{is_platform, own_time, shown};
use super::session::Session;
use crate::context::Context;
use crate::out;
use aegis_client::local::StackFolder;
use aegis_client::stage::Stage;
use aegis_terminal::text::now;

const PAUSE: Duration = Duration::from_secs(1);
/// Lines may become readable a while after others that are younger.
const OVERLAP: Duration = Duration::from_secs(15);

/// Print what the services logged, and locally the agents too, all merged by time, or one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aegis logs --follow
  aegis logs callback --since 2h
  aegis logs researcher-agent
  aegis logs --workflow wf_… --since 1d")]
pub struct Arguments {
    /// Only this one, such as `intake`, `callback` or, locally, `writer-agent`; without it, all.
    #[arg(value_name = "SERVICE")]
    service: Option<String>,
    /// Go on and print new lines as they come.
    #[arg(long, short)]
    follow: bool,
    /// How far to look back: `90s`, `10m`, `2h`, `1d`.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = look_back)]
    since: Duration,
    /// Only lines that name this workflow.
    #[arg(long, value_name = "WORKFLOW")]
    workflow: Option<WorkflowId>,
    /// Also Lambda's own lines about starts, ends and billing.
    #[arg(long)]
    platform: bool,
}

/// Where lines come from: a service in CloudWatch Logs, or a local agent's file.
enum Source {
    Service { name: String, group: String },
    Agent(AgentLog),
}

impl Source {
    fn name(&self) -> &str {
        match self {
            Self::Service { name, .. } => name,
            Self::Agent(log) => &log.name,
        }
    }

    async fn read(&self, client: &LogClient, since: Timestamp) -> Result<Vec<LogLine>> {
        match self {
            Self::Service { group, .. } => {
                let mut lines = client.read(group, since.as_millis()).await?;
                for line in &mut lines {
                    let own = own_time(&line.message).map(Timestamp::as_millis);
                    line.at_millis = own.unwrap_or(line.at_millis);
                }
                Ok(lines)
            }
            Self::Agent(log) => Ok(log.read(since)),
        }
    }
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let session = Session::open(context).await?;
    let sources = chosen(
        sources(&session.stage, context),
        arguments.service.as_deref(),
    )?;
    let client = LogClient::new(&session.stage.connection().load().await);
    let mut since = Timestamp::from_millis(now().as_millis() - millis(arguments.since));
    let mut printed = HashSet::new();
    loop {
        let asked_at = now();
        for (name, line) in read(&client, &sources, since).await? {
            if printed.insert(line.id.clone()) && wanted(&line, &arguments) {
                if session.json {
                    out::json(as_json(name, &line));
                } else {
                    outln!("{}", as_text(name, &line));
                }
            }
        }
        if !arguments.follow {
            return Ok(ExitCode::SUCCESS);
        }
        since = since.max(Timestamp::from_millis(
            asked_at.as_millis() - millis(OVERLAP),
        ));
        tokio::time::sleep(PAUSE).await;
    }
}

fn sources(stage: &Stage, context: &Context) -> Vec<Source> {
    let services = stage.output_map("log_group_names").into_iter();
    let mut sources: Vec<Source> = services
        .map(|(name, group)| Source::Service { name, group })
        .collect();
    // The local AWS has its agents' logs beside the file that describes it.
    let folder = context.stage.as_deref().and_then(Path::parent);
    if let Some(folder) = folder {
        let folder = StackFolder::new(folder.to_owned());
        sources.extend(agent_logs::all(&folder).into_iter().map(Source::Agent));
    }
    sources
}

fn chosen(sources: Vec<Source>, name: Option<&str>) -> Result<Vec<Source>> {
    if sources.is_empty() {
        bail!(
            "the stage file names no service whose log could be read: it has no output `log_group_names`"
        );
    }
    let Some(name) = name else {
        return Ok(sources);
    };
    let known: Vec<String> = sources
        .iter()
        .map(|source| source.name().to_owned())
        .collect();
    let chosen: Vec<Source> = sources
        .into_iter()
        .filter(|source| source.name() == name)
        .collect();
    if chosen.is_empty() {
        bail!(
            "there is no service `{name}`; there are {}",
            known.join(", ")
        );
    }
    Ok(chosen)
}

async fn read<'a>(
    client: &LogClient,
    sources: &'a [Source],
    since: Timestamp,
) -> Result<Vec<(&'a str, LogLine)>> {
    let reads = sources.iter().map(|source| async move {
        let lines = source.read(client, since).await?;
        Ok::<_, anyhow::Error>(lines.into_iter().map(|line| (source.name(), line)))
    });
    let mut lines: Vec<(&str, LogLine)> =
        try_join_all(reads).await?.into_iter().flatten().collect();
    lines.sort_by_key(|(_, line)| line.at_millis);
    Ok(lines)
}

fn wanted(line: &LogLine, arguments: &Arguments) -> bool {
    let about = arguments
        .workflow
        .as_ref()
        .is_none_or(|id| line.message.contains(id.as_str()));
    about && !line.message.is_empty() && (arguments.platform || !is_platform(&line.message))
}

fn as_text(service: &str, line: &LogLine) -> String {
    shown(
        service,
        Timestamp::from_millis(line.at_millis),
        &line.message,
    )
}

fn as_json(service: &str, line: &LogLine) -> Value {
    let message = serde_json::from_str::<Value>(&line.message)
        .unwrap_or_else(|_| Value::String(line.message.clone()));
    let at = Timestamp::from_millis(line.at_millis);
    json!({"service": service, "at": at, "message": message})
}

fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

fn look_back(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a number with s, m, h or d behind it, such as 10m".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    number
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_look_back() {
        assert_eq!(look_back("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(look_back("2h"), Ok(Duration::from_secs(7_200)));
        for text in ["", "h", "2", "2 w", "é"] {
            assert!(look_back(text).is_err(), "{text}");
        }
    }
}
