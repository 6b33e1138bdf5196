//! The in-memory ports keep the contract that the real ones keep.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::command::Destination;
use aegis_contracts::envelope::{CommandEnvelope, EventEnvelope};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::transfer::Transfer;
use aegis_testkit::contract::artifacts::{self, Agent};
use aegis_testkit::contract::messages::{self, Probe, Subscriber};
use aegis_testkit::contract::quarantine::{self, Vandal};
use aegis_testkit::contract::{index, keys, table};
use aegis_testkit::harness::at_once;
use aegis_testkit::memory::{
    MemoryArtifacts, MemoryBus, MemoryDeadLetters, MemoryKeys, MemoryQueues, MemoryTable,
};
use async_trait::async_trait;

#[test]
fn table_writes() {
    let memory = MemoryTable::default();
    at_once(async {
        table::what_is_opened_can_be_read(&memory).await;
        table::what_was_never_opened_is_absent(&memory).await;
        table::a_workflow_opens_once(&memory).await;
        table::writes_with_an_old_sequence_number_change_nothing(&memory).await;
        table::history_is_complete_and_in_order(&memory).await;
        table::of_parallel_writers_one_wins(&memory).await;
        table::a_definition_is_kept_once(&memory).await;
    });
}

#[test]
fn table_lists() {
    let memory = MemoryTable::default();
    at_once(async {
        index::list_is_newest_first_and_pages_without_gap(&memory).await;
        index::list_follows_the_status(&memory).await;
        index::list_follows_flow_and_place(&memory).await;
        index::list_shows_the_head_of_the_topic(&memory).await;
    });
}

#[test]
fn table_deadlines() {
    let memory = MemoryTable::default();
    at_once(async {
        index::due_lists_only_what_waits(&memory).await;
        index::due_follows_later_writes(&memory).await;
        index::due_comes_earliest_first(&memory).await;
    });
}

struct Hand<'a>(&'a MemoryTable);

#[async_trait]
impl Vandal for Hand<'_> {
    async fn overwrite(&self, id: &WorkflowId, json: &str) {
        self.0.overwrite(id, json);
    }
}

#[test]
fn table_quarantine() {
    let memory = MemoryTable::default();
    let hand = Hand(&memory);
    at_once(async {
        quarantine::what_cannot_be_read_is_counted(&memory, &hand).await;
        quarantine::the_quarantined_are_kept_and_not_due(&memory, &hand).await;
        quarantine::what_can_be_read_is_never_quarantined(&memory, &hand).await;
    });
}

struct Looker {
    queues: Arc<MemoryQueues>,
    letters: Arc<MemoryDeadLetters>,
}

#[async_trait]
impl Probe for Looker {
    async fn commands(
        &self,
        destination: Destination<'_>,
        id: &WorkflowId,
    ) -> Vec<CommandEnvelope> {
        let sent = self.queues.sent().into_iter();
        sent.filter(|sent| sent.delay == Duration::ZERO)
            .map(|sent| sent.command)
            .filter(|command| command.workflow_id == *id)
            .filter(|command| command.body.destination() == destination)
            .collect()
    }

    async fn reason_of(&self, body: &str) -> Option<String> {
        let letters = self.letters.all().into_iter();
        letters
            .filter(|(known, _)| known == body)
            .map(|(_, reason)| reason)
            .next()
    }
}

#[test]
fn queues_and_dead_letters() {
    let looker = Looker {
        queues: Arc::default(),
        letters: Arc::default(),
    };
    at_once(async {
        messages::commands_reach_the_queue_of_their_owner(looker.queues.as_ref(), &looker).await;
        messages::a_delayed_command_is_not_there_at_once(looker.queues.as_ref(), &looker).await;
        messages::dead_letters_carry_their_reason(looker.letters.as_ref(), &looker).await;
        messages::dead_letters_take_any_body(looker.letters.as_ref()).await;
    });
}

struct Bus(MemoryBus);

#[async_trait]
impl Subscriber for Bus {
    async fn events(&self, _: &WorkflowId, _: usize) -> Vec<EventEnvelope> {
        self.0.published()
    }
}

#[test]
fn bus() {
    let bus = Bus(MemoryBus::default());
    at_once(messages::a_bus_carries_many_and_large_events(&bus.0, &bus));
}

struct Bucket(MemoryArtifacts);

#[async_trait]
impl Agent for Bucket {
    async fn put(&self, key: &str, bytes: &[u8]) {
        self.0.put(key, bytes);
    }

    async fn fetch(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    async fn send(&self, _: &Transfer, _: &[u8]) -> Option<u16> {
        None
    }
}

#[test]
fn bucket() {
    let bucket = Bucket(MemoryArtifacts::default());
    at_once(async {
        artifacts::facts_are_size_and_hash(&bucket.0, &bucket).await;
        artifacts::what_is_not_too_large_is_read(&bucket.0, &bucket).await;
        artifacts::completion_is_what_the_attempt_left(&bucket.0, &bucket).await;
        artifacts::a_link_opens_the_object(&bucket.0, &bucket).await;
        artifacts::a_file_is_put_once_by_its_address(&bucket.0, &bucket).await;
        artifacts::a_list_ends_where_the_prefix_does(&bucket.0, &bucket).await;
    });
}

#[test]
fn key_store() {
    at_once(keys::keys_are_made_once(&MemoryKeys::default()));
}
