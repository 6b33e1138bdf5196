//! Wiring: from the environment to an engine on AWS. Each service takes the parts it needs.

use std::sync::Arc;

use aegis_contracts::flow::Name;
use aegis_engine::apply::Engine;
use aegis_engine::external::{Gate, Senders};
use aegis_engine::keys::KeyRing;
use aegis_engine::message::QueueHandler;
use aegis_engine::ports::SystemClock;
use aws_config::environment::{
    EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider,
};
use aws_config::{BehaviorVersion, SdkConfig};

use crate::config::{ConfigError, Environment};
use crate::http;
use crate::lambda::QueueConsumer;
use crate::ports::{
    AgentCoreRuntime, DynamoTable, EventBridgeBus, OnDemand, ParameterStoreKeys, QueueUrls,
    S3Artifacts, Shards, SqsDeadLetters, SqsQueues, SqsVisibility,
};

/// The SDK's configuration, loaded once per process. There is one client for each service of AWS that is asked for, and
/// all of them send over the same HTTP client. Table, bus and agents are asked in every invocation of those who have them.
/// The clients of queues, bucket and parameters are made when they are first used.
pub struct Aws {
    config: SdkConfig,
    sqs: OnDemand<aws_sdk_sqs::Client>,
}

impl Aws {
    /// In a function region and credentials are in the environment, and nowhere else.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
    pub async fn load() -> Self {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http::one_for_all())
            .region(EnvironmentVariableRegionProvider::new())
            .credentials_provider(EnvironmentVariableCredentialsProvider::new())
            .load()
            .await;
        let sqs = on_demand(&config, aws_sdk_sqs::Client::new);
        Self { config, sqs }
    }

    pub fn engine(&self, environment: &mut Environment<'_>) -> Engine {
        let shards = Shards {
            status: environment.or("STATUS_SHARDS", 1),
            deadline: environment.or("DEADLINE_SHARDS", 4),
        };
        let urls = QueueUrls {
            agents: environment.required("AGENT_QUEUE_URLS"),
            approval: environment.required("APPROVAL_QUEUE_URL"),
        };
        let table = environment.required("WORKFLOW_TABLE");
        Engine {
            rules: environment.rules(),
            table: Arc::new(DynamoTable::new(
                aws_sdk_dynamodb::Client::new(&self.config),
                table,
                shards,
            )),
            commands: Arc::new(SqsQueues::new(self.sqs.clone(), urls)),
            clock: Arc::new(SystemClock),
            flows: Arc::new(environment.flows()),
        }
    }

    pub fn artifacts(&self, environment: &mut Environment<'_>) -> Arc<S3Artifacts> {
        let bucket = environment.required("ARTIFACT_BUCKET");
        let client = on_demand(&self.config, aws_sdk_s3::Client::new);
        Arc::new(S3Artifacts::new(client, bucket))
    }

    pub fn bus(&self, environment: &mut Environment<'_>) -> Arc<EventBridgeBus> {
        let bus = environment.required("EVENT_BUS_NAME");
        Arc::new(EventBridgeBus::new(
            aws_sdk_eventbridge::Client::new(&self.config),
            bus,
        ))
    }

    /// `may_create`: one service makes the keys at first use, the others wait for them.
    pub fn keys(&self, environment: &mut Environment<'_>, may_create: bool) -> Arc<KeyRing> {
        let name = environment.required("TOKEN_KEYS_PARAMETER");
        let client = on_demand(&self.config, aws_sdk_ssm::Client::new);
        let store = ParameterStoreKeys::new(client, name);
        Arc::new(KeyRing::new(
            Arc::new(store),
            Arc::new(SystemClock),
            may_create,
        ))
    }

    /// The runtime of one agent. Its ARN stands in a variable that is called after it: `RESEARCHER_AGENT_ARN`.
    pub fn runtime(
        &self,
        environment: &mut Environment<'_>,
        agent: &Name,
    ) -> Arc<AgentCoreRuntime> {
        let variable = agent.as_str().to_ascii_uppercase().replace('-', "_");
        let arn = environment.required(&format!("{variable}_AGENT_ARN"));
        let client = aws_sdk_bedrockagentcore::Client::new(&self.config);
        Arc::new(AgentCoreRuntime::new(client, agent.clone(), arn))
    }

    /// Where a service without a queue sets things aside.
    pub fn dead_letters(
        &self,
        environment: &mut Environment<'_>,
        service: &str,
    ) -> Arc<SqsDeadLetters> {
        let url = environment.required("DEAD_LETTER_URL");
        Arc::new(SqsDeadLetters::new(self.sqs.clone(), url, service))
    }

    /// The service's own queue, where events of other systems arrive too.
    pub fn external_consumer(
        &self,
        environment: &mut Environment<'_>,
        service: &'static str,
        handler: Arc<dyn QueueHandler>,
    ) -> Arc<QueueConsumer> {
        // Without an account nothing would be taken: that is a mistake, not a setting.
        environment.required("EXTERNAL_ACCOUNTS");
        let senders = Senders {
            sources: environment.list("EXTERNAL_SOURCES"),
            accounts: environment.list("EXTERNAL_ACCOUNTS"),
        };
        self.consumer(environment, service, Arc::new(Gate { senders, handler }))
    }

    /// The service's own queue.
    pub fn consumer(
        &self,
        environment: &mut Environment<'_>,
        service: &'static str,
        handler: Arc<dyn QueueHandler>,
    ) -> Arc<QueueConsumer> {
        let dead_letters = SqsDeadLetters::new(
            self.sqs.clone(),
            environment.required("OWN_DLQ_URL"),
            service,
        );
        let visibility =
            SqsVisibility::new(self.sqs.clone(), environment.required("OWN_QUEUE_URL"));
        Arc::new(QueueConsumer {
            handler,
            dead_letters: Arc::new(dead_letters),
            visibility: Arc::new(visibility),
            service,
        })
    }
}

fn on_demand<C: 'static>(config: &SdkConfig, make: fn(&SdkConfig) -> C) -> OnDemand<C> {
    let config = config.clone();
    OnDemand::new(move || make(&config))
}

/// Builds a service from the process environment, reporting everything that is wrong with it together.
///
/// # Errors
/// [`ConfigError`] with every problem.
pub async fn from_environment<T>(
    build: impl FnOnce(&Aws, &mut Environment<'_>) -> T,
) -> Result<T, ConfigError> {
    let aws = Aws::load().await;
    let mut environment = Environment::new(&crate::config::process);
    let built = build(&aws, &mut environment);
    environment.finish()?;
    Ok(built)
}
