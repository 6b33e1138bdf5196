//! The Terraform variables that make a stage out of this machine.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::emulator::REGION;
use crate::settings::Settings;
use aegis_client::local::StackFolder;

/// The emulator's only account.
pub const ACCOUNT: &str = "000000000000";
pub const NAME_PREFIX: &str = "aegis";
pub const ENVIRONMENT: &str = "dev";

/// Services of AWS that functions call, agents apart, as the SDK's variables name them.
const CALLED: [&str; 5] = ["DYNAMODB", "SQS", "S3", "SSM", "EVENTBRIDGE"];

/// Where the SDK looks for agents.
const AGENTCORE: &str = "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE";

/// What the local stack sets; `settings.variables` win over these.
pub fn local(folder: &StackFolder, settings: &Settings) -> Value {
    json!({
        "name_prefix": NAME_PREFIX,
        "environment": ENVIRONMENT,
        "aws_region": REGION,
        "aws_endpoint_url": settings.aws_endpoint_url(),
        "lambda_dist_dir": folder.packages(),
        "lambda_architecture": lambda_architecture(),
        // So that a plain HTTP client can try the API; `--var api_authorization=iam` asks for SigV4.
        "api_authorization": "none",
        // An agent or Lambda that was killed is missed within a minute or two; agents here are quick.
        "lambda_timeout_seconds": 10,
        "pickup_timeout_seconds": 30,
        "start_timeout_seconds": 30,
        "heartbeat_timeout_seconds": 60,
        // So that a decision by event can be tried with any approver's name.
        "approver_sources": ["*"],
        "agent_role_trusted_arns": [format!("arn:aws:iam::{ACCOUNT}:root")],
        "extra_lambda_environment": lambda_environment(settings),
        "agents": agents(settings),
    })
}

/// Each with the name by which it is asked for here.
pub fn agents(settings: &Settings) -> Value {
    let agents = settings.configuration.agents.iter();
    let agents = agents.map(|(name, agent)| {
        let arn = runtime_arn(name.as_str());
        let mut of = json!({"arn": arn, "reads_sources": agent.reads_sources});
        if let Some(attempts) = settings.attempts {
            of["retries"] = json!({"attempts": attempts});
        }
        (name.to_string(), of)
    });
    Value::Object(agents.collect())
}

/// The name by which dispatchers ask for an agent; the agent host knows the same.
pub fn runtime_arn(agent: &str) -> String {
    format!(
        "arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:runtime/{NAME_PREFIX}-{ENVIRONMENT}-{agent}"
    )
}

/// Where functions on this machine find agents and a receiver of spans.
pub fn lambda_environment(settings: &Settings) -> BTreeMap<String, String> {
    let mut environment = BTreeMap::new();
    if !settings.has_instant_agents() {
        environment.insert(AGENTCORE.to_owned(), settings.agent_host_url());
    }
    if settings.faults {
        // One by one: what the emulator says of AWS as a whole wins over what a function is given.
        let proxied = CALLED.map(|service| {
            let name = format!("AWS_ENDPOINT_URL_{service}");
            (name, settings.called_endpoint_url())
        });
        environment.extend(proxied);
    }
    if let Some(traces) = &settings.traces {
        environment.insert("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), traces.to_owned());
    }
    environment
}

pub fn lambda_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "x86_64",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dispatchers_find_the_agent_host_and_the_agents_names() {
        let folder = StackFolder::new("/stack".into());
        let settings = Settings {
            traces: Some("http://127.0.0.1:4318".to_owned()),
            ..Settings::sample()
        };
        let variables = local(&folder, &settings);
        let environment = &variables["extra_lambda_environment"];
        assert_eq!(environment[AGENTCORE], "http://127.0.0.1:14001");
        assert_eq!(
            environment["OTEL_EXPORTER_OTLP_ENDPOINT"],
            "http://127.0.0.1:4318"
        );
        let writer = &variables["agents"]["writer"];
        assert_eq!(writer["arn"], runtime_arn("writer"));
        assert_eq!(variables["agents"]["researcher"]["reads_sources"], true);
        assert!(!variables.to_string().contains("secret"));
        assert!(environment.get("AWS_ENDPOINT_URL_SQS").is_none());
        let mut settings = Settings {
            faults: true,
            ..settings
        };
        let environment = local(&folder, &settings)["extra_lambda_environment"].clone();
        assert_eq!(
            environment["AWS_ENDPOINT_URL_DYNAMODB"],
            "http://127.0.0.1:14002"
        );
        assert_eq!(environment[AGENTCORE], "http://127.0.0.1:14001");
        let instant = ("instant_agents".to_owned(), "true".to_owned());
        settings.variables.extend([instant]);
        let environment = lambda_environment(&settings);
        assert!(!environment.contains_key(AGENTCORE));
    }
}
