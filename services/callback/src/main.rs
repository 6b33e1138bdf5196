//! Takes agents' reports, over the API and the bus.

use std::sync::Arc;

use aegis_aws::lambda::{Service, start};
use aegis_aws::services::from_environment;
use aegis_callback::{Callback, SERVICE};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    start(SERVICE, build).await
}

async fn build() -> anyhow::Result<Service> {
    let service = from_environment(|aws, environment| {
        let callback = Arc::new(Callback {
            engine: aws.engine(environment),
            artifacts: aws.artifacts(environment),
            keys: aws.keys(environment, false),
        });
        let queue = aws.external_consumer(environment, SERVICE, callback.clone());
        Service {
            api: Some(callback),
            queue: Some(queue),
            ..Service::default()
        }
    });
    Ok(service.await?)
}
