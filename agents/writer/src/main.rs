use aegis_agent_kit::{run, telemetry};
use aegis_agent_writer::agent::Writer;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::init("writer-agent")?;
    run::run(Writer).await
}
