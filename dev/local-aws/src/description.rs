//! `stack.json`: the running stack, described for scripts and for the client verbs.

use aegis_aws::client::connection::{Connection, Keys};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::emulator::REGION;
use crate::settings::Settings;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Description {
    pub api_endpoint: String,
    /// `none`, `iam` when the API wants requests signed, or `jwt` when it wants bearer tokens. The output
    /// `api_route_authorization` says it for each group of routes.
    pub api_authorization: String,
    pub aws_endpoint_url: String,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    pub agent_host_url: String,
    /// Where spans are sent to, if tracing is on.
    pub otlp_endpoint: Option<String>,
    /// The command's version that brought it up.
    pub version: String,
    /// Every Terraform output.
    pub outputs: Value,
}

impl Description {
    pub fn new(settings: &Settings, outputs: Value) -> Self {
        let text = |name: &str| {
            outputs
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            api_endpoint: text("api_endpoint"),
            api_authorization: text("api_authorization"),
            aws_endpoint_url: settings.aws_endpoint_url(),
            region: REGION.to_owned(),
            access_key_id: settings.access_key_id.clone(),
            secret_access_key: settings.secret_access_key.clone(),
            agent_host_url: settings.agent_host_url(),
            otlp_endpoint: settings.traces.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            outputs,
        }
    }

    /// With the keys of the stack's owner.
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scripts_find_endpoint_keys_and_outputs() {
        let settings = Settings::sample();
        let outputs = json!({"api_endpoint": "http://api", "queue_urls": {"intake": "http://q"}});
        let value = serde_json::to_value(Description::new(&settings, outputs)).unwrap();
        assert_eq!(value["api_endpoint"], "http://api");
        assert_eq!(value["aws_endpoint_url"], "http://127.0.0.1:14000");
        assert_eq!(value["region"], "us-east-1");
        assert_eq!(value["access_key_id"], "id");
        assert_eq!(value["secret_access_key"], "secret");
        assert_eq!(value["outputs"]["queue_urls"]["intake"], "http://q");
    }
}
