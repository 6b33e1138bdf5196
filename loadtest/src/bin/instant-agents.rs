//! Agents that wait instead of working, as a function behind a stage's API.

use aegis_aws::lambda::start;
use aegis_loadtest::agents::from_environment;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    start("instant-agents", from_environment).await
}
