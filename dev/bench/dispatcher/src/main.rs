//! What a team that keeps its flow in Step Functions writes to start an agent on AgentCore: a function that hands the
//! agent its task, the task token in it, and ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use aegis_aws::services::from_environment;
use aegis_contracts::agent::{AgentTask, Role};
use aegis_contracts::ids::SessionId;
use aegis_engine::ports::AgentRuntime;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

const ARNS: [(Role, &str); 3] = [
    (Role::Researcher, "RESEARCHER_AGENT_ARN"),
    (Role::Analyst, "ANALYST_AGENT_ARN"),
    (Role::Writer, "WRITER_AGENT_ARN"),
];

type Runtimes = BTreeMap<Role, Arc<dyn AgentRuntime>>;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let runtimes: Runtimes = from_environment(|aws, environment| {
        let runtime = |(role, variable)| (role, aws.runtime(environment, role, variable) as _);
        ARNS.into_iter().map(runtime).collect()
    })
    .await?;
    let runtimes = &runtimes;
    let handler =
        |event: LambdaEvent<Value>| async move { dispatch(runtimes, event.payload).await };
    lambda_runtime::run(service_fn(handler))
        .await
        .map_err(anyhow::Error::from_boxed)
}

async fn dispatch(runtimes: &Runtimes, task: Value) -> Result<Value, Error> {
    let task: AgentTask = serde_json::from_value(task)?;
    let runtime = runtimes.get(&task.role).ok_or("no such agent")?;
    let session = SessionId::derive(&task.workflow_id, task.role, task.attempt).runtime_session();
    let answer = runtime.invoke(task.role, &session, &task).await?;
    println!(
        "{}",
        json!({"workflow_id": task.workflow_id, "role": task.role, "message": "invoked"})
    );
    Ok(json!(answer))
}
