//! What the table makes of each way in which DynamoDB refuses a write.

use aegis_contracts::time::Timestamp;
use aegis_contracts::view::Status;
use aegis_engine::error::PortError;
use aegis_engine::ports::{ListPage, ListQuery, Table};
use aegis_testkit::flow::report;
use aegis_testkit::life::Life;
use aws_sdk_dynamodb::Client;

use super::table::{DynamoTable, Shards};
use crate::told::Told;

async fn table(answers: Vec<(u16, String)>) -> DynamoTable {
    over(&Told::answering(answers).await).await
}

async fn over(told: &Told) -> DynamoTable {
    let config = told.config().await;
    let shards = Shards {
        status: 1,
        deadline: 1,
    };
    DynamoTable::new(Client::new(&config), "workflows".to_owned(), shards)
}

/// An outcome without its words.
fn kind<T: std::fmt::Debug>(outcome: Result<T, PortError>) -> String {
    match outcome {
        Ok(done) => format!("{done:?}"),
        Err(PortError::Transient(_)) => "transient".to_owned(),
        Err(PortError::Throttled(_)) => "throttled".to_owned(),
        Err(PortError::Permanent(_)) => "permanent".to_owned(),
    }
}

fn life() -> Life {
    Life::begin("topic", Timestamp::from_millis(1_795_456_800_000))
}

