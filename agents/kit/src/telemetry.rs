//! The span of one attempt's work: a child of the dispatcher's, and the parent of what its callbacks lead to.
//!
//! Logs and export are set up by whoever runs the agent.

pub use aegis_engine::trace::current as current_traceparent;

use aegis_contracts::agent::AgentTask;
use aegis_engine::trace::continue_from;
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
