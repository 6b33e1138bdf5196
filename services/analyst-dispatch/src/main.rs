//! Starts the analyst for each `Analyze` command.

use aegis_analyst_dispatch::KIND;
use aegis_aws::lambda::start;
use aegis_aws::services::dispatcher;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    start(KIND.service, || dispatcher(KIND)).await
}
