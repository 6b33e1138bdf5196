//! Logs and traces of an agent's process: JSON lines with `workflow_id`, `role` and `attempt`, and one trace from task to callback.

use aegis_contracts::agent::AgentTask;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const HEADER: &str = "traceparent";

/// Sets the process up for logs and traces; `LOG_LEVEL` is a filter such as `info` or `aegis=debug`.
///
/// # Errors
/// Where the process was set up before.
pub fn init(service: &'static str) -> anyhow::Result<()> {
    let filter = std::env::var("LOG_LEVEL").unwrap_or_else(|_| "info".to_owned());
    let tracer = SdkTracerProvider::builder().build().tracer(service);
    tracing_subscriber::registry()
        .with(EnvFilter::new(filter))
        .with(tracing_opentelemetry::layer().with_tracer(tracer))
        .with(
            tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_span_list(false),
        )
        .try_init()?;
    Ok(())
}

/// The span of one attempt, a child of the dispatcher's.
pub fn work_span(task: &AgentTask) -> Span {
    let span = tracing::info_span!(
        "agent work",
        workflow_id = %task.workflow_id,
        role = %task.role,
        attempt = task.attempt,
    );
    if let Some(traceparent) = &task.traceparent {
        let parent = TraceContextPropagator::new().extract(&Carrier(Some(traceparent.clone())));
        // Fails only where no tracing is set up: then there is nothing to connect.
        let _ = span.set_parent(parent);
    }
    span
}

/// The current span as a W3C header; `None` where no tracing is set up.
pub fn current_traceparent() -> Option<String> {
    let mut carrier = Carrier(None);
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier.0
}

/// Holds the one header.
struct Carrier(Option<String>);

impl Extractor for Carrier {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.as_deref().filter(|_| key == HEADER)
    }

    fn keys(&self) -> Vec<&str> {
        vec![HEADER]
    }
}

impl Injector for Carrier {
    fn set(&mut self, key: &str, value: String) {
        if key == HEADER {
            self.0 = Some(value);
        }
    }
}
