//! The outside world, as small traits. Each is implemented in memory (`aegis_testkit::memory`) and on AWS (`aegis_aws::ports`);
//! one set of contract tests holds both.

use std::time::Duration;

use aegis_contracts::agent::{AgentTask, InvocationAnswer};
use aegis_contracts::artifact::{COMPLETION, CompletionRecord};
use aegis_contracts::envelope::{CommandEnvelope, EventEnvelope};
use aegis_contracts::flow::{FlowId, Name};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::transfer::{FileToPut, Transfer};
use aegis_contracts::view::{ResultLink, Status, WorkflowSummary};
use aegis_workflow::{Pinned, StoredWorkflow, Workflow};
use async_trait::async_trait;

use crate::error::PortError;
use crate::metrics;
use crate::stored::{HistoryEntry, StoredRequest};
use crate::token::TokenKeys;

/// Outcome of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    Done,
    /// Somebody else wrote first: load again and decide again.
    Conflict,
}

#[async_trait]
pub trait Table: Send + Sync {
    /// Writes state, request and first history entry in one transaction. `Conflict`: the workflow exists.
    async fn open(
        &self,
        workflow: &Workflow,
        request: &StoredRequest,
        entry: &HistoryEntry,
    ) -> Result<Write, PortError>;

    /// Strongly consistent.
    async fn load(&self, id: &WorkflowId) -> Result<Option<StoredWorkflow>, PortError>;

    /// Strongly consistent.
    async fn load_with_request(
        &self,
        id: &WorkflowId,
    ) -> Result<Option<(StoredWorkflow, StoredRequest)>, PortError>;

    /// A transition: state and history entry in one transaction, if the stored state still has `expected_seq`.
    async fn commit(
        &self,
        expected_seq: u64,
        next: &Workflow,
        entry: &HistoryEntry,
    ) -> Result<Write, PortError>;

    /// A touch: the state alone, if the stored state still has `expected_seq`.
    async fn touch(&self, expected_seq: u64, next: &Workflow) -> Result<Write, PortError>;

    /// All entries, oldest first. Empty if there is no such workflow.
    async fn history(&self, id: &WorkflowId) -> Result<Vec<HistoryEntry>, PortError>;

    /// Newest first. May lag behind writes.
    async fn list(&self, query: &ListQuery) -> Result<ListPage, PortError>;

    /// Workflows whose wake time has come, earliest first, at most `limit`, of one shard. May lag behind writes.
    async fn due(
        &self,
        shard: u32,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<WorkflowId>, PortError>;

    /// Notes that one more sweep could not read the state, and says how many could not since it was last written.
    async fn count_unreadable(&self, id: &WorkflowId) -> Result<u32, PortError>;

    /// Takes a state that cannot be read out of what is due, and keeps it: the next write of the state puts it back.
    /// `Conflict`: it was written since, or can be read.
    async fn quarantine(&self, id: &WorkflowId) -> Result<Write, PortError>;

    /// Most that whoever has lost a turn waits before the next, for each agent at work: about the time of two writes, so
    /// that of many who come at once most find nobody in their way at the second try.
    fn conflict_pause(&self) -> Duration {
        Duration::from_millis(50)
    }

    /// How many shards [`Table::due`] has.
    fn deadline_shards(&self) -> u32;

    /// The definition that is kept of a version of a flow. Strongly consistent.
    async fn flow(&self, flow: &Name, version: u16) -> Result<Option<KeptFlow>, PortError>;

    /// Keeps a definition for ever. `Conflict`: one is kept for this version already.
    async fn keep_flow(&self, flow: &Pinned) -> Result<Write, PortError>;
}

/// A definition as it was kept, which newer code may have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFlow {
    pub id: FlowId,
    /// JSON.
    pub definition: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    pub status: Option<Status>,
    pub flow: Option<Name>,
    /// The step that runs, or the approval that waits.
    pub at: Option<Name>,
    pub limit: u32,
    /// Only what is older than this: [`ListPage::next`] of the page before.
    pub before: Option<ListPosition>,
}

impl ListQuery {
    /// The statuses to look among: what has ended is at no step any more, and there may be very much of it.
    pub fn statuses(&self) -> Vec<Status> {
        let wanted = Status::ALL.into_iter();
        let wanted = wanted.filter(|status| self.status.is_none_or(|only| only == *status));
        let live = |status: &Status| self.at.is_none() || !status.is_terminal();
        wanted.filter(live).collect()
    }
}

