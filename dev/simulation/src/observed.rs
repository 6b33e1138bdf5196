//! What the simulation remembers besides the harness itself, to judge it by.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use aegis_contracts::agent::{AgentTask, Gap, Input};
use aegis_contracts::approval::DecisionKind;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::callback::AgentError;
use aegis_contracts::envelope::EventEnvelope;
use aegis_contracts::ids::{EventId, WorkflowId};

use crate::queues::Owner;

/// One attempt's work, as its agent saw it.
#[derive(Debug, Default)]
pub struct SessionFacts {
    /// How often somebody began to work.
    pub begun: u32,
    /// How often who worked ended before there was a result: killed, or told to stop.
    pub ended: u32,
    pub failed: Option<AgentError>,
    pub revisions: BTreeSet<u32>,
    /// What its task said that it may read.
    pub inputs: Vec<Input>,
    /// What its task said that it cannot read.
    pub gaps: Vec<Gap>,
}

#[derive(Debug, Clone)]
pub struct DeadLetter {
    pub owner: Owner,
    pub body: String,
    pub reason: String,
}

/// Whose attempt it is.
pub type Session = (WorkflowId, Attempt);

pub fn session(task: &AgentTask) -> Session {
    (task.workflow_id.clone(), task.of())
}

/// What somebody sent as a decision: about which workflow and revision, who, and what.
pub type Vote = (WorkflowId, u32, String, DecisionKind);

#[derive(Debug, Default)]
pub struct Observed {
    /// Whose client was told that it is accepted.
    pub accepted: BTreeSet<WorkflowId>,
    /// What other systems asked for over the bus.
    pub asked_by_event: BTreeSet<WorkflowId>,
    pub sessions: BTreeMap<Session, SessionFacts>,
    /// Attempts whose session the runtime ended as idle while there was work for it.
    pub ended_as_idle: BTreeSet<Session>,
    /// Attempts that a process holds.
    pub held: BTreeSet<Session>,
    /// Of these, the ones whose process does nothing more.
    pub hung: BTreeSet<Session>,
    pub published: BTreeMap<EventId, EventEnvelope>,
    /// Of each workflow, the highest version of which an event was published.
    pub latest: BTreeMap<WorkflowId, u64>,
    /// Published under one id with two contents.
    pub contradictions: Vec<EventId>,
    pub dead_letters: Vec<DeadLetter>,
    /// How often each command was handed to its queue at once, by workflow and content.
    pub sends: BTreeMap<(WorkflowId, String), u32>,
    /// Whose stop was handed to its queue.
    pub stops: BTreeSet<Session>,
    /// How often one function came up among those that led to an invocation of its own, at most.
    pub longest_lineage: u32,
    pub votes: HashSet<Vote>,
    /// Decisions in the history that nobody had sent when they were written.
    pub votes_of_nobody: Vec<Vote>,
    /// Entries of all histories that were looked at.
    pub entries_seen: usize,
    pub poison_records: u32,
    /// Workflows that took a report whose sender had no right to it.
    pub forgeries_taken: Vec<WorkflowId>,
    /// Of the agent that was invoked last.
    pub last_token: Option<String>,
}
