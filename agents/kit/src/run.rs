//! From an agent to a running process.

use std::sync::Arc;
use std::time::Duration;

use aegis_aws::client::connection::Connection;
use aegis_aws::client::objects::S3Objects;
use aegis_aws::telemetry;
use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::agent::Agent;
use crate::probe;
use crate::s3::S3Store;
use crate::server::Server;
use crate::settings::Settings;

/// What work may use to finish after SIGTERM, and then what its last callback may use.
const GRACE: Duration = Duration::from_secs(8);

/// Serves until SIGTERM or Ctrl-C. Work that does not finish in time reports that it was interrupted, so
/// that a new attempt begins at once and not only when the silence is noticed.
///
/// # Errors
/// Where the environment is incomplete or the port is taken.
pub async fn run<A: Agent>(agent: A) -> anyhow::Result<()> {
    if std::env::args().nth(1).as_deref() == Some(probe::ARGUMENT) {
        return probe::check(Settings::from_env()?.bind).await;
    }
    let telemetry = telemetry::init(&format!("{}-agent", A::NAME))?;
    let settings = Settings::from_env()?;
    let config = Connection::default().load().await;
    let objects = S3Objects::new(&config, settings.artifact_bucket);
    let server = Server::new(agent, Arc::new(S3Store::new(objects)))?;
    let listener = TcpListener::bind(settings.bind)
        .await
        .with_context(|| format!("cannot listen on {}", settings.bind))?;
    tracing::info!(agent = A::NAME, bind = %settings.bind, "agent is ready");
    let mut terminate = signal(SignalKind::terminate())?;
    let serving = axum::serve(listener, server.clone().router());
    tokio::select! {
        served = serving => served?,
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("ending");
    if tokio::time::timeout(GRACE, server.idle()).await.is_err() {
        server.interrupt();
        // What cannot be reported is noticed by its silence.
        let _ = tokio::time::timeout(GRACE, server.idle()).await;
    }
    telemetry.flush().await;
    Ok(())
}
