//! The running stack.

use aegis_aws::client::connection::{Connection, Keys};
use aws_config::SdkConfig;
use serde_json::Value;

pub struct Stack {
    pub config: SdkConfig,
    outputs: Value,
}

/// `None`, with a line that says so, where no stack runs.
pub async fn stack() -> Option<Stack> {
    let Ok(file) = std::env::var("AEGIS_STACK") else {
        eprintln!("skipped: AEGIS_STACK names no running stack");
        return None;
    };
    let text = std::fs::read_to_string(file).unwrap();
    let description: Value = serde_json::from_str(&text).unwrap();
    let field = |name: &str| description[name].as_str().map(str::to_owned);
    let connection = Connection {
        region: field("region"),
        endpoint_url: field("aws_endpoint_url"),
        keys: Some(Keys {
            access_key_id: field("access_key_id").unwrap(),
            secret_access_key: field("secret_access_key").unwrap(),
        }),
    };
    Some(Stack {
        config: connection.load().await,
        outputs: description["outputs"].clone(),
    })
}

impl Stack {
    pub fn output(&self, name: &str) -> String {
        self.outputs[name].as_str().unwrap().to_owned()
    }
}