/// However many workflows have ended: none of them is at a step any more.
#[tokio::test]
async fn a_list_by_place_asks_for_no_workflow_that_has_ended() {
    let empty = || vec![(200, r#"{"Items":[],"Count":0}"#.to_owned())];
    let name = || Some("research".parse().unwrap());
    for (status, at, asked) in [
        (None, None, 7),
        (None, name(), 2),
        (Some(Status::Running), name(), 1),
        (Some(Status::Failed), name(), 0),
        (Some(Status::Failed), None, 1),
    ] {
        let told = Told::answering(empty()).await;
        let query = ListQuery {
            status,
            flow: None,
            at,
            limit: 20,
            before: None,
        };
        let table = over(&told).await;
        assert_eq!(table.list(&query).await, Ok(ListPage::default()));
        assert_eq!(told.asked(), asked, "{query:?}");
    }
}

/// Among very many of other flows: the page ends where the query did, and the next one goes on from there.
#[tokio::test]
async fn a_list_by_flow_looks_at_so_many_and_says_where_it_stopped() {
    let id = aegis_contracts::ids::WorkflowId::derive("a", "b");
    let stopped = format!(
        r#"{{"Items":[],"Count":0,"LastEvaluatedKey":{{"created_key":{{"S":"2026-11-23T18:00:00.000Z#{id}"}}}}}}"#
    );
    let told = Told::answering(vec![(200, stopped)]).await;
    let query = ListQuery {
        status: Some(Status::Running),
        flow: Some("rare".parse().unwrap()),
        at: None,
        limit: 20,
        before: None,
    };
    let page = over(&told).await.list(&query).await.unwrap();
    assert_eq!(told.asked(), 1);
    assert_eq!(page.workflows, []);
    assert_eq!(page.next.unwrap().workflow_id, id);
}

#[tokio::test]
async fn a_definition_that_cannot_be_kept_is_of_its_kind() {
    let flow = report();
    for (status, code, expected) in [
        (400, "ConditionalCheckFailedException", "Conflict"),
        (400, "ThrottlingException", "throttled"),
        (500, "InternalServerError", "transient"),
        (400, "ValidationException", "permanent"),
    ] {
        let refused = table(vec![(status, Told::refusal(code, ""))]).await;
        assert_eq!(kind(refused.keep_flow(&flow).await), expected, "{code}");
    }
    let absent = table(vec![(200, "{}".to_owned())]).await;
    assert_eq!(absent.flow(&flow.flow, 1).await, Ok(None));
}

/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html>
#[tokio::test]
async fn every_documented_refusal_of_a_single_write_is_of_its_kind() {
    let life = life();
    for (status, code, expected, counted) in [
        (400, "ConditionalCheckFailedException", "Conflict", "0"),
        (400, "TransactionConflictException", "Conflict", "0"),
        (
            400,
            "ProvisionedThroughputExceededException",
            "throttled",
            "throttled",
        ),
        (400, "ThrottlingException", "throttled", "throttled"),
        (400, "RequestLimitExceeded", "throttled", "throttled"),
        (
            400,
            "TransactionInProgressException",
            "throttled",
            "throttled",
        ),
        (
            400,
            "ReplicatedWriteConflictException",
            "transient",
            "transient",
        ),
        (500, "InternalServerError", "transient", "transient"),
        (503, "ServiceUnavailable", "transient", "transient"),
        (400, "ValidationException", "permanent", "permanent"),
        (
            400,
            "ItemCollectionSizeLimitExceededException",
            "permanent",
            "permanent",
        ),
        (400, "ResourceNotFoundException", "permanent", "permanent"),
    ] {
        let refused = || vec![(status, Told::refusal(code, ""))];
        let touched = table(refused()).await.touch(1, &life.workflow).await;
        assert_eq!(kind(touched), expected, "touch: {code}");
        let tried = table(refused()).await.count_unreadable(life.id()).await;
        assert_eq!(kind(tried), counted, "count: {code}");
        let unreadable = r#"{"Item":{"seq":{"N":"1"},"body":{"S":"{not json"}}}"#.to_owned();
        let mut answers = vec![(200, unreadable)];
        answers.extend(refused());
        let taken_off = table(answers).await.quarantine(life.id()).await;
        assert_eq!(kind(taken_off), expected, "quarantine: {code}");
    }
}

/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
#[tokio::test]
async fn a_cancelled_transaction_is_judged_by_all_of_its_reasons() {
    let life = life();
    let (next, entry) = (&life.workflow, &life.entry);
    for (reasons, expected) in [
        (&["ConditionalCheckFailed", "None"][..], "Conflict"),
        (&["TransactionConflict", "None"], "Conflict"),
        (
            &["TransactionConflict", "ConditionalCheckFailed"],
            "Conflict",
        ),
        (&["ConditionalCheckFailed", "ThrottlingError"], "Conflict"),
        (&["None", "ThrottlingError"], "throttled"),
        (&["ProvisionedThroughputExceeded", "None"], "throttled"),
        (&["TransactionConflict", "ThrottlingError"], "throttled"),
        (&["ValidationError", "None"], "permanent"),
        (&["ValidationError", "ThrottlingError"], "permanent"),
        (&["ItemCollectionSizeLimitExceeded", "None"], "permanent"),
        (&["SomethingNew", "None"], "transient"),
        (&["None", "None"], "transient"),
        (&[], "transient"),
    ] {
        let reasons_in_json: Vec<String> = reasons
            .iter()
            .map(|code| format!(r#"{{"Code":"{code}"}}"#))
            .collect();
        let more = format!(r#","CancellationReasons":[{}]"#, reasons_in_json.join(","));
        let refused = Told::refusal("TransactionCanceledException", &more);
        let refused = table(vec![(400, refused)]).await;
        let committed = refused.commit(1, next, entry).await;
        assert_eq!(kind(committed), expected, "commit: {reasons:?}");
        let opened = refused.open(next, &life.request, entry).await;
        assert_eq!(kind(opened), expected, "open: {reasons:?}");
    }
    for (status, code, expected) in [
        (400, "TransactionInProgressException", "throttled"),
        (400, "ProvisionedThroughputExceededException", "throttled"),
        (500, "InternalServerError", "transient"),
        (400, "ValidationException", "permanent"),
    ] {
        let refused = table(vec![(status, Told::refusal(code, ""))]).await;
        assert_eq!(
            kind(refused.commit(1, next, entry).await),
            expected,
            "{code}"
        );
    }
}
