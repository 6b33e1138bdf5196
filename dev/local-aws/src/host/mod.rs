//! The agent host: on this machine it stands where the AgentCore runtime stands in AWS.
//!
//! - `plan`: which agents there are, written by `up`
//! - `supervisor`: keeps each agent running
//! - `credentials`: lends each agent its own role
//! - `server`: the runtime's HTTP interface, as the AWS SDK calls it
//!
//! It does not know what agents do, nor what a workflow is.

pub mod credentials;
pub mod plan;
pub mod server;
pub mod supervisor;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::watch;

use crate::Context;
use crate::json::read_json;
use crate::signals::interrupted;

/// How long requests in flight may take once the host is asked to end.
const DRAIN: Duration = Duration::from_secs(3);

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The plan that `up` wrote.
    #[arg(long)]
    plan: PathBuf,
}

pub async fn run(arguments: Arguments, _context: &Context) -> Result<ExitCode> {
    let plan: plan::Plan = read_json(&arguments.plan)
        .with_context(|| format!("{} is not readable", arguments.plan.display()))?;
    let plan = Arc::new(plan);
    let config = plan.connection().load().await;
    let listener = tokio::net::TcpListener::bind(&plan.bind)
        .await
        .with_context(|| format!("cannot listen at {}", plan.bind))?;
    let (stop, stopping) = watch::channel(false);
    let supervisors: Vec<_> = plan
        .agents
        .iter()
        .map(|agent| tokio::spawn(supervisor::keep_running(agent.clone(), stopping.clone())))
        .collect();
    let router = server::router(Arc::clone(&plan), config);
    let mut ended = stopping.clone();
    let served = axum::serve(listener, router).with_graceful_shutdown(async move {
        while !*ended.borrow() && ended.changed().await.is_ok() {}
    });
    let server = tokio::spawn(served.into_future());
    interrupted().await?;
    stop.send_replace(true);
    for supervisor in supervisors {
        supervisor.await?;
    }
    // An open connection must not keep the host from ending.
    let _ = tokio::time::timeout(DRAIN, server).await;
    Ok(ExitCode::SUCCESS)
}
