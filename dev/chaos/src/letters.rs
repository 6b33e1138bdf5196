//! What lies in the dead-letter queues in the end. Each letter must say why it is there.

use anyhow::Result;
use serde::Serialize;

use aegis_cli::client::dlq;
use aegis_client::stage::Stage;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    pub queue: String,
    pub kind: String,
    pub reason: String,
    pub workflow_id: Option<String>,
}

pub async fn all(stage: &Stage) -> Result<Vec<DeadLetter>> {
    let letters = dlq::everything(stage).await?;
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
