//! Hands agents the addresses of their files, over the API.

use std::sync::Arc;

use aegis_artifacts::{Artifacts, SERVICE};
use aegis_aws::lambda::{Service, start};
use aegis_aws::services::from_environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    start(SERVICE, build).await
}

async fn build() -> anyhow::Result<Service> {
    let service = from_environment(|aws, environment| {
        let artifacts = Artifacts {
            engine: aws.engine(environment),
            bucket: aws.artifacts(environment),
            keys: aws.keys(environment, false),
        };
        Service {
            api: Some(Arc::new(artifacts)),
            ..Service::default()
        }
    });
    Ok(service.await?)
}
