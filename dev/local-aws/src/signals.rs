//! Being asked to end.

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};

/// The user, or the system, asked this command to end before it was done.
#[derive(Debug, thiserror::Error)]
#[error("ended by {0}")]
pub struct Interrupted(pub &'static str);

/// What comes of `work`, or that this command was asked to end first.
///
/// # Errors
/// [`Interrupted`], or of the work.
pub async fn or_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        result = work => result,
        name = interrupted() => Err(Interrupted(name?).into()),
    }
}

/// Waits for Ctrl-C or a request to end; returns its name.
pub async fn interrupted() -> Result<&'static str> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => "Ctrl-C",
        _ = terminate.recv() => "SIGTERM",
        _ = hangup.recv() => "SIGHUP",
    })
}
