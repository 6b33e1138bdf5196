//! The envelope around every command and every event.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SCHEMA_VERSION;
use crate::command::Command;
use crate::event::Event;
use crate::ids::{EventId, WorkflowId};
use crate::time::Timestamp;

/// `data` is a [`Command`] or an [`Event`]; its `type` and `data` stand beside the other fields.
///
/// Unknown fields are tolerated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Envelope<D> {
    /// Deterministic: the same message sent twice carries the same id.
    pub event_id: EventId,
    pub schema_version: u16,
    pub workflow_id: WorkflowId,
    /// Version of the workflow after the transition that caused this message. Messages arrive in any order: by this they
    /// are put in order. Those of one version happened at once.
    pub version: u64,
    pub occurred_at: Timestamp,
    /// W3C trace context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    #[serde(flatten)]
    pub body: D,
}

pub type CommandEnvelope = Envelope<Command>;
pub type EventEnvelope = Envelope<Event>;

impl<D> Envelope<D> {
    /// Message number `index` of the transition of `workflow_id` to `version`.
    pub fn new(
        workflow_id: &WorkflowId,
        version: u64,
        index: usize,
        occurred_at: Timestamp,
        body: D,
    ) -> Self {
        Self {
            event_id: EventId::derive(workflow_id, version, index),
            schema_version: SCHEMA_VERSION,
            workflow_id: workflow_id.clone(),
            version,
            occurred_at,
            traceparent: None,
            tenant: None,
            body,
        }
    }

    #[must_use]
    pub fn traced(mut self, traceparent: Option<String>) -> Self {
        self.traceparent = traceparent;
        self
    }
}
