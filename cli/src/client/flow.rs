//! `aegis flow`: definitions, checked on this machine, listed and drawn as a stage has them.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use aegis_contracts::flow::{AgentStep, Entry, Flow, Name};
use aegis_contracts::view::FlowList;
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::session::Session;
use crate::context::Context;
use crate::out;
use aegis_client::path::shown;
use aegis_terminal::text::{columns, one_line};

/// Check, list and show flows: which agents work, in which order, and where people decide.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check files of flows, and say where each fault is.
    Check {
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// The flows that a stage can start.
    List,
    /// One flow of a stage, as a drawing in Mermaid and a table of its steps.
    Show {
        #[arg(value_name = "NAME")]
        name: Name,
    },
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    match arguments.verb {
        Verb::Check { files } => Ok(check(&files, context.json)),
        Verb::List => {
            let (flows, session) = flows(context).await?;
            if session.json {
                out::json(json!(flows).to_string());
                return Ok(ExitCode::SUCCESS);
            }
            let row = |flow: &Flow| {
                vec![
                    flow.flow.to_string(),
                    flow.version.to_string(),
                    one_line(&flow.title),
                ]
            };
            for line in columns(&flows.flows.iter().map(row).collect::<Vec<_>>()) {
                outln!("{line}");
            }
            Ok(ExitCode::SUCCESS)
        }
        Verb::Show { name } => {
            let (flows, session) = flows(context).await?;
            let Some(flow) = flows.flows.iter().find(|flow| flow.flow == name) else {
                let list = session.command("flow list");
                bail!("there is no flow `{name}` here; these are\n  {list}");
            };
            if session.json {
                out::json(json!(flow).to_string());
            } else {
                outln!("{}", page(flow));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn flows(context: &Context) -> Result<(FlowList, Session)> {
    let session = Session::open(context).await?;
    let flows = session.api.get::<FlowList>("/flows").await?.value;
    Ok((flows, session))
}

/// Says every fault of every file.
fn check(files: &[PathBuf], json: bool) -> ExitCode {
    let mut faults = Vec::new();
    for file in files {
        let found = match std::fs::read(file) {
            Ok(bytes) => Flow::parse(&bytes).err().unwrap_or_default(),
            Err(error) => {
                faults.push((file, String::new(), error.to_string()));
                continue;
            }
        };
        faults.extend(
            found
                .into_iter()
                .map(|fault| (file, fault.place, fault.reason)),
        );
    }
    if json {
        let faults: Vec<_> = faults
            .iter()
            .map(|(file, place, reason)| json!({"file": shown(file), "place": place, "reason": reason}))
            .collect();
        out::json(json!({"faults": faults}).to_string());
    } else {
        for (file, place, reason) in &faults {
            let colon = if place.is_empty() { "" } else { ": " };
            errln!("{}: {place}{colon}{reason}", shown(file));
        }
        if faults.is_empty() {
            outln!(
                "{}",
                if files.len() == 1 {
                    "a sound flow"
                } else {
                    "sound flows"
                }
            );
        }
    }
    if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn page(flow: &Flow) -> String {
    let mut page = format!(
        "{} {}: {}\n\n",
        flow.flow,
        flow.version,
        one_line(&flow.title)
    );
    for line in columns(&flow.steps.iter().flat_map(rows).collect::<Vec<_>>()) {
        let _ = writeln!(page, "{line}");
    }
    let _ = writeln!(page, "\nresult: {}", flow.result);
    let properties = flow.parameters.as_value().get("properties");
    let names = properties.and_then(|properties| properties.as_object());
    let names = names.map(|names| names.keys().map(String::as_str).collect::<Vec<_>>());
    if let Some(names) = names.filter(|names| !names.is_empty()) {
        let _ = writeln!(page, "parameters: {}", names.join(", "));
    }
    let _ = write!(page, "\n{}", mermaid(flow));
    page
}

fn rows(entry: &Entry) -> Vec<Vec<String>> {
    if let Entry::Approval(asked) = entry {
        return vec![vec![
            asked.approval.to_string(),
            "people decide".to_owned(),
            format!("shows {}", asked.shows),
            match &asked.redo {
                Some(redo) => format!("changes go back to {redo}"),
                None => String::new(),
            },
        ]];
    }
    let rows = entry.steps().iter().enumerate();
    rows.map(|(index, step)| row(step, index > 0)).collect()
}

/// `beside`: it runs at once with the one before.
fn row(step: &AgentStep, beside: bool) -> Vec<String> {
    let mut words = Vec::new();
    if beside {
        words.push("at once with the one above".to_owned());
    }
    if let (Some(each), Some(max)) = (&step.each, step.max) {
        let (at_once, may_fail) = (step.at_once(), step.may_fail());
        words.push(format!(
            "for each item of {each}: at most {max}, {at_once} at once, {may_fail} may fail"
        ));
    }
    if !step.reads.is_empty() {
        words.push(format!("reads {}", names(&step.reads)));
    }
    vec![
        step.step.to_string(),
        step.agent.to_string(),
        format!("writes {}", step.writes),
        words.join("; "),
    ]
}

fn names(names: &[Name]) -> String {
    let names: Vec<&str> = names.iter().map(Name::as_str).collect();
    names.join(", ")
}

/// <https://mermaid.js.org/syntax/flowchart.html>
fn mermaid(flow: &Flow) -> String {
    let mut drawing = "flowchart TD\n".to_owned();
    let mut before: Vec<&Name> = Vec::new();
    for entry in &flow.steps {
        let mut names = Vec::new();
        if let Entry::Approval(asked) = entry {
            let name = &asked.approval;
            let _ = writeln!(drawing, "    {name}{{\"{name}\"}}");
            names.push(name);
        }
        for step in entry.steps() {
            let (name, agent) = (&step.step, &step.agent);
            // Two rectangles behind each other.
            let _ = match step.max {
                Some(max) => writeln!(drawing, "    {name}[[\"{name}<br>{agent}, up to {max}\"]]"),
                None => writeln!(drawing, "    {name}[\"{name}<br>{agent}\"]"),
            };
            names.push(name);
        }
        for one in &before {
            for next in &names {
                let _ = writeln!(drawing, "    {one} --> {next}");
            }
        }
        before = names;
    }
    for asked in flow.approvals() {
        if let Some(redo) = &asked.redo {
            let _ = writeln!(drawing, "    {} -. changes .-> {redo}", asked.approval);
        }
    }
    drawing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_drawn_in_its_order() {
        let flow = Flow::parse(include_bytes!("../../../flows/report/1.json")).unwrap();
        let page = page(&flow);
        for part in [
            "report 1: Cited report",
            "research  researcher     writes evidence.json",
            "parameters: depth, sources",
            "analyze --> findings",
            "findings -. changes .-> analyze",
        ] {
            assert!(page.contains(part), "{part} in\n{page}");
        }
    }
}
