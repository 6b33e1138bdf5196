//! A small receiver of traces: OTLP over HTTP, in memory.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use data_encoding::HEXLOWER;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message as _;

/// One span that has ended. Ids are hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub service: String,
    pub name: String,
    pub trace: String,
    pub id: String,
    /// `None`: the first of its trace.
    pub parent: Option<String>,
}

type Received = Arc<Mutex<Vec<Span>>>;

/// All that was received so far, of all tests.
pub struct Spans(Received);

impl Spans {
    /// Listens where the stack sends its spans to.
    ///
    /// # Errors
    /// Where the address is none of this machine, or in use.
    pub async fn receive(endpoint: &str) -> Result<Self> {
        let address = endpoint.trim_start_matches("http://").trim_end_matches('/');
        let address: SocketAddr = address.parse().with_context(|| endpoint.to_owned())?;
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot receive traces at {endpoint}"))?;
        let received = Received::default();
        let router = Router::new()
            .route("/v1/traces", post(take))
            .layer(DefaultBodyLimit::max(64 * 1024 * 1024))
            .with_state(received.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self(received))
    }

    /// The spans of one trace so far.
    pub fn of_trace(&self, trace: &str) -> Vec<Span> {
        let spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spans
            .iter()
            .filter(|span| span.trace == trace)
            .cloned()
            .collect()
    }
}

async fn take(State(received): State<Received>, body: Bytes) -> StatusCode {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return StatusCode::BAD_REQUEST;
    };
    let spans = request.resource_spans.into_iter().flat_map(spans_of);
    let mut known = received.lock().unwrap_or_else(PoisonError::into_inner);
    known.extend(spans);
    StatusCode::OK
}

fn spans_of(resource: ResourceSpans) -> Vec<Span> {
    let attributes = resource.resource.map(|resource| resource.attributes);
    let named = attributes.unwrap_or_default().into_iter();
    let named = named.filter(|attribute| attribute.key == "service.name");
    let name = named.filter_map(|attribute| attribute.value?.value).next();
    let service = match name {
        Some(Value::StringValue(name)) => name,
        Some(_) | None => String::new(),
    };
    let scopes = resource.scope_spans.into_iter();
    let spans = scopes.flat_map(|scope| scope.spans).map(|span| Span {
        service: service.clone(),
        name: span.name,
        trace: HEXLOWER.encode(&span.trace_id),
        id: HEXLOWER.encode(&span.span_id),
        parent: (!span.parent_span_id.is_empty()).then(|| HEXLOWER.encode(&span.parent_span_id)),
    });
    spans.collect()
}
