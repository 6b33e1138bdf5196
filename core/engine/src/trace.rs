//! W3C trace context, from a message into a span and from a span into a message.

use std::collections::{HashMap, HashSet};

use aegis_contracts::ids::WorkflowId;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACEPARENT: &str = "traceparent";

/// The `traceparent` of the current span; `None` without a tracer.
pub fn current() -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier.remove(TRACEPARENT)
}

/// Makes `span` a child of the span that `traceparent` names. One that cannot be read starts a new trace.
pub fn continue_from(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent else {
        return;
    };
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    // Fails only without a tracer, when there is nothing to continue.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
}

/// Characters of a `traceparent` that name the trace: behind the version.
const TRACE_ID: std::ops::Range<usize> = 3..35;

/// A span for work that belongs to the trace of `traceparent`, wherever it was triggered: a child of that
/// span with a link to the current one. Disabled, if the current span is of that trace already.
pub fn rejoin(traceparent: Option<&str>, workflow_id: &WorkflowId) -> Span {
    let here = current();
    let trace_id = |text: &str| text.get(TRACE_ID).map(str::to_owned);
    let same = here.as_deref().and_then(trace_id) == traceparent.and_then(trace_id);
    if same || traceparent.is_none() {
        return Span::none();
    }
    let span = tracing::info_span!(parent: None, "rejoin", %workflow_id);
    continue_from(&span, traceparent);
    span.follows_from(Span::current());
    span
}

/// One span for each trace among these that the current span does not belong to. Work for many workflows at once
/// shows in the trace of every one of them, for as long as the spans are held.
pub fn rejoin_each<'a>(work: impl Iterator<Item = (Option<&'a str>, &'a WorkflowId)>) -> Vec<Span> {
    let mut seen = HashSet::new();
    work.filter(|(traceparent, _)| {
        traceparent.is_some_and(|text| seen.insert(text.get(TRACE_ID).map(str::to_owned)))
    })
    .map(|(traceparent, id)| rejoin(traceparent, id))
    .filter(|span| !span.is_disabled())
    .collect()
}
