//! Logs and traces of an agent's process: JSON lines with `workflow_id`, `role` and `attempt`, and one trace from task to callback.

use aegis_contracts::agent::AgentTask;
use aegis_platform::telemetry::continue_from;
pub use aegis_platform::telemetry::{Telemetry, current_traceparent};
use tracing::Span;

/// Sets the process up for logs and traces, like the services: JSON lines, and spans over OTLP where an endpoint is set.
///
/// # Errors
/// Where the process was set up before, or the endpoint cannot be used.
pub fn init(service: &'static str) -> anyhow::Result<Telemetry> {
    Ok(aegis_platform::telemetry::init(service)?)
}

/// The span of one attempt, a child of the dispatcher's.
pub fn work_span(task: &AgentTask) -> Span {
    let span = tracing::info_span!(
        "agent work",
        workflow_id = %task.workflow_id,
        role = %task.role,
        attempt = task.attempt,
    );
    continue_from(&span, task.traceparent.as_deref());
    span
}
