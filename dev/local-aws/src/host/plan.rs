//! What the agent host is to run: written by `up`, read when the host starts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use aegis_aws::client::connection::{Connection, Keys};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::binaries::agent_binary;
use crate::configuration::Source;
use crate::emulator::REGION;
use crate::environment;
use crate::packages::program_path;
use crate::settings::Settings;
use crate::terraform::variables::{ENVIRONMENT, runtime_arn};
use aegis_client::local::StackFolder;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    /// Address and port that the host listens at.
    pub bind: String,
    pub region: String,
    pub aws_endpoint_url: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    pub agents: Vec<Agent>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Agent {
    pub name: String,
    /// Missing: somebody else runs it.
    pub program: Option<PathBuf>,
    /// Base URL of the agent's own server.
    pub url: String,
    pub runtime_arn: String,
    pub role_arn: String,
    /// All of the agent's environment.
    pub environment: BTreeMap<String, String>,
    /// What the agent shows to get its credentials, and no other agent's.
    pub credentials_token: String,
    pub log: PathBuf,
}

impl Plan {
    /// `outputs` are Terraform's.
    pub fn new(folder: &StackFolder, settings: &Settings, outputs: &Value) -> Self {
        let numbered = (0_u16..).zip(&settings.configuration.agents);
        let agents = numbered.map(|(index, (name, agent))| {
            let place = (name.as_str(), settings.agent_port(index));
            Agent::new(folder, settings, outputs, place, &agent.source)
        });
        Self {
            bind: format!("127.0.0.1:{}", settings.agent_host_port()),
            region: REGION.to_owned(),
            aws_endpoint_url: settings.aws_endpoint_url(),
            access_key_id: settings.access_key_id.clone(),
            secret_access_key: settings.secret_access_key.clone(),
            agents: agents.collect(),
        }
    }

    /// How the host itself calls STS.
    pub fn connection(&self) -> Connection {
        Connection {
            region: Some(self.region.clone()),
            endpoint_url: Some(self.aws_endpoint_url.clone()),
            keys: Some(Keys {
                access_key_id: self.access_key_id.clone(),
                secret_access_key: self.secret_access_key.clone(),
            }),
        }
    }
}

impl Agent {
    fn new(
        folder: &StackFolder,
        settings: &Settings,
        outputs: &Value,
        (name, port): (&str, u16),
        source: &Source,
    ) -> Self {
        let (program, url) = match source {
            Source::BuiltIn(agent) => (
                Some(program_path(folder, &agent_binary(agent))),
                format!("http://127.0.0.1:{port}"),
            ),
            Source::Url(url) => (None, url.clone()),
        };
        let bucket = text_at(outputs, "/artifact_bucket_name");
        let environment = environment_of(folder, settings, bucket, (name, port));
        Self {
            name: name.to_owned(),
            program,
            url,
            runtime_arn: runtime_arn(name),
            role_arn: text_at(outputs, &format!("/agent_role_arns/{name}")),
            environment,
            credentials_token: settings.credentials_token(name),
            log: folder.log_file(&format!("{name}-agent")),
        }
    }
}

fn text_at(outputs: &Value, path: &str) -> String {
    let text = outputs.pointer(path).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn environment_of(
    folder: &StackFolder,
    settings: &Settings,
    bucket: String,
    (name, port): (&str, u16),
) -> BTreeMap<String, String> {
    let credentials = format!("{}/credentials/{name}", settings.agent_host_url());
    let token = settings.credentials_token(name);
    let log_level = std::env::var("LOG_LEVEL").unwrap_or_else(|_| "INFO".to_owned());
    let mut environment = environment::clean(&folder.temporary());
    let pairs = [
        ("AGENT_BIND", format!("127.0.0.1:{port}")),
        ("ARTIFACT_BUCKET", bucket),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ENDPOINT_URL", settings.called_endpoint_url()),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", credentials),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", token),
        ("ENVIRONMENT", ENVIRONMENT.to_owned()),
        ("LOG_LEVEL", log_level),
    ];
    environment.extend(pairs.map(|(name, value)| (name.to_owned(), value)));
    if let Some(traces) = &settings.traces {
        environment.insert("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), traces.clone());
    }
    environment
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_agent_gets_its_own_role_port_and_token() {
        let folder = StackFolder::new("/stack".into());
        let settings = Settings::sample();
        let outputs = json!({
            "artifact_bucket_name": "bucket",
            "agent_role_arns": {"researcher": "arn:r", "analyst": "arn:a", "writer": "arn:w"},
        });
        let plan = Plan::new(&folder, &settings, &outputs);
        let analyst = &plan.agents[0];
        assert_eq!(analyst.role_arn, "arn:a");
        assert_eq!(analyst.url, "http://127.0.0.1:14008");
        assert_eq!(analyst.environment["AGENT_BIND"], "127.0.0.1:14008");
        assert_eq!(analyst.environment["ARTIFACT_BUCKET"], "bucket");
        assert_ne!(analyst.credentials_token, plan.agents[2].credentials_token);
        // The stack's root keys are not for agents.
        assert!(!format!("{:?}", analyst.environment).contains("secret"));
    }
}
