//! Temporary credentials of a role, for a program that runs others under roles of their own.

use aws_config::SdkConfig;
use aws_sdk_sts::Client;
use aws_sdk_sts::primitives::DateTimeFormat;

use super::error::CallError;

const OPERATION: &str = "AssumeRole";
/// The longest that any role allows without being asked for more.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
const LIFE_SECONDS: i32 = 3600;

/// What a role's session may act with, for at most an hour.
#[derive(Clone)]
pub struct TemporaryCredentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
    /// RFC 3339.
    pub expires_at: String,
    /// The same in seconds since 1970.
    pub expires_at_seconds: i64,
}

impl std::fmt::Debug for TemporaryCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TemporaryCredentials")
            .field("access_key_id", &self.access_key_id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Begins a session of `role_arn`; `session_name` shows up in the role's audit trail.
///
/// # Errors
/// Where the role does not exist, does not trust the caller, or STS cannot be reached.
pub async fn assume_role(
    config: &SdkConfig,
    role_arn: &str,
    session_name: &str,
) -> Result<TemporaryCredentials, CallError> {
    let answer = Client::new(config)
        .assume_role()
        .role_arn(role_arn)
        .role_session_name(session_name)
        .duration_seconds(LIFE_SECONDS)
        .send()
        .await
        .map_err(CallError::of(OPERATION))?;
    let Some(credentials) = answer.credentials else {
        return Err(CallError::saying(
            OPERATION,
            None,
            "the answer holds no credentials",
        ));
    };
    let expires_at = credentials
        .expiration
        .fmt(DateTimeFormat::DateTime)
        .map_err(|error| CallError::saying(OPERATION, None, error.to_string()))?;
    Ok(TemporaryCredentials {
        access_key_id: credentials.access_key_id,
        secret_access_key: credentials.secret_access_key,
        session_token: credentials.session_token,
        expires_at,
        expires_at_seconds: credentials.expiration.secs(),
    })
}
