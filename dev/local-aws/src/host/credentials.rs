//! Lends each agent its own role: temporary credentials in the form in which the AWS SDKs take
//! them from a container's credentials endpoint.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aegis_aws::client::error::CallError;
use aegis_aws::client::sts::{TemporaryCredentials, assume_role};
use aws_config::SdkConfig;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::host::plan::Agent;

/// SDKs fetch anew shortly before the end; what they get must then still live for a while.
const FRESH_FOR: Duration = Duration::from_secs(15 * 60);

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerCredentials {
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiration: String,
}

/// One agent's credentials, kept while they are fresh.
pub struct Lender {
    role_arn: String,
    session: String,
    token: String,
    kept: Mutex<Option<TemporaryCredentials>>,
}

impl Lender {
    pub fn new(agent: &Agent) -> Self {
        Self {
            role_arn: agent.role_arn.clone(),
            session: format!("{}-agent", agent.name),
            token: agent.credentials_token.clone(),
            kept: Mutex::new(None),
        }
    }

    /// Whether the caller is the agent that these credentials are for.
    pub fn knows(&self, authorization: Option<&str>) -> bool {
        authorization == Some(self.token.as_str())
    }

    pub async fn lend(&self, config: &SdkConfig) -> Result<ContainerCredentials, CallError> {
        let mut kept = self.kept.lock().await;
        let credentials = match kept.take() {
            Some(credentials) if is_fresh(&credentials, SystemTime::now()) => credentials,
            _ => assume_role(config, &self.role_arn, &self.session).await?,
        };
        *kept = Some(credentials.clone());
        Ok(ContainerCredentials {
            access_key_id: credentials.access_key_id,
            secret_access_key: credentials.secret_access_key,
            token: credentials.session_token,
            expiration: credentials.expires_at,
        })
    }
}

fn is_fresh(credentials: &TemporaryCredentials, now: SystemTime) -> bool {
    let end = u64::try_from(credentials.expires_at_seconds).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(end) > now + FRESH_FOR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_renewed_well_before_their_end() {
        let now = UNIX_EPOCH + Duration::from_secs(100_000);
        let until = |seconds: i64| TemporaryCredentials {
            access_key_id: String::new(),
            secret_access_key: String::new(),
            session_token: String::new(),
            expires_at: String::new(),
            expires_at_seconds: seconds,
        };
        assert!(is_fresh(&until(100_000 + 901), now));
        assert!(!is_fresh(&until(100_000 + 900), now));
        assert!(!is_fresh(&until(0), now));
    }
}
