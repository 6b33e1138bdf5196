//! Starts one agent for each `RunStep` command. One program serves every agent: `AGENT` says which one it is for.

use std::sync::Arc;

use aegis_aws::lambda::{Service, start};
use aegis_aws::services::from_environment;
use aegis_engine::dispatch::Dispatcher;

/// Also the name of its spans and dead letters, behind the agent's name.
const SERVICE: &str = "dispatch";

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    start(SERVICE, build).await
}

async fn build() -> anyhow::Result<Service> {
    let service = from_environment(|aws, environment| {
        let agent = environment.agent("AGENT");
        let dispatcher = Dispatcher {
            engine: aws.engine(environment),
            runtime: aws.runtime(environment, &agent),
            // Any of them may be the first that signs a token.
            keys: aws.keys(environment, true),
            agent,
            callback_api_url: environment.required("CALLBACK_API_URL"),
        };
        let queue = aws.consumer(environment, SERVICE, Arc::new(dispatcher));
        Service {
            queue: Some(queue),
            ..Service::default()
        }
    });
    Ok(service.await?)
}
