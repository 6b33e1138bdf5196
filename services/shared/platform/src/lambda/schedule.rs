//! A function that is run by the clock.

use aegis_engine::error::PortError;
use async_trait::async_trait;

#[async_trait]
pub trait ScheduleHandler: Send + Sync {
    /// # Errors
    /// Lambda tries the tick again, then sets it aside.
    async fn tick(&self) -> Result<(), PortError>;
}
