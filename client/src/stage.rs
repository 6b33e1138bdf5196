//! The file that says where a stage is: `.aegis/stack.json`, or what `--stage` names.
//!
//! Two shapes are read: the stack's own, and what `terraform output -json` prints for a stage in
//! AWS. Says nothing about whether the stage answers.

use std::path::Path;

#[cfg(feature = "aws")]
use aegis_aws::client::connection::{Connection, Keys};
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::path::shown;

/// One deployed stage, as far as a client needs to know it.
#[derive(Debug, Clone, Deserialize)]
pub struct Stage {
    pub api_endpoint: String,
    /// Absent in the real AWS.
    #[serde(default)]
    pub aws_endpoint_url: Option<String>,
    #[serde(default)]
    pub region: Option<String>,
    /// Absent means the SDK's default credential chain.
    #[serde(default)]
    pub access_key_id: Option<String>,
    #[serde(default)]
    pub secret_access_key: Option<String>,
    #[serde(default)]
    pub api_authorization: Option<Authorization>,
    /// Every Terraform output.
    #[serde(default)]
    pub outputs: Map<String, Value>,
}

/// How the API knows its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Authorization {
    None,
    Iam,
    Jwt,
}

impl Stage {
    /// An API that asks nobody who calls.
    pub fn at(api_endpoint: String) -> Self {
        Self {
            api_endpoint,
            aws_endpoint_url: None,
            region: None,
            access_key_id: None,
            secret_access_key: None,
            api_authorization: None,
            outputs: Map::new(),
        }
    }

    /// # Errors
    /// Where the file is missing or is of neither shape.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read(path).with_context(|| format!("cannot read {}", shown(path)))?;
        let say = || format!("{} does not describe a stage", shown(path));
        let value: Value = serde_json::from_slice(&text).with_context(say)?;
        let stage: Self = serde_json::from_value(flattened(value)).with_context(say)?;
        if !stage.api_endpoint.starts_with("http") {
            // Not quoted: there may be a password in it.
            bail!("{}: `api_endpoint` is no http or https URL", shown(path));
        }
        Ok(stage)
    }

    /// How a group of routes is authorised. A stage that does not say so asks for nothing.
    pub fn authorization(&self, group: &str) -> Authorization {
        let by_group = self.outputs.get("api_route_authorization");
        let own = by_group.and_then(|groups| groups.get(group)).cloned();
        own.and_then(|mode| serde_json::from_value(mode).ok())
            .or(self.api_authorization)
            .unwrap_or(Authorization::None)
    }

    #[cfg(feature = "aws")]
    pub fn connection(&self) -> Connection {
        let keys = match (&self.access_key_id, &self.secret_access_key) {
            (Some(id), Some(secret)) => Some(Keys {
                access_key_id: id.clone(),
                secret_access_key: secret.clone(),
            }),
            _ => None,
        };
        Connection {
            region: self.region.clone(),
            endpoint_url: self.aws_endpoint_url.clone().filter(|url| !url.is_empty()),
            keys,
        }
    }

    /// A Terraform output that is a text.
    ///
    /// # Errors
    /// Where the stage file does not have it.
    pub fn output(&self, name: &str) -> Result<&str> {
        self.outputs
            .get(name)
            .and_then(Value::as_str)
            .with_context(|| format!("the stage file has no output `{name}`"))
    }

    /// The AWS account, as the queues' URLs have it: `…/<account>/<queue>`.
    pub fn account(&self) -> Option<String> {
        let (_, url) = self.output_map("queue_urls").into_iter().next()?;
        let account = url.rsplit('/').nth(1)?;
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        is_account.then(|| account.to_owned())
    }

    /// A Terraform output that maps names to texts; empty where there is none.
    pub fn output_map(&self, name: &str) -> Vec<(String, String)> {
        let Some(map) = self.outputs.get(name).and_then(Value::as_object) else {
            return Vec::new();
        };
        map.iter()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect()
    }
}

/// Brings the shape of `terraform output -json` (`{"name": {"value": …}}`) into the stack's.
fn flattened(value: Value) -> Value {
    let Value::Object(fields) = value else {
        return value;
    };
    let is_terraform =
        !fields.is_empty() && fields.values().all(|field| field.get("value").is_some());
    if !is_terraform {
        return with_outputs_authorization(fields);
    }
    let outputs: Map<String, Value> = fields
        .into_iter()
        .map(|(name, mut field)| {
            let value = field.get_mut("value").map(Value::take).unwrap_or_default();
            (name, value)
        })
        .collect();
    let mut stage = Map::new();
    for name in ["api_endpoint", "region"] {
        if let Some(value) = outputs.get(name) {
            stage.insert(name.to_owned(), value.clone());
        }
    }
    stage.insert("outputs".to_owned(), Value::Object(outputs));
    with_outputs_authorization(stage)
}

/// Terraform knows how the API is authorised, so a file need not say it again.
fn with_outputs_authorization(mut stage: Map<String, Value>) -> Value {
    let said = stage
        .get("outputs")
        .and_then(|outputs| outputs.get("api_authorization"));
    if let Some(said) = said.cloned() {
        stage.entry("api_authorization").or_insert(said);
    }
    Value::Object(stage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: &Value) -> Result<Stage> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stage.json");
        std::fs::write(&path, value.to_string()).unwrap();
        Stage::read(&path)
    }

    #[test]
    fn reads_the_local_stack() {
        let stage = read(&json!({
            "api_endpoint": "http://127.0.0.1:4566/_aws/execute-api/abc/$default",
            "aws_endpoint_url": "http://127.0.0.1:4566",
            "region": "us-east-1",
            "access_key_id": "a",
            "secret_access_key": "b",
            "outputs": {"api_authorization": "iam", "event_bus_name": "bus", "function_names": {"intake": "f"},
                "queue_urls": {"intake": "http://localhost:4566/000000000000/q"}},
        }))
        .unwrap();
        assert_eq!(stage.authorization("read"), Authorization::Iam);
        assert_eq!(stage.output("event_bus_name").unwrap(), "bus");
        assert_eq!(
            stage.output_map("function_names"),
            [("intake".to_owned(), "f".to_owned())]
        );
        #[cfg(feature = "aws")]
        assert!(stage.connection().keys.is_some());
        assert_eq!(stage.account().as_deref(), Some("000000000000"));
    }

    #[test]
    fn reads_what_terraform_prints() {
        let stage = read(&json!({
            "api_endpoint": {"sensitive": false, "type": "string", "value": "https://x.example"},
            "region": {"sensitive": false, "type": "string", "value": "eu-north-1"},
            "api_authorization": {"sensitive": false, "type": "string", "value": "none"},
            "api_route_authorization": {"value": {"start": "iam", "read": "none", "approve": "jwt"}},
        }))
        .unwrap();
        let modes = ["start", "read", "approve", "operate"].map(|group| stage.authorization(group));
        let (none, iam) = (Authorization::None, Authorization::Iam);
        assert_eq!(modes, [iam, none, Authorization::Jwt, none]);
        assert_eq!(stage.region.as_deref(), Some("eu-north-1"));
        #[cfg(feature = "aws")]
        {
            assert_eq!(stage.connection().endpoint_url, None);
            assert!(stage.connection().keys.is_none());
        }
    }

    #[test]
    fn refuses_what_is_no_stage() {
        let error = read(&json!({"outputs": {}})).unwrap_err();
        assert!(format!("{error:#}").contains("api_endpoint"), "{error:#}");
        assert!(read(&json!({"api_endpoint": "nowhere"})).is_err());
        assert!(read(&json!([])).is_err());
    }
}
