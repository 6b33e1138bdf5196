//! What the services and agents log: who, about which workflow, and no secret.

use std::collections::BTreeSet;

use aegis_contracts::view::Status;
use aegis_e2e::stack::{Stack, e2e};
use aegis_e2e::wait::{SOON, Seen, eventually};
use aegis_platform::client::logs::LogClient;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// Services that take part in every workflow and have something to say about it.
const TALKATIVE: [&str; 6] = [
    "intake",
    "researcher-dispatch",
    "analyst-dispatch",
    "approval",
    "writer-dispatch",
    "callback",
];
const AGENTS: [&str; 3] = ["researcher", "analyst", "writer"];

/// All that was logged since the tests began: (who, line).
async fn lines(stack: &Stack) -> Result<Vec<(String, String)>> {
    let client = LogClient::new(&stack.config);
    let mut lines = Vec::new();
    for (service, group) in &stack.outputs.log_group_names {
        let read = client.read(group, stack.began_millis).await?;
        lines.extend(read.into_iter().map(|line| (service.clone(), line.message)));
    }
    for agent in AGENTS {
        let path = stack.folder.join("logs").join(format!("{agent}-agent.log"));
        let text = std::fs::read_to_string(path)?;
        lines.extend(text.lines().map(|line| (agent.to_owned(), line.to_owned())));
    }
    Ok(lines)
}

/// The workflow that a line is about, wherever it is named.
fn workflow_of(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let places = [line.get("workflow_id"), line.pointer("/span/workflow_id")];
    let named = places.into_iter().flatten().find_map(Value::as_str);
    named.map(str::to_owned)
}

#[test]
fn every_service_and_agent_says_which_workflow_it_works_for() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(json!({})).await?;
        run.approve().await?;
        run.reach(Status::Completed).await?;
        let expected: BTreeSet<&str> = TALKATIVE.into_iter().chain(AGENTS).collect();
        eventually("a line of each", SOON, async || {
            let lines = lines(stack).await?;
            let about = |line: &str| workflow_of(line).as_deref() == Some(run.id.as_str());
            let said = lines.iter().filter(|(_, line)| about(line));
            let said: BTreeSet<&str> = said.map(|(who, _)| who.as_str()).collect();
            let silent: Vec<_> = expected.difference(&said).collect();
            Ok(if silent.is_empty() {
                Seen::Yes(())
            } else {
                Seen::NotYet(format!("nothing from {silent:?}"))
            })
        })
        .await
    })
}

#[test]
fn no_secret_is_logged() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(json!({})).await?;
        run.approve().await?;
        let view = run.reach(Status::Completed).await?;
        run.artifact("report.md").await?;
        ensure!(view.report.is_some(), "no link to the report");
        let keys = stack.keys().await?;
        let token = format!("v1.{}.", keys.current.kid);
        let secrets = [
            token.as_str(),
            &keys.current.secret,
            "X-Amz-Signature",
            "Bearer ",
        ];
        for (who, line) in lines(stack).await? {
            let found = secrets.iter().find(|secret| line.contains(**secret));
            assert!(
                found.is_none(),
                "{who} logs a secret that contains `{found:?}`"
            );
        }
        Ok(())
    })
}

/// Names of the metrics that CloudWatch would make of this line, each with its dimensions and values.
fn metrics_of(line: &str) -> Vec<String> {
    let Ok(line) = serde_json::from_str::<Value>(line) else {
        return Vec::new();
    };
    let sets = line.pointer("/_aws/CloudWatchMetrics");
    let sets = sets.and_then(Value::as_array).into_iter().flatten();
    let set = |set: &Value| -> Option<Vec<String>> {
        assert_eq!(set["Namespace"], "Aegis", "{line}");
        let dimensions = set["Dimensions"][0].as_array()?.iter();
        let dimensions = dimensions.filter_map(Value::as_str);
        let labels: String = dimensions
            .filter(|name| *name != "Environment")
            .filter_map(|name| Some(format!(" {name}={}", line[name].as_str()?)))
            .collect();
        assert_eq!(line["Environment"], "dev");
        let names = set["Metrics"].as_array()?.iter();
        let names = names.filter_map(|metric| metric["Name"].as_str());
        let names = names.filter(|name| line[*name].is_number() || line[*name].is_array());
        Some(names.map(|name| format!("{name}{labels}")).collect())
    };
    sets.filter_map(set).flatten().collect()
}

#[test]
fn a_workflow_leaves_its_measurements_in_the_logs() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(json!({})).await?;
        run.approve().await?;
        run.reach(Status::Completed).await?;
        let expected = BTreeSet::from([
            ("intake", "WorkflowsStarted"),
            ("callback", "StepSeconds Role=researcher"),
            ("callback", "StepSeconds Role=analyst"),
            ("callback", "StepCostUsd Role=writer"),
            ("approval", "ApprovalSeconds"),
            ("callback", "WorkflowsEnded Status=completed"),
        ]);
        eventually("measurements", SOON, async || {
            let lines = lines(stack).await?;
            let found: BTreeSet<(String, String)> = lines
                .iter()
                .flat_map(|(who, line)| {
                    let names = metrics_of(line).into_iter();
                    names.map(|name| (who.clone(), name))
                })
                .collect();
            let missing = expected
                .iter()
                .filter(|(who, name)| !found.contains(&((*who).to_owned(), (*name).to_owned())));
            let missing: Vec<_> = missing.collect();
            Ok(if missing.is_empty() {
                Seen::Yes(())
            } else {
                Seen::NotYet(format!("{missing:?} of {found:?}"))
            })
        })
        .await
    })
}
