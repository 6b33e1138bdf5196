use aegis_agent_analyst::agent::Analyst;
use aegis_agent_kit::{run, telemetry};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::init("analyst-agent")?;
    run::run(Analyst).await
}