/// A place in the list of workflows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListPosition {
    pub created_at: Timestamp,
    pub workflow_id: WorkflowId,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListPage {
    pub workflows: Vec<WorkflowSummary>,
    /// Below this the next page begins. A page of one flow or place may have few workflows, even none, and go on: a table
    /// looks at so many and no more.
    pub next: Option<ListPosition>,
}

#[async_trait]
pub trait CommandQueues: Send + Sync {
    /// Puts the command into the queue of the service that owns it, to be seen after `delay` (15 minutes at most).
    async fn send(&self, command: &CommandEnvelope, delay: Duration) -> Result<(), PortError>;
}

#[async_trait]
pub trait EventBus: Send + Sync {
    /// Publishes all or fails. A repetition after a partial failure carries the same event ids.
    async fn publish(&self, events: &[EventEnvelope]) -> Result<(), PortError>;
}

/// Where a service sets aside what belongs to no workflow, with the reason.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    async fn put(&self, body: &str, reason: &str) -> Result<(), PortError>;

    /// Puts, and counts.
    async fn set_aside(&self, body: &str, reason: &str) -> Result<(), PortError> {
        self.put(body, reason).await?;
        metrics::dead_letter();
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFacts {
    pub size: u64,
    /// Lower-case hex; absent if the object was stored without this checksum.
    pub sha256: Option<String>,
}

/// What is to be read of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    Whole(Vec<u8>),
    /// It has more bytes than were to be read: none was kept.
    TooLarge,
}

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEntry {
    pub key: String,
    /// Bytes.
    pub size: u64,
}

/// A completion record lists a few artifacts; what is larger is not one.
const MAX_RECORD: usize = 64 * 1024;

#[async_trait]
pub trait Artifacts: Send + Sync {
    /// `None`: no such object.
    async fn facts(&self, key: &str) -> Result<Option<ObjectFacts>, PortError>;

    /// The object, if it has no more than `limit` bytes. `None`: no such object.
    async fn read(&self, key: &str, limit: usize) -> Result<Option<Contents>, PortError>;

    /// What the attempt of this prefix left behind when it was done; `None` if it is not. Permanent, if it cannot be read.
    async fn completion(&self, prefix: &str) -> Result<Option<CompletionRecord>, PortError> {
        let key = format!("{prefix}{COMPLETION}");
        match self.read(&key, MAX_RECORD).await? {
            None => Ok(None),
            Some(Contents::TooLarge) => Err(PortError::Permanent(format!(
                "{key} has more than {MAX_RECORD} bytes"
            ))),
            Some(Contents::Whole(bytes)) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| PortError::Permanent(format!("{key}: {error}"))),
        }
    }

    /// A link that anybody can read the object by, for `valid`.
    async fn presign(&self, key: &str, valid: Duration) -> Result<ResultLink, PortError>;

    /// A request by which anybody can put these bytes, and no others, for `valid`. It is refused where an object lies
    /// already.
    async fn presign_put(
        &self,
        key: &str,
        file: &FileToPut,
        valid: Duration,
    ) -> Result<Transfer, PortError>;

    /// What lies below a prefix, by key, at most `limit`. Strongly consistent.
    async fn list(&self, prefix: &str, limit: u16) -> Result<Vec<ObjectEntry>, PortError>;
}

#[async_trait]
pub trait AgentRuntime: Send + Sync {
    /// Starts the attempt in its own session. The same session again does not start the work twice.
    async fn invoke(
        &self,
        agent: &Name,
        session: &str,
        task: &AgentTask,
    ) -> Result<InvocationAnswer, PortError>;

    /// Ends the session. A session that does not exist is no error.
    async fn stop(&self, agent: &Name, session: &str) -> Result<(), PortError>;
}

#[async_trait]
pub trait KeyStore: Send + Sync {
    /// `None`: nobody has made keys yet.
    async fn load(&self) -> Result<Option<TokenKeys>, PortError>;

    /// Stores `keys` unless there are some already; returns the ones that are stored now.
    async fn create(&self, keys: &TokenKeys) -> Result<TokenKeys, PortError>;
}

#[async_trait]
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;

    /// Lets so much time pass.
    async fn pause(&self, time: Duration);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let millis = since.map(|since| since.as_millis()).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    async fn pause(&self, time: Duration) {
        // Timers count milliseconds: less would become one or two.
        match time.as_millis() {
            0 => tokio::task::yield_now().await,
            _ => tokio::time::sleep(time).await,
        }
    }
}
