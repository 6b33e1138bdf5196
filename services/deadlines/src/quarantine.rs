//! Workflows whose state cannot be read: passed over a few times, then set aside.
//!
//! Left on the index for ever, a hundred of them would keep the sweep from all others. State of newer code is another
//! thing: that code reads it, so it is passed over and never set aside.

use aegis_contracts::ids::WorkflowId;
use aegis_engine::error::PortError;
use aegis_engine::metrics;
use aegis_engine::ports::Write;
use serde_json::json;

use crate::Deadlines;

/// Sweeps that try to read a state. Minutes, so that a bad deployment can be taken back.
const TRIES: u32 = 10;

impl Deadlines {
    /// Whether it is off the index now.
    ///
    /// # Errors
    /// Of a port; the next sweep finds it again.
    pub(crate) async fn cannot_read(
        &self,
        id: &WorkflowId,
        why: &PortError,
    ) -> Result<bool, PortError> {
        // The table takes no state off that can be read. What is wrong then is the definition of its flow.
        if let Ok(Some(_)) = self.engine.table.load(id).await {
            tracing::error!(error = %why, "the workflow's flow cannot be used, workflow passed over");
            return Ok(false);
        }
        let tries = self.engine.table.count_unreadable(id).await?;
        if tries < TRIES {
            tracing::warn!(error = %why, tries, "state not readable, workflow passed over");
            return Ok(false);
        }
        // The letter first: after a crash in between there are two, never none.
        let letter = json!({ "workflow_id": id }).to_string();
        let reason = format!("unreadable_state: {why}");
        self.dead_letters.set_aside(&letter, &reason).await?;
        match self.engine.table.quarantine(id).await? {
            Write::Done => {
                metrics::quarantined();
                tracing::error!(error = %why, tries, "workflow quarantined: its state is kept and not looked at any more");
                Ok(true)
            }
            Write::Conflict => {
                tracing::info!("the state was mended in the meantime");
                Ok(false)
            }
        }
    }
}
