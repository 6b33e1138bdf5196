//! What lies in the dead-letter queues in the end. Each letter must say why it is there.

use anyhow::Result;
use serde::Serialize;

use crate::client::dlq;
use crate::client::session::Session;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    pub queue: String,
    pub kind: String,
    pub reason: String,
    pub workflow_id: Option<String>,
}

pub async fn all(session: &Session) -> Result<Vec<DeadLetter>> {
    let letters = dlq::everything(session).await?;
    let told = letters.into_iter().map(|(queue, letter)| DeadLetter {
        queue,
        kind: letter.kind,
        reason: letter.reason,
        workflow_id: letter.workflow_id,
    });
    Ok(told.collect())
}

impl DeadLetter {
    /// Readable, and with a reason.
    pub fn is_explained(&self) -> bool {
        self.kind != "unreadable" && !self.reason.starts_with("no reason")
    }
}
