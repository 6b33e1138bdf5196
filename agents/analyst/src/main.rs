use aegis_agent_analyst::agent::Analyst;
use aegis_agent_kit::{run, telemetry};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let telemetry = telemetry::init("analyst-agent")?;
    let ended = run::run(Analyst).await;
    telemetry.flush().await;
    ended
}
