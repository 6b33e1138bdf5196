//! Starts the researcher for each `Research` command.

use aegis_aws::lambda::start;
use aegis_aws::services::dispatcher;
use aegis_researcher_dispatch::KIND;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    start(KIND.service, || dispatcher(KIND)).await
}
