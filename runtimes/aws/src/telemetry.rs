//! Logs as JSON lines on stdout, and spans over OTLP/HTTP when an endpoint is configured.
//!
//! Without an endpoint spans still exist, so that every message carries a `traceparent`; they are
//! dropped when they end.

use std::io::Write;

use aegis_contracts::text::visible_json;
use aegis_engine::metrics;
use metrics_cloudwatch_embedded::{Builder, Collector};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::signed_spans::SignedSender;

pub use aegis_engine::trace::{continue_from, current as current_traceparent};

/// Where spans go; standard name of OpenTelemetry.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// `xray`: the endpoint is X-Ray's, and wants requests signed.
const SIGNED_FOR: &str = "SPANS_SIGNED_FOR";

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("{ENDPOINT} cannot be used: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    #[error("logging was set up twice: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
    #[error("{SIGNED_FOR} is `{0}`; spans are signed for `xray`, or not at all")]
    SignedFor(String),
    #[error("measurements cannot be recorded: {0}")]
    Recorder(metrics_cloudwatch_embedded::Error),
}

/// Keep it as long as the process runs; [`Telemetry::flush`] before a Lambda is frozen.
#[derive(Clone)]
pub struct Telemetry {
    provider: SdkTracerProvider,
    exporting: bool,
    measurements: &'static Collector,
}

/// Sets up logs and spans for this process. `service` becomes `service.name`.
///
/// `LOG_LEVEL` filters our own crates' lines; libraries log from WARN.
///
/// # Errors
/// If the exporter cannot be built, or this was called before.
pub fn init(service: &str) -> Result<Telemetry, TelemetryError> {
    let level = std::env::var("LOG_LEVEL").unwrap_or_else(|_| "INFO".to_owned());
    let filter = EnvFilter::builder().parse_lossy(directives(&level));
    let endpoint = std::env::var(ENDPOINT)
        .ok()
        .filter(|endpoint| !endpoint.is_empty());
    let environment = std::env::var("ENVIRONMENT").unwrap_or_else(|_| "unknown".to_owned());
    let resource = Resource::builder()
        .with_service_name(service.to_owned())
        .with_attribute(KeyValue::new(
            "deployment.environment.name",
            environment.clone(),
        ))
        .build();
    let measurements = Builder::new()
        .cloudwatch_namespace(metrics::NAMESPACE)
        .with_dimension("Environment", environment)
        .init()
        .map_err(TelemetryError::Recorder)?;
    metrics::describe();
    let mut provider = SdkTracerProvider::builder().with_resource(resource);
    if let Some(endpoint) = &endpoint {
        provider = provider.with_batch_exporter(exporter(endpoint)?);
    }
    let provider = provider.build();
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("aegis"));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(|| Shown(std::io::stdout()))
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false);
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .with(spans)
        .try_init()?;
    Ok(Telemetry {
        provider,
        exporting: endpoint.is_some(),
        measurements,
    })
}

fn exporter(endpoint: &str) -> Result<SpanExporter, TelemetryError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')));
    let exporter = match std::env::var(SIGNED_FOR).as_deref() {
        Ok("xray") => exporter.with_http_client(SignedSender::new()),
        Ok("") | Err(_) => exporter,
        Ok(other) => return Err(TelemetryError::SignedFor(other.to_owned())),
    };
    Ok(exporter.build()?)
}

/// Lines as they can be shown: in JSON some characters may stand as they are that a terminal acts upon, and a topic or
/// another program's words may have them.
struct Shown<W>(W);

impl<W: Write> Write for Shown<W> {
    /// A line at a time, as `tracing-subscriber` writes.
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.0.write_all(visible_json(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// A target is matched by its beginning: `aegis` stands for every crate of ours.
fn directives(level: &str) -> String {
    format!("warn,aegis={}", level.to_ascii_lowercase())
}

impl Telemetry {
    /// Sends the spans that have ended. A Lambda is frozen between invocations: what is not sent before may be lost.
    /// Measurements are lines of the log, in CloudWatch's embedded metric format.
    pub async fn flush(&self) {
        if let Err(error) = self.measurements.flush(std::io::stdout()) {
            tracing::warn!(%error, "measurements not written");
        }
        if !self.exporting {
            return;
        }
        let provider = self.provider.clone();
        // Waits on a thread of the exporter's own.
        let flushed = tokio::task::spawn_blocking(move || provider.force_flush()).await;
        if let Ok(Err(error)) = flushed {
            tracing::warn!(%error, "spans not exported");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_topic_cannot_steer_the_terminal_of_whoever_reads_the_log() {
        let (kept, topic) = (Kept::default(), "a\u{1b}[2J\u{9b}2J\u{202e}\u{e0041}\r\nb");
        let writer = kept.clone();
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(move || Shown(writer.clone()))
            .json()
            .flatten_event(true);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
            tracing::error!(topic, "read {topic}");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(
            text.is_ascii() && !text.trim_end().chars().any(char::is_control),
            "{text:?}"
        );
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["topic"], topic);
    }
}
