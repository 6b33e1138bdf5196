//! Agents that wait instead of working, as a function behind a stage's API.

use aegis_loadtest::agents::from_environment;
use aegis_platform::lambda::start;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    start("instant-agents", from_environment).await
}
