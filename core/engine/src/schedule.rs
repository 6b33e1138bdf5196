//! What is run by the clock.

use async_trait::async_trait;

use crate::error::PortError;

#[async_trait]
pub trait ScheduleHandler: Send + Sync {
    /// # Errors
    /// The tick is tried again, then set aside.
    async fn tick(&self) -> Result<(), PortError>;
}
