use aegis_agent_kit::run::run;
use aegis_agent_writer::agent::Writer;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    run(Writer).await
}
