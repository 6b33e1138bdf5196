use aegis_agent_kit::{run, telemetry};
use aegis_agent_writer::agent::Writer;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let telemetry = telemetry::init("writer-agent")?;
    let ended = run::run(Writer).await;
    telemetry.flush().await;
    ended
}
