//! Whether the emulator still holds what Terraform made: it can be reset behind our back.

use aegis_aws::client::connection::{Connection, Keys};
use aegis_aws::client::sts;
use serde_json::Value;

use crate::emulator::REGION;
use crate::settings::Settings;

/// The stack's root caller.
pub fn connection(settings: &Settings) -> Connection {
    Connection {
        region: Some(REGION.to_owned()),
        endpoint_url: Some(settings.aws_endpoint_url()),
        keys: Some(Keys {
            access_key_id: settings.access_key_id.clone(),
            secret_access_key: settings.secret_access_key.clone(),
        }),
    }
}

/// One cheap call that fails when the roles are gone; all else goes with them.
pub async fn stack_is_there(settings: &Settings, outputs: &Value) -> bool {
    let roles = outputs.get("agent_role_arns").and_then(Value::as_object);
    let Some(role) = roles.and_then(|roles| roles.values().next()?.as_str()) else {
        return false;
    };
    let config = connection(settings).load().await;
    sts::assume_role(&config, role, "aegis-up").await.is_ok()
}
