//! The span of one attempt's work: a child of the dispatcher's, and the parent of what its callbacks lead to.
//!
//! Logs and export are set up by `aegis_aws::telemetry`.

pub use aegis_aws::telemetry::current_traceparent;

use aegis_aws::telemetry::continue_from;
use aegis_contracts::agent::AgentTask;
use tracing::Span;

pub fn work_span(task: &AgentTask) -> Span {
    let span = tracing::info_span!(
        "agent work",
        workflow_id = %task.workflow_id,
        step = %task.step,
        attempt = task.attempt,
    );
    continue_from(&span, task.traceparent.as_deref());
    span
}
