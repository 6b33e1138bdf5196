//! The ports on SQLite keep the contract that those in memory and those on AWS keep.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::sync::Arc;

use aegis_contracts::command::Destination;
use aegis_contracts::envelope::CommandEnvelope;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::transfer::Transfer;
use aegis_embedded::{
    Database, MemoryQueues, Objects, SqliteDeadLetters, SqliteKeys, SqliteTable, letters,
};
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_testkit::contract::artifacts::{self, Agent};
use aegis_testkit::contract::messages::{self, Probe};
use aegis_testkit::contract::quarantine::{self, Vandal};
use aegis_testkit::contract::{index, keys, table};
use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::sync::mpsc;

struct Place {
    database: Arc<Database>,
    folder: tempfile::TempDir,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let database = Arc::new(Database::open(&folder.path().join("aegis.db")).unwrap());
    Place { database, folder }
}

#[tokio::test]
async fn table_writes() {
    let place = place();
    let sqlite = SqliteTable(place.database.clone());
    table::what_is_opened_can_be_read(&sqlite).await;
    table::what_was_never_opened_is_absent(&sqlite).await;
    table::a_workflow_opens_once(&sqlite).await;
    table::writes_with_an_old_sequence_number_change_nothing(&sqlite).await;
    table::history_is_complete_and_in_order(&sqlite).await;
    table::of_parallel_writers_one_wins(&sqlite).await;
    table::a_definition_is_kept_once(&sqlite).await;
}

#[tokio::test]
async fn table_lists() {
    let place = place();
    let sqlite = SqliteTable(place.database.clone());
    index::list_is_newest_first_and_pages_without_gap(&sqlite).await;
    index::list_follows_the_status(&sqlite).await;
    index::list_follows_flow_and_place(&sqlite).await;
    index::list_shows_the_head_of_the_topic(&sqlite).await;
}

#[tokio::test]
async fn table_deadlines() {
    let place = place();
    let sqlite = SqliteTable(place.database.clone());
    index::due_lists_only_what_waits(&sqlite).await;
    index::due_follows_later_writes(&sqlite).await;
    index::due_comes_earliest_first(&sqlite).await;
}

struct Hand(std::path::PathBuf);

#[async_trait]
impl Vandal for Hand {
    async fn overwrite(&self, id: &WorkflowId, json: &str) {
        let connection = rusqlite::Connection::open(&self.0).unwrap();
        let sql = "UPDATE workflows SET state = ?1 WHERE id = ?2";
        connection.execute(sql, [json, id.as_str()]).unwrap();
    }
}

#[tokio::test]
async fn table_quarantine() {
    let place = place();
    let sqlite = SqliteTable(place.database.clone());
    let hand = Hand(place.folder.path().join("aegis.db"));
    quarantine::what_cannot_be_read_is_counted(&sqlite, &hand).await;
    quarantine::the_quarantined_are_kept_and_not_due(&sqlite, &hand).await;
    quarantine::what_can_be_read_is_never_quarantined(&sqlite, &hand).await;
}

/// Keeps what it is handed.
struct Keeper(mpsc::UnboundedSender<CommandEnvelope>);

#[async_trait]
impl QueueHandler for Keeper {
    async fn handle(&self, message: &Received) -> Disposition {
        let command = serde_json::from_str(&message.body).unwrap();
        self.0.send(command).unwrap();
        Disposition::Ack
    }
}

type Kept = Mutex<mpsc::UnboundedReceiver<CommandEnvelope>>;

struct Looker {
    place: Place,
    /// By the name of the agent; of approvals by none.
    queues: Vec<(Option<String>, Kept)>,
}

#[async_trait]
impl Probe for Looker {
    async fn commands(
        &self,
        destination: Destination<'_>,
        id: &WorkflowId,
    ) -> Vec<CommandEnvelope> {
        let wanted = match destination {
            Destination::Agent(name) => Some(name.to_string()),
            Destination::Approval => None,
        };
        let (_, kept) = self
            .queues
            .iter()
            .find(|(name, _)| *name == wanted)
            .unwrap();
        let mut kept = kept.lock().await;
        // Whoever was woken by the message comes first.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let mut found = Vec::new();
        while let Ok(command) = kept.try_recv() {
            if command.workflow_id == *id {
                found.push(command);
            }
        }
        found
    }

    async fn reason_of(&self, body: &str) -> Option<String> {
        let letters = letters(self.place.folder.path()).unwrap();
        let mut found = letters.into_iter().filter(|letter| letter.body == body);
        found.next().map(|letter| letter.reason)
    }
}

#[tokio::test]
async fn queues_and_dead_letters() {
    let place = place();
    let letters = Arc::new(SqliteDeadLetters {
        database: place.database.clone(),
        service: "test".to_owned(),
    });
    let agents = ["researcher", "analyst", "writer"].map(|name| name.parse().unwrap());
    let (commands, asked, queues) = MemoryQueues::new(agents.into_iter());
    let named = queues
        .into_iter()
        .map(|(name, queue)| (Some(name.to_string()), queue));
    let mut kept = Vec::new();
    for (name, queue) in named.chain([(None, asked)]) {
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(queue.serve(Arc::new(Keeper(sender)), letters.clone()));
        kept.push((name, Mutex::new(receiver)));
    }
    let looker = Looker {
        place,
        queues: kept,
    };
    messages::commands_reach_the_queue_of_their_owner(&commands, &looker).await;
    messages::a_delayed_command_is_not_there_at_once(&commands, &looker).await;
    messages::dead_letters_carry_their_reason(letters.as_ref(), &looker).await;
    messages::dead_letters_take_any_body(letters.as_ref()).await;
}

struct Bucket(Arc<Objects>);

/// Links are tried over HTTP where a server is.
#[async_trait]
impl Agent for Bucket {
    async fn put(&self, key: &str, bytes: &[u8]) {
        self.0.put(key, bytes.to_vec(), "text/plain").await.unwrap();
    }

    async fn fetch(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    async fn send(&self, _: &Transfer, _: &[u8]) -> Option<u16> {
        None
    }
}

#[tokio::test]
async fn objects() {
    let place = place();
    let bucket = Arc::new(Objects::new(
        place.database.clone(),
        place.folder.path().to_owned(),
        b"secret".to_vec(),
        "http://127.0.0.1:1".to_owned(),
    ));
    let agent = Bucket(bucket.clone());
    artifacts::facts_are_size_and_hash(bucket.as_ref(), &agent).await;
    artifacts::what_is_not_too_large_is_read(bucket.as_ref(), &agent).await;
    artifacts::completion_is_what_the_attempt_left(bucket.as_ref(), &agent).await;
    artifacts::a_link_opens_the_object(bucket.as_ref(), &agent).await;
    artifacts::a_file_is_put_once_by_its_address(bucket.as_ref(), &agent).await;
    artifacts::a_list_ends_where_the_prefix_does(bucket.as_ref(), &agent).await;
}

#[tokio::test]
async fn token_keys() {
    let place = place();
    keys::keys_are_made_once(&SqliteKeys(place.database.clone())).await;
}
