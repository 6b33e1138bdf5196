use aegis_agent_analyst::agent::Analyst;
use aegis_agent_kit::run::run;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    run(Analyst).await
}
