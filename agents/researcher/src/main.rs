use aegis_agent_kit::run::run;
use aegis_agent_researcher::agent::Researcher;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    run(Researcher).await
}
