//! Every minute: looks for what is due.

use std::sync::Arc;

use aegis_aws::lambda::{Service, start};
use aegis_aws::services::from_environment;
use aegis_deadlines::{Deadlines, SERVICE};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    start(SERVICE, build).await
}

async fn build() -> anyhow::Result<Service> {
    let service = from_environment(|aws, environment| {
        let deadlines = Deadlines {
            engine: aws.engine(environment),
            artifacts: aws.artifacts(environment),
            dead_letters: aws.dead_letters(environment, SERVICE),
        };
        Service {
            schedule: Some(Arc::new(deadlines)),
            ..Service::default()
        }
    });
    Ok(service.await?)
}
