//! What the table's stream hands out.
//!
//! An error fails the whole batch, which the stream hands out again from its start: the events that
//! went out already go out again with the same ids. A record that can never be relayed must not be an
//! error, or it would block its shard: the handler sets it aside.

use async_trait::async_trait;

use crate::error::PortError;

/// One inserted history item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRecord {
    /// `body` of the item; `None` if the record has none.
    pub body: Option<String>,
    /// What to set aside if the body cannot be relayed.
    pub raw: String,
}

#[async_trait]
pub trait StreamHandler: Send + Sync {
    /// Records of one batch, in their order.
    ///
    /// # Errors
    /// If the batch should be handed out again.
    async fn relay(&self, records: &[StreamRecord]) -> Result<(), PortError>;
}
