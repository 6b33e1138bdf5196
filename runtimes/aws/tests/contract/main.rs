//! The real ports keep the contract that the in-memory ones keep, on the stack that `AEGIS_STACK` describes.
//!
//! Table, bucket and bus are the stack's; queues, rules and the parameter are made for one run and removed.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

mod hand;
mod probe;
mod stack;
mod subscription;

use std::time::Duration;

use aegis_aws::client::objects::S3Objects;
use aegis_aws::ports::{DynamoTable, EventBridgeBus, ParameterStoreKeys, S3Artifacts, Shards};
use aegis_contracts::transfer::FileToPut;
use aegis_engine::ports::Artifacts as _;
use aegis_testkit::contract::artifacts::Agent as _;
use aegis_testkit::contract::{artifacts, index, keys, messages, quarantine, table};

use hand::Hand;
use probe::{Bucket, Queues};
use stack::{Stack, stack};
use subscription::Subscription;

fn dynamo(stack: &Stack) -> DynamoTable {
    let client = aws_sdk_dynamodb::Client::new(&stack.config);
    // More than the stack's own status shards: those of others are merged just the same.
    let shards = Shards {
        status: 3,
        deadline: 4,
    };
    DynamoTable::new(client, stack.output("workflow_table_name"), shards)
}

#[tokio::test]
async fn table_writes() {
    let Some(stack) = stack().await else { return };
    let dynamo = dynamo(&stack);
    table::what_is_opened_can_be_read(&dynamo).await;
    table::what_was_never_opened_is_absent(&dynamo).await;
    table::a_workflow_opens_once(&dynamo).await;
    table::writes_with_an_old_sequence_number_change_nothing(&dynamo).await;
    table::history_is_complete_and_in_order(&dynamo).await;
    table::of_parallel_writers_one_wins(&dynamo).await;
    table::a_definition_is_kept_once(&dynamo).await;
}

#[tokio::test]
async fn table_lists() {
    let Some(stack) = stack().await else { return };
    let dynamo = dynamo(&stack);
    index::list_is_newest_first_and_pages_without_gap(&dynamo).await;
    index::list_follows_the_status(&dynamo).await;
    index::list_follows_flow_and_place(&dynamo).await;
    index::list_shows_the_head_of_the_topic(&dynamo).await;
}

#[tokio::test]
async fn table_deadlines() {
    let Some(stack) = stack().await else { return };
    let dynamo = dynamo(&stack);
    index::due_lists_only_what_waits(&dynamo).await;
    index::due_follows_later_writes(&dynamo).await;
    index::due_comes_earliest_first(&dynamo).await;
}

#[tokio::test]
async fn table_quarantine() {
    let Some(stack) = stack().await else { return };
    let dynamo = dynamo(&stack);
    let hand = Hand::of(&stack);
    quarantine::what_cannot_be_read_is_counted(&dynamo, &hand).await;
    quarantine::the_quarantined_are_kept_and_not_due(&dynamo, &hand).await;
    quarantine::what_can_be_read_is_never_quarantined(&dynamo, &hand).await;
}

#[tokio::test]
async fn queues_and_dead_letters() {
    let Some(stack) = stack().await else { return };
    let queues = Queues::create(&stack).await;
    messages::commands_reach_the_queue_of_their_owner(&queues.commands(), &queues).await;
    messages::a_delayed_command_is_not_there_at_once(&queues.commands(), &queues).await;
    messages::dead_letters_carry_their_reason(&queues.letters(), &queues).await;
    messages::dead_letters_take_any_body(&queues.letters()).await;
    queues.delete().await;
}

#[tokio::test]
async fn bus() {
    let Some(stack) = stack().await else { return };
    let client = aws_sdk_eventbridge::Client::new(&stack.config);
    let bus = EventBridgeBus::new(client, stack.output("event_bus_name"));
    let subscription = Subscription::create(&stack).await;
    messages::a_bus_carries_many_and_large_events(&bus, &subscription).await;
    messages::a_bus_refuses_what_is_too_large_for_good(&bus).await;
    subscription.delete().await;
}

#[tokio::test]
async fn bucket() {
    let Some(stack) = stack().await else { return };
    let name = stack.output("artifact_bucket_name");
    let client = aws_sdk_s3::Client::new(&stack.config);
    let port = S3Artifacts::new(client, name.clone());
    let agent = Bucket(S3Objects::new(&stack.config, name));
    artifacts::facts_are_size_and_hash(&port, &agent).await;
    artifacts::what_is_not_too_large_is_read(&port, &agent).await;
    artifacts::completion_is_what_the_attempt_left(&port, &agent).await;
    artifacts::a_link_opens_the_object(&port, &agent).await;
    artifacts::a_file_is_put_once_by_its_address(&port, &agent).await;
    artifacts::a_list_ends_where_the_prefix_does(&port, &agent).await;
}

/// What the port in memory cannot show: time passes.
#[tokio::test]
async fn an_address_ends() {
    let Some(stack) = stack().await else { return };
    let name = stack.output("artifact_bucket_name");
    let port = S3Artifacts::new(aws_sdk_s3::Client::new(&stack.config), name.clone());
    let agent = Bucket(S3Objects::new(&stack.config, name));
    let key = format!("workflows/contract/{}/report.md", uuid::Uuid::new_v4());
    let file = FileToPut {
        size: 3,
        sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned(),
        media_type: "text/markdown".to_owned(),
    };
    let valid = Duration::from_secs(1);
    let put = port.presign_put(&key, &file, valid).await.unwrap();
    tokio::time::sleep(2 * valid).await;
    assert_eq!(agent.send(&put, b"abc").await, Some(403));
    assert_eq!(port.facts(&key).await, Ok(None));
}

#[tokio::test]
async fn key_store() {
    let Some(stack) = stack().await else { return };
    let client = aws_sdk_ssm::Client::new(&stack.config);
    let name = format!("/aegis-contract/{}", uuid::Uuid::new_v4());
    let store = ParameterStoreKeys::new(client.clone(), name.clone());
    keys::keys_are_made_once(&store).await;
    client.delete_parameter().name(name).send().await.unwrap();
}
