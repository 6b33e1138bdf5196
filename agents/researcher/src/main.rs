use aegis_agent_kit::{run, telemetry};
use aegis_agent_researcher::agent::Researcher;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let telemetry = telemetry::init("researcher-agent")?;
    let ended = run::run(Researcher).await;
    telemetry.flush().await;
    ended
}
