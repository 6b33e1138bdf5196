//! What the services and agents log: who, about which workflow, and no secret.

use std::collections::BTreeSet;

use aegis_aws::client::logs::LogClient;
use aegis_contracts::approval::ApprovalLink;
use aegis_contracts::view::Status;
use aegis_e2e::stack::{Stack, e2e};
use aegis_e2e::wait::{SOON, Seen, eventually};
use anyhow::{Result, ensure};
use reqwest::Method;
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

/// Whether people see it on a stage that logs at INFO. What is no JSON is not ours to sort out.
fn is_above_debug(line: &str) -> bool {
    let line: Option<Value> = serde_json::from_str(line).ok();
    let level = line.as_ref().and_then(|line| line.get("level")?.as_str());
    !matches!(level, Some("DEBUG" | "TRACE"))
}

/// A topic that no other test has, and the part by which it is known. The agents read words and pass over signs.
fn topic_in_signs() -> (String, String) {
    let number = uuid::Uuid::new_v4().as_u128();
    let sign = |bit: u32| if number >> bit & 1 == 1 { '+' } else { '=' };
    let mark: String = (0..64).map(sign).collect();
    let topic = format!("Impact of quantum computing on cryptography {mark}");
    (topic, mark)
}

/// One about which nothing is found: what is said of that speaks of it.
fn topic_unheard_of() -> (String, String) {
    let mark = format!("mark{}", uuid::Uuid::new_v4().simple());
    (format!("The {mark} of the {mark}"), mark)
}

#[test]
fn no_secret_is_logged() -> Result<()> {
    e2e(async |stack| {
        let (topic, mark) = topic_in_signs();
        let (unheard, other_mark) = topic_unheard_of();
        let failing = stack.start(json!({"topic": unheard})).await?;
        failing.reach(Status::Failed).await?;
        let run = stack.start(json!({"topic": topic})).await?;
        run.reach(Status::AwaitingApproval).await?;
        let made = format!("/workflows/{}/approval-links", run.id);
        let asked = stack
            .http
            .post(&made, &[], &json!({"approver": "ada"}))
            .await?;
        let link: ApprovalLink = asked.read(201)?;
        stack.http.download(&link.url).await?.is(200)?;
        let at = link.url.find("/approval-links/").unwrap_or_default();
        let (path, form) = (&link.url[at..], "decision=approve".to_owned());
        let media_type = "application/x-www-form-urlencoded";
        let decided = stack.http.post_text(path, &[], media_type, form).await?;
        decided.is(200)?;
        // No route takes this one.
        let stray = stack.http.call(Method::PUT, path, &[], String::new());
        stray.await?.is(405)?;
        let view = run.reach(Status::Completed).await?;
        run.artifact("report.md").await?;
        ensure!(view.result.is_some(), "no link to the report");
        let keys = stack.keys().await?;
        // Tokens of callbacks and of links begin alike.
        let token = format!("v1.{}.", keys.current.kid);
        let link_mac = link.url.rsplit('.').next().unwrap_or_default();
        let never = [
            token.as_str(),
            link_mac,
            &keys.current.secret,
            "X-Amz-Signature",
            "Bearer ",
        ];
        // Whatever it says is there once callback has spoken of each agent's result.
        let lines = eventually("the writer's last words", SOON, async || {
            let lines = lines(stack).await?;
            let done = |(who, line): &(String, String)| {
                who == "callback" && workflow_of(line).as_deref() == Some(run.id.as_str())
            };
            let count = lines.iter().filter(|line| done(line)).count();
            Ok(if count >= AGENTS.len() {
                Seen::Yes(lines)
            } else {
                Seen::NotYet(format!("{count} lines of callback"))
            })
        })
        .await?;
        let mut looked_at = 0;
        for (who, line) in lines {
            let found = never.iter().find(|secret| line.contains(**secret));
            assert!(
                found.is_none(),
                "{who} logs a secret that contains `{found:?}`"
            );
            if is_above_debug(&line) {
                looked_at += 1;
                let told = [&mark, &other_mark]
                    .into_iter()
                    .any(|mark| line.contains(mark));
                assert!(!told, "{who} logs the topic: {line}");
            }
        }
        assert!(looked_at > 30, "only {looked_at} lines");
        Ok(())
    })
}

/// Names of the metrics that CloudWatch would make of this line, each with its dimensions and values.
fn metrics_of(environment: &str, line: &str) -> Vec<String> {
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
        assert_eq!(line["Environment"], environment);
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
            ("callback", "StepSeconds Agent=researcher"),
            ("callback", "StepSeconds Agent=analyst"),
            ("callback", "StepCostUsd Agent=writer"),
            ("approval", "ApprovalSeconds"),
            ("callback", "WorkflowsEnded Status=completed"),
        ]);
        eventually("measurements", SOON, async || {
            let lines = lines(stack).await?;
            let found: BTreeSet<(String, String)> = lines
                .iter()
                .flat_map(|(who, line)| {
                    let environment = &stack.outputs.deployment_summary.environment;
                    let names = metrics_of(environment, line).into_iter();
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
