use aegis_agent_kit::{run, telemetry};
use aegis_agent_researcher::agent::Researcher;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::init("researcher-agent")?;
    run::run(Researcher).await
}
