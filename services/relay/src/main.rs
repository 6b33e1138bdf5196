//! Publishes the table's stream on the bus.

use std::sync::Arc;

use aegis_platform::lambda::{Service, start};
use aegis_platform::services::from_environment;
use aegis_relay::{Relay, SERVICE};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    start(SERVICE, build).await
}

async fn build() -> anyhow::Result<Service> {
    let service = from_environment(|aws, environment| {
        let bus = aws.bus(environment);
        let dead_letters = aws.dead_letters(environment, SERVICE);
        let relay = Relay { bus, dead_letters };
        Service {
            stream: Some(Arc::new(relay)),
            ..Service::default()
        }
    });
    Ok(service.await?)
}
