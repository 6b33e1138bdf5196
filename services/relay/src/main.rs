//! Publishes the table's stream on the bus, and what comes back from its dead letters.

use std::sync::Arc;

use aegis_aws::lambda::{Service, start};
use aegis_aws::services::from_environment;
use aegis_relay::{Relay, SERVICE};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    start(SERVICE, build).await
}

async fn build() -> anyhow::Result<Service> {
    let service = from_environment(|aws, environment| {
        let bus = aws.bus(environment);
        let dead_letters = aws.dead_letters(environment, SERVICE);
        let relay = Arc::new(Relay { bus, dead_letters });
        Service {
            queue: Some(aws.consumer(environment, SERVICE, relay.clone())),
            stream: Some(relay),
            ..Service::default()
        }
    });
    Ok(service.await?)
}
