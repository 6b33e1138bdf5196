//! Every call of one workflow, by who makes it.

use aegis_e2e::step::Step;
use std::collections::BTreeMap;
use std::time::SystemTime;

use aegis_aws::client::logs::LogClient;
use aegis_contracts::view::Status;
use aegis_cost::path::{self, CALLS, INVOCATIONS, Operation, Units};
use aegis_cost::quantities;
use aegis_e2e::meter::Entry;
use aegis_e2e::meter::Meter;
use aegis_e2e::run::{Run, TOPIC};
use aegis_e2e::stack::{Stack, e2e};
use aegis_e2e::wait::{SOON, Seen, eventually};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::alone;
use crate::requests::{self, Request};

type Calls = BTreeMap<(String, String), u64>;

pub fn now() -> Result<f64> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(since.as_secs_f64())
}

/// Functions by the names that the list has for them. The sweep is none of a workflow's.
pub fn functions(stack: &Stack) -> impl Iterator<Item = (&str, &str)> {
    let groups = stack.outputs.log_group_names.iter();
    groups.filter_map(|(service, group)| {
        let name = group.strip_prefix("/aws/lambda/")?;
        (service != "deadlines").then_some((service.as_str(), name))
    })
}

/// What services have called for this workflow since then, in order.
pub async fn called(stack: &Stack, since: f64, id: &str) -> Result<Vec<(String, Entry)>> {
    let mut all = Vec::new();
    for (service, function) in functions(stack) {
        let key = stack.access_key_of(function);
        let calls = stack.calls_since(since, &[("AccessKeyId", &key)]).await?;
        let own = calls.into_iter().filter(|call| call.names(id));
        all.extend(own.map(|call| (service.to_owned(), call)));
    }
    all.sort_by(|(_, a), (_, b)| a.at.total_cmp(&b.at));
    Ok(all)
}

fn counted(calls: &[(String, Entry)]) -> Calls {
    let mut counted = Calls::new();
    for (service, call) in calls {
        let key = (service.clone(), call.operation.clone());
        *counted.entry(key).or_default() += 1;
    }
    counted
}

/// The list, but for what does not reach the emulator.
fn listed() -> Calls {
    let mut listed = Calls::new();
    for call in CALLS {
        let at_the_host = [Operation::InvokeAgentRuntime, Operation::StopRuntimeSession];
        if !at_the_host.contains(&call.operation) {
            let key = (call.service.to_owned(), call.operation.name().to_owned());
            *listed.entry(key).or_default() += 1;
        }
    }
    listed
}

/// Waits until the bus has carried an event of this kind.
async fn told(run: &Run, kind: &str) -> Result<()> {
    let events = run.stack.events().await?;
    eventually(&format!("{kind} of {}", run.id), SOON, async || {
        let found = events.holding(run.id.as_str()).await?;
        let seen = found.iter().any(|message| message.body.contains(kind));
        Ok(if seen {
            Seen::Yes(())
        } else {
            Seen::NotYet(format!("{} events", found.len()))
        })
    })
    .await
}

/// Each of its agents' sessions is stopped some seconds after its report.
async fn stopped(run: &Run) -> Result<()> {
    for step in Step::ALL {
        run.session_is_stopped(step).await?;
    }
    Ok(())
}

/// From start to report, without asking in between: the bus tells when to decide, and when it is over.
async fn straight(stack: &'static Stack, run: &Run, since: f64) -> Result<()> {
    run.start(&json!({"topic": TOPIC})).await?;
    told(run, "ApprovalRequested").await?;
    // The note that approvers were told must not lose against the decision.
    eventually("the approvers to be told", SOON, async || {
        let calls = called(stack, since, run.id.as_str()).await?;
        let noted = calls
            .iter()
            .any(|(service, call)| service == "approval" && call.operation == "UpdateItem");
        Ok(if noted {
            Seen::Yes(())
        } else {
            Seen::NotYet(format!("{} calls", calls.len()))
        })
    })
    .await?;
    run.decide(json!({"decision": "approve", "revision": 0}))
        .await?
        .is(200)?;
    told(run, "WorkflowCompleted").await?;
    stopped(run).await
}

#[test]
fn one_workflow_makes_the_calls_that_are_listed() -> Result<()> {
    e2e(async |stack| {
        let _alone = alone().await;
        stack.events().await?;
        // Processes start and load their keys with another one.
        let first = stack.start_awaiting(json!({})).await?;
        first.approve().await?;
        first.reach(Status::Completed).await?;
        told(&first, "WorkflowCompleted").await?;
        stopped(&first).await?;
        stack.record_calls(true).await?;
        let (run, since) = (stack.plan(), now()?);
        let outcome = straight(stack, &run, since).await;
        let calls = called(stack, since, run.id.as_str()).await;
        let agents = by_agents(stack, since, run.id.as_str()).await;
        let others = nothing_else_was_called(stack, since).await;
        stack.record_calls(false).await?;
        outcome?;
        others?;
        let calls = calls?;
        assert_eq!(counted(&calls), listed());
        assert_eq!(agents?, (path::AGENT_PUTS, path::AGENT_GETS));
        aws_would_take(&run, &calls)?;
        units_are_as_listed(&calls)?;
        bytes_are_as_listed(&calls);
        invoked_and_logged(stack, since).await
    })
}

