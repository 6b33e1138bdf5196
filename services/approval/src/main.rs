//! Takes people's decisions, over the API, by links and over the bus.

use std::sync::Arc;

use aegis_approval::{Approval, SERVICE};
use aegis_aws::lambda::{Service, start};
use aegis_aws::services::from_environment;
use aegis_engine::api::RouteGroup;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    start(SERVICE, build).await
}

async fn build() -> anyhow::Result<Service> {
    let service = from_environment(|aws, environment| {
        let approval = Arc::new(Approval {
            engine: aws.engine(environment),
            artifacts: aws.artifacts(environment),
            authorization: environment.authorization(RouteGroup::Approve),
            readers: environment.authorization(RouteGroup::Read),
            operators: environment.authorization(RouteGroup::Operate),
            keys: aws.keys(environment, false),
            api_url: environment.required("CALLBACK_API_URL"),
            approver_sources: environment.list("APPROVER_SOURCES"),
        });
        let queue = aws.external_consumer(environment, SERVICE, approval.clone());
        Service {
            api: Some(approval),
            queue: Some(queue),
            ..Service::default()
        }
    });
    Ok(service.await?)
}
