//! How large the items of the table are in DynamoDB: names and values of all attributes.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::WorkflowSummary;
use aegis_workflow::Workflow;

/// What an index adds to a row of it.
const INDEX_OVERHEAD: usize = 100;

/// One byte for two digits, and one more.
fn number(value: impl ToString) -> usize {
    value.to_string().len().div_ceil(2) + 1
}

fn keys(id: &WorkflowId, sort: usize) -> usize {
    "pk".len() + "WF#".len() + id.as_str().len() + "sk".len() + sort
}

fn expiry(workflow: &Workflow) -> usize {
    "expires_at".len() + number(workflow.expires_at.as_seconds())
}

/// Of `sk = STATE`, with `json` as its body.
pub fn state(workflow: &Workflow, summary: &WorkflowSummary, json: &str) -> usize {
    let deadline = workflow.wake_at.map_or(0, |at| {
        "deadline_shard".len() + "D#0".len() + "deadline_at".len() + number(at.as_millis())
    });
    keys(&workflow.id, "STATE".len())
        + "body".len()
        + json.len()
        + "seq".len()
        + number(workflow.seq)
        + status_row(summary)
        + expiry(workflow)
        + deadline
}

/// What the index of statuses shows of a workflow, beside its keys in the table.
fn status_row(summary: &WorkflowSummary) -> usize {
    let created = format!("{}#{}", summary.created_at, summary.workflow_id);
    "status_key".len()
        + "S##0".len()
        + summary.status.as_str().len()
        + "created_key".len()
        + created.len()
        + "topic_head".len()
        + summary.topic.len()
        + "flow".len()
        + summary.flow.as_str().len()
        + "place".len()
        + summary.at.as_ref().map_or(0, |at| at.as_str().len())
}

/// Of `sk = REQUEST` or `sk = EVT#<version>`, with `json` as its body.
pub fn beside(workflow: &Workflow, sort: &str, json: &str) -> usize {
    keys(&workflow.id, sort.len()) + "body".len() + json.len() + expiry(workflow)
}

/// A row of the index of statuses.
pub fn listed(summary: &WorkflowSummary) -> usize {
    keys(&summary.workflow_id, "STATE".len()) + status_row(summary) + INDEX_OVERHEAD
}

/// A row of the index of deadlines.
pub fn due(id: &WorkflowId) -> usize {
    let deadline = "deadline_shard".len() + "D#0".len() + "deadline_at".len() + 8;
    keys(id, "STATE".len()) + deadline + INDEX_OVERHEAD
}
