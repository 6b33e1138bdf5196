//! Starts one agent for each `RunStep` command. One program serves every agent: `AGENT` says which one it is for.

use std::sync::Arc;

use aegis_aws::lambda::{Service, start};
use aegis_aws::services::from_environment;
use aegis_engine::dispatch::Dispatcher;

/// Whom this process is for.
const AGENT: &str = "AGENT";

/// The name of its spans, measurements and dead letters: `researcher-dispatch`. Kept for the life of the process.
fn name() -> &'static str {
    let agent = std::env::var(AGENT).unwrap_or_default();
    format!("{agent}-dispatch").leak()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let name = name();
    start(name, || build(name)).await
}

async fn build(name: &'static str) -> anyhow::Result<Service> {
    let service = from_environment(|aws, environment| {
        let agent = environment.agent(AGENT);
        let dispatcher = Dispatcher {
            engine: aws.engine(environment),
            runtime: aws.runtime(environment, &agent),
            // Any of them may be the first that signs a token.
            keys: aws.keys(environment, true),
            agent,
            callback_api_url: environment.required("CALLBACK_API_URL"),
        };
        let queue = aws.consumer(environment, name, Arc::new(dispatcher));
        Service {
            queue: Some(queue),
            ..Service::default()
        }
    });
    Ok(service.await?)
}
