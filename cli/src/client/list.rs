//! `aegis list`: workflows, newest first.

use std::process::ExitCode;

use aegis_contracts::flow::Name;
use aegis_contracts::view::{Status, WorkflowPage, WorkflowSummary};
use anyhow::Result;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::session::Session;
use crate::context::Context;
use crate::out::{self, Stream};
use crate::style::{dim, whole};
use aegis_terminal::text::{columns, local_time, shortened, status_words};

/// As many as the API gives at once.
const PAGE: usize = 100;

/// List workflows, newest first.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only those in this state.
    #[arg(long, value_name = "STATUS", value_parser = statuses())]
    status: Option<String>,
    /// Only those of this flow.
    #[arg(long, value_name = "NAME")]
    flow: Option<Name>,
    /// Only those at this step or approval of their flow.
    #[arg(long, value_name = "NAME")]
    at: Option<Name>,
    /// At most this many.
    #[arg(
        long,
        short = 'n',
        value_name = "N",
        default_value_t = 20,
        value_parser = positive,
        conflicts_with = "all"
    )]
    limit: u32,
    /// List all workflows, page by page.
    #[arg(long)]
    all: bool,
    /// Go on where an earlier answer's `next_cursor` says.
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

fn positive(text: &str) -> std::result::Result<u32, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "expected a whole number from 1".to_owned())
}

fn statuses() -> impl clap::builder::TypedValueParser<Value = String> {
    PossibleValuesParser::new(Status::ALL.map(Status::as_str)).map(|status| status)
}

/// All pages that were asked for, as one.
struct Listing {
    workflows: Vec<WorkflowSummary>,
    next_cursor: Option<String>,
    json: String,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let session = Session::open(context).await?;
    let listing = read(&arguments, &session).await?;
    if session.json {
        out::json(listing.json);
        return Ok(ExitCode::SUCCESS);
    }
    print(&listing);
    Ok(ExitCode::SUCCESS)
}

async fn read(arguments: &Arguments, session: &Session) -> Result<Listing> {
    let wanted = if arguments.all {
        usize::MAX
    } else {
        arguments.limit as usize
    };
    let mut cursor = arguments.cursor.clone();
    let mut workflows = Vec::new();
    let mut rows: Vec<Value> = Vec::new();
    loop {
        let limit = (wanted - workflows.len()).min(PAGE);
        let path = path(arguments, limit, cursor.as_deref());
        let answer = session.api.get::<WorkflowPage>(&path).await?;
        let page = answer.value;
        let only_page = workflows.is_empty();
        workflows.extend(page.workflows);
        cursor = page.next_cursor;
        let done = workflows.len() >= wanted || cursor.is_none();
        if done && only_page {
            return Ok(Listing {
                workflows,
                next_cursor: cursor,
                json: answer.raw,
            });
        }
        let mut raw: Value = serde_json::from_str(&answer.raw)?;
        if let Some(Value::Array(page_rows)) = raw.get_mut("workflows").map(Value::take) {
            rows.extend(page_rows);
        }
        if done {
            let json = json!({"workflows": rows, "next_cursor": cursor}).to_string();
            return Ok(Listing {
                workflows,
                next_cursor: cursor,
                json,
            });
        }
    }
}

fn path(arguments: &Arguments, limit: usize, cursor: Option<&str>) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair("limit", &limit.to_string());
    for (name, value) in [
        ("status", arguments.status.as_deref()),
        ("flow", arguments.flow.as_ref().map(Name::as_str)),
        ("at", arguments.at.as_ref().map(Name::as_str)),
        ("cursor", cursor),
    ] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    format!("/workflows?{}", query.finish())
}

/// `running at analyze`.
fn standing(workflow: &WorkflowSummary) -> String {
    let status = status_words(workflow.status);
    match &workflow.at {
        Some(at) => format!("{status} at {at}"),
        None => status,
    }
}

fn print(listing: &Listing) {
    if listing.workflows.is_empty() {
        outln!("no workflows");
        return;
    }
    // Beside id, flow, status and time.
    let room =
        out::terminal_width(Stream::Out).map_or(128, |width| width.saturating_sub(96).max(20));
    let row = |workflow: &WorkflowSummary| {
        vec![
            workflow.workflow_id.to_string(),
            workflow.flow.to_string(),
            standing(workflow),
            local_time(workflow.created_at),
            shortened(&workflow.topic, room),
        ]
    };
    for line in columns(&listing.workflows.iter().map(row).collect::<Vec<_>>()) {
        outln!("{line}");
    }
    if let Some(cursor) = &listing.next_cursor {
        let more = format!("there are more: --cursor {cursor}, or --all");
        outln!("{}", whole(dim(more)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_encoded() {
        let mut arguments = Arguments {
            status: None,
            flow: None,
            at: None,
            limit: 5,
            all: false,
            cursor: None,
        };
        assert_eq!(path(&arguments, 5, None), "/workflows?limit=5");
        arguments.status = Some("failed".to_owned());
        arguments.at = Some("write".parse().unwrap());
        assert_eq!(
            path(&arguments, 5, Some("a+b=")),
            "/workflows?limit=5&status=failed&at=write&cursor=a%2Bb%3D"
        );
    }
}