/// What services have called since then that names no workflow at all: the list knows of no such call but those that
/// load the keys of tokens, once in two minutes and process.
async fn nothing_else_was_called(stack: &Stack, since: f64) -> Result<()> {
    for (service, function) in functions(stack) {
        let key = stack.access_key_of(function);
        let calls = stack.calls_since(since, &[("AccessKeyId", &key)]).await?;
        let others = calls.iter().filter(|call| !call.names("wf_"));
        for other in others {
            assert_eq!(other.operation, "GetParameter", "{service} called it");
        }
    }
    Ok(())
}

/// Puts and gets of the bucket by whoever is no function.
async fn by_agents(stack: &Stack, since: f64, id: &str) -> Result<(u64, u64)> {
    let keys: Vec<String> = functions(stack)
        .map(|(_, function)| stack.access_key_of(function))
        .collect();
    let mut counts = [0, 0];
    for (count, operation) in counts.iter_mut().zip(["PutObject", "GetObject"]) {
        let calls = stack
            .calls_since(since, &[("EventName", operation)])
            .await?;
        let own = calls
            .iter()
            .filter(|call| call.names(id) && !keys.contains(&call.access_key));
        *count = own.count() as u64;
    }
    Ok((counts[0], counts[1]))
}

fn aws_would_take(run: &Run, calls: &[(String, Entry)]) -> Result<()> {
    let recorded = calls.iter().map(|(_, call)| Request::recorded(call));
    let mut requests: Vec<Request> = recorded.collect::<Result<_>>()?;
    let at_the_host = requests::at_the_host(run)?;
    for operation in [Operation::InvokeAgentRuntime, Operation::StopRuntimeSession] {
        let seen = at_the_host
            .iter()
            .filter(|request| request.operation == operation.name());
        assert_eq!(
            seen.count() as u64,
            path::count(operation),
            "{}",
            operation.name()
        );
    }
    requests.extend(at_the_host);
    requests::aws_would_take(&requests)
}

fn units_are_as_listed(calls: &[(String, Entry)]) -> Result<()> {
    let mut meter = Meter::default();
    let mut sum = Units::default();
    for (service, call) in calls {
        if call.parameters.get("TableName").is_some() || call.operation == "TransactWriteItems" {
            let units = meter.count(call)?;
            println!(
                "{service} {}: {units:?}, {} bytes",
                call.operation,
                call.bytes()
            );
            sum = sum + units;
        }
    }
    assert_eq!(sum, path::units(&CALLS));
    Ok(())
}

/// What is sent may vary a little with words and times; no more than the list allows.
fn bytes_are_as_listed(calls: &[(String, Entry)]) {
    let of = |operation: &str| -> u64 {
        let own = calls.iter().filter(|(_, call)| call.operation == operation);
        own.map(|(_, call)| call.bytes()).sum()
    };
    for (operation, most) in path::MOST_BYTES {
        let sent = of(operation.name());
        println!("{}: {sent} bytes of {most}", operation.name());
        assert!(
            sent <= most,
            "{}: {sent} bytes, more than {most}",
            operation.name()
        );
    }
}

/// Lambda says when it begins an invocation; all else that is logged at INFO or above is ours to pay for.
async fn invoked_and_logged(stack: &Stack, since: f64) -> Result<()> {
    let logs = LogClient::new(&stack.config);
    let mut invoked: BTreeMap<&str, u64> = BTreeMap::new();
    let mut logged = 0;
    for (service, function) in functions(stack) {
        let group = format!("/aws/lambda/{function}");
        for line in logs.read(&group, (since * 1_000.0) as i64).await? {
            if line.message.starts_with("START ") {
                *invoked.entry(service).or_default() += 1;
            } else if is_kept(&line.message) {
                logged += line.message.len() as u64;
            }
        }
    }
    println!("invoked: {invoked:?}, logged: {logged} bytes");
    ensure!(!invoked.is_empty(), "no function says that it was invoked");
    let mut expected: BTreeMap<&str, u64> = BTreeMap::new();
    for (service, _, times) in INVOCATIONS {
        *expected.entry(service).or_default() += times;
    }
    assert_eq!(invoked, expected);
    assert!(logged <= quantities::LOG_BYTES, "{logged} bytes of logs");
    Ok(())
}

/// A line of a stage that logs at INFO; metrics have no level.
fn is_kept(line: &str) -> bool {
    let json: Option<Value> = serde_json::from_str(line).ok();
    let level = json
        .as_ref()
        .map(|json| json["level"].as_str().unwrap_or("INFO"));
    level.is_some_and(|level| level != "DEBUG" && level != "TRACE")
}

#[test]
fn the_list_names_functions_that_there_are() -> Result<()> {
    e2e(async |stack| {
        for call in CALLS {
            let known = functions(stack).any(|(service, _)| service == call.service);
            ensure!(known, "{} is no function", call.service);
        }
        Ok(())
    })
}
