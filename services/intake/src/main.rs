//! Opens workflows and answers clients.

use std::sync::Arc;
use std::time::Duration;

use aegis_aws::lambda::{Service, start};
use aegis_aws::services::from_environment;
use aegis_engine::api::RouteGroup::{Approve, Operate, Read, Start};
use aegis_intake::{ByGroup, Intake, SERVICE};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    start(SERVICE, build).await
}

async fn build() -> anyhow::Result<Service> {
    let service = from_environment(|aws, environment| {
        let intake = Arc::new(Intake {
            engine: aws.engine(environment),
            artifacts: aws.artifacts(environment),
            api_url: environment.required("CALLBACK_API_URL"),
            authorization: ByGroup {
                start: environment.authorization(Start),
                read: environment.authorization(Read),
                operate: environment.authorization(Operate),
                approve: environment.authorization(Approve),
            },
            approval_timeout: environment
                .hours("APPROVAL_TIMEOUT_HOURS", Duration::from_secs(72 * 3600)),
            result_url_valid: environment.seconds("RESULT_URL_SECONDS", Duration::from_secs(3600)),
            bucket: environment.required("ARTIFACT_BUCKET"),
        });
        let queue = aws.external_consumer(environment, SERVICE, intake.clone());
        (
            intake.engine.clone(),
            Service {
                api: Some(intake),
                queue: Some(queue),
                ..Service::default()
            },
        )
    });
    let (engine, service) = service.await?;
    // Only this service starts workflows: what they run by is kept before the first one does.
    engine.flows.register(engine.table.as_ref()).await?;
    Ok(service)
}
