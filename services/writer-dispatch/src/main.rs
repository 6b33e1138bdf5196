//! Starts the writer for each `Write` command.

use std::sync::Arc;

use aegis_engine::dispatch::Dispatcher;
use aegis_platform::lambda::{Service, start};
use aegis_platform::services::from_environment;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    start(aegis_writer_dispatch::SERVICE, build).await
}

async fn build() -> anyhow::Result<Service> {
    let service = from_environment(|aws, environment| {
        let dispatcher = Dispatcher {
            engine: aws.engine(environment),
            runtime: aws.runtime(
                environment,
                aegis_writer_dispatch::ROLE,
                aegis_writer_dispatch::AGENT_ARN,
            ),
            keys: aws.keys(environment, false),
            role: aegis_writer_dispatch::ROLE,
            callback_api_url: environment.required("CALLBACK_API_URL"),
        };
        let queue = aws.consumer(
            environment,
            aegis_writer_dispatch::SERVICE,
            Arc::new(dispatcher),
        );
        Service {
            queue: Some(queue),
            ..Service::default()
        }
    });
    Ok(service.await?)
}
