//! What is asked for makes the same calls, however many workflows have ended before.
//!
//! The finished ones are written straight into the table: as copies of one that has ended, which differ in their id.

use std::collections::BTreeMap;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::Status;
use aegis_e2e::meter::Entry;
use aegis_e2e::run::{Run, TOPIC};
use aegis_e2e::stack::{Stack, e2e};
use aegis_e2e::wait::{SWEPT, Seen, eventually};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::alone;
use crate::one_workflow::now;

const MANY: usize = 2_000;
/// BatchWriteItem takes so many.
const BATCH: usize = 25;

/// How often each operation was called, and how much it was to read at most.
type Calls = BTreeMap<String, u64>;

fn told(calls: &[Entry]) -> Calls {
    let mut told = Calls::new();
    for call in calls {
        let limit = &call.parameters["Limit"];
        *told
            .entry(format!("{} {limit}", call.operation))
            .or_default() += 1;
    }
    told
}

fn function_of<'a>(stack: &'a Stack, service: &str) -> Result<&'a str> {
    let group = stack.outputs.log_group_names.get(service);
    let function = group.and_then(|group| group.strip_prefix("/aws/lambda/"));
    function.context("no such function")
}

async fn of_intake(stack: &Stack, since: f64) -> Result<Calls> {
    let key = stack.access_key_of(function_of(stack, "intake")?);
    Ok(told(
        &stack.calls_since(since, &[("AccessKeyId", &key)]).await?,
    ))
}

/// Calls of intake for each request, and queries of a sweep.
async fn measured(stack: &'static Stack, run: &Run) -> Result<Vec<(String, Calls)>> {
    let mut all = Vec::new();
    let id = run.id.as_str();
    for path in [
        "/workflows?limit=20".to_owned(),
        "/workflows?limit=20&status=completed".to_owned(),
        format!("/workflows/{id}"),
        format!("/workflows/{id}/history"),
    ] {
        let since = now()?;
        stack.http.get(&path).await?.is(200)?;
        all.push((path, of_intake(stack, since).await?));
    }
    let since = now()?;
    let started = stack.start(json!({"topic": TOPIC})).await?;
    all.push(("start".to_owned(), of_intake(stack, since).await?));
    started.reach(Status::AwaitingApproval).await?;
    started.cancel(&json!({})).await?.is(202)?;
    all.push(("sweep".to_owned(), sweep(stack).await?));
    Ok(all)
}

/// Queries of the next sweep. What it does with what it finds is that workflow's own.
async fn sweep(stack: &'static Stack) -> Result<Calls> {
    let since = now()?;
    let key = stack.access_key_of(function_of(stack, "deadlines")?);
    let wanted = [("AccessKeyId", key.as_str()), ("EventName", "Query")];
    eventually("a whole sweep", SWEPT, async || {
        let queries = stack.calls_since(since, &wanted).await?;
        // Of the last one only: the first may have begun before.
        let begun = queries.iter().rfind(|call| call.names("D#0"));
        let Some(begun) = begun.filter(|_| queries.last().is_some_and(|call| call.names("D#3")))
        else {
            return Ok(Seen::NotYet(format!("{} queries", queries.len())));
        };
        let its_own = queries.iter().filter(|call| call.at >= begun.at);
        Ok(Seen::Yes(told(&its_own.cloned().collect::<Vec<_>>())))
    })
    .await
}

/// State and request of a finished workflow under as many other ids.
async fn copies(stack: &Stack, run: &Run) -> Result<Vec<Value>> {
    let name = &stack.outputs.workflow_table_name;
    let mut originals = Vec::new();
    for sort in ["STATE", "REQUEST"] {
        let key = json!({"pk": {"S": format!("WF#{}", run.id)}, "sk": {"S": sort}});
        let found = stack
            .dynamodb("GetItem", &json!({"TableName": name, "Key": key}))
            .await?;
        originals.push(found["Item"].to_string());
    }
    let ids = (0..MANY).map(copy_of);
    let copies = ids.flat_map(|id| {
        let copy = |original: &String| {
            serde_json::from_str(&original.replace(run.id.as_str(), id.as_str()))
        };
        originals.iter().map(copy).collect::<Vec<_>>()
    });
    Ok(copies.collect::<Result<_, _>>()?)
}

fn copy_of(number: usize) -> WorkflowId {
    WorkflowId::derive("growth", &number.to_string())
}

async fn write(stack: &Stack, requests: Vec<Value>) -> Result<()> {
    let name = &stack.outputs.workflow_table_name;
    for batch in requests.chunks(BATCH) {
        let batch = json!({"RequestItems": {name.as_str(): batch}});
        let answer = stack.dynamodb("BatchWriteItem", &batch).await?;
        let left = answer["UnprocessedItems"].as_object();
        ensure!(
            left.is_none_or(|left| left.is_empty()),
            "not written: {answer}"
        );
    }
    Ok(())
}

#[test]
fn what_has_ended_costs_nothing_any_more() -> Result<()> {
    e2e(async |stack| {
        let _alone = alone().await;
        let run = stack.start_awaiting(json!({})).await?;
        run.approve().await?;
        run.reach(Status::Completed).await?;
        let items = copies(stack, &run).await?;
        stack.record_calls(true).await?;
        let few = measured(stack, &run).await;
        stack.record_calls(false).await?;
        let put = |item: &Value| json!({"PutRequest": {"Item": item}});
        write(stack, items.iter().map(put).collect()).await?;
        for number in [0, MANY / 2, MANY - 1] {
            let path = format!("/workflows/{}", copy_of(number));
            let copy = stack.http.get(&path).await?;
            let copy: Value = serde_json::from_str(&copy.body)?;
            assert_eq!(copy["status"], "completed", "{path}");
        }
        stack.record_calls(true).await?;
        let many = measured(stack, &run).await;
        stack.record_calls(false).await?;
        // Other tests read lists on this stack.
        let delete = |item: &Value| {
            let key = json!({"pk": item["pk"], "sk": item["sk"]});
            json!({"DeleteRequest": {"Key": key}})
        };
        write(stack, items.iter().map(delete).collect()).await?;
        let few = few?;
        for (asked, calls) in &few {
            assert!(!calls.is_empty(), "nothing was recorded of {asked}");
        }
        assert_eq!(few, many?);
        Ok(())
    })
}
