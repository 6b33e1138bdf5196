//! One trace over all messages.

use aegis_contracts::ids::WorkflowId;
use aegis_engine::trace::{continue_from, current, rejoin, rejoin_each};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt as _;

const OTHER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn trace_id(traceparent: &str) -> &str {
    &traceparent[3..35]
}

fn with_tracer(test: impl FnOnce()) {
    let provider = SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), test);
}

#[test]
fn without_a_tracer_there_is_no_trace() {
    assert_eq!(current(), None);
}

#[test]
fn a_span_goes_on_with_the_trace_of_its_message() {
    with_tracer(|| {
        let span = tracing::info_span!("work");
        continue_from(&span, Some(OTHER));
        let here = span.in_scope(current).unwrap();
        assert_eq!(trace_id(&here), trace_id(OTHER));
        assert_ne!(here, OTHER, "a span of its own");
        for unknown in [None, Some("00-nonsense")] {
            let span = tracing::info_span!("work");
            continue_from(&span, unknown);
            let new = span.in_scope(current).unwrap();
            assert_ne!(trace_id(&new), trace_id(OTHER), "{unknown:?}");
        }
    });
}

#[test]
fn work_for_a_workflow_joins_its_trace_unless_it_is_in_it() {
    with_tracer(|| {
        let id = WorkflowId::derive("ada", "k1");
        let span = tracing::info_span!("request");
        span.in_scope(|| {
            let joined = rejoin(Some(OTHER), &id);
            assert_eq!(
                trace_id(&joined.in_scope(current).unwrap()),
                trace_id(OTHER)
            );
            assert!(rejoin(None, &id).is_disabled());
            let same = current();
            assert!(rejoin(same.as_deref(), &id).is_disabled());
        });
    });
}

#[test]
fn work_for_many_workflows_shows_once_in_the_trace_of_each() {
    const THIRD: &str = "00-11111111111111111111111111111111-2222222222222222-01";
    with_tracer(|| {
        let id = WorkflowId::derive("ada", "k1");
        let span = tracing::info_span!("batch");
        continue_from(&span, Some(OTHER));
        span.in_scope(|| {
            let work = [Some(OTHER), Some(THIRD), None, Some(OTHER), Some(THIRD)];
            let spans = rejoin_each(work.into_iter().map(|traceparent| (traceparent, &id)));
            let joined: Vec<_> = spans
                .iter()
                .filter_map(|span| span.in_scope(current))
                .collect();
            assert_eq!(joined.len(), 1, "{joined:?}");
            assert_eq!(trace_id(&joined[0]), trace_id(THIRD));
        });
    });
}
