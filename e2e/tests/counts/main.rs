//! What a workflow costs is counted here, call by call, and held to the list that prices are computed from.
//!
//! Alone on its stack: whatever else calls at the same time would be counted too.

mod growth;
mod one_workflow;
mod requests;

use tokio::sync::{Mutex, MutexGuard};

static COUNTING: Mutex<()> = Mutex::const_new(());

/// While this is held, nobody else makes calls.
async fn alone() -> MutexGuard<'static, ()> {
    COUNTING.lock().await
}
