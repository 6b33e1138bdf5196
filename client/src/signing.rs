//! Whose credentials sign requests to a stage: those of the stage file, or else those of whoever calls.
//!
//! With the feature `aws` the SDK looks for the latter wherever it knows; without it they come from the environment or from
//! the command line of AWS.

use aegis_signing::{EXECUTE_API, RequestSigner, SigningError};

use crate::stage::Stage;

/// # Errors
/// Where there is no region, or nowhere to look for credentials.
#[cfg(feature = "aws")]
pub async fn signer(stage: &Stage) -> Result<RequestSigner, SigningError> {
    aegis_aws::client::connection::signer(&stage.connection().load().await, EXECUTE_API)
}

/// # Errors
/// Where there is no region.
#[cfg(not(feature = "aws"))]
pub async fn signer(stage: &Stage) -> Result<RequestSigner, SigningError> {
    let region = stage.region.clone().or_else(outside::region);
    let region = region.ok_or_else(|| SigningError::saying("no region is set"))?;
    let credentials = outside::credentials(stage);
    Ok(RequestSigner::new(credentials, region, EXECUTE_API))
}

/// What the SDK would find, without the SDK.
#[cfg(not(feature = "aws"))]
mod outside {
    use std::env::var;
    use std::time::{Duration, SystemTime};

    use aws_credential_types::Credentials;
    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::{
        ProvideCredentials, Result, SharedCredentialsProvider, future,
    };
    use serde::Deserialize;
    use tokio::process::Command;
    use tokio::sync::Mutex;

    use crate::stage::Stage;

    /// Temporary credentials are looked for again so long before they end.
    const MARGIN: Duration = Duration::from_secs(300);

    pub fn region() -> Option<String> {
        let set = ["AWS_REGION", "AWS_DEFAULT_REGION"].map(|name| var(name).ok());
        set.into_iter().flatten().find(|region| !region.is_empty())
    }

    pub fn credentials(stage: &Stage) -> SharedCredentialsProvider {
        match (&stage.access_key_id, &stage.secret_access_key) {
            (Some(id), Some(secret)) => {
                let keys = Credentials::new(id, secret, None, None, "stage file");
                SharedCredentialsProvider::new(keys)
            }
            _ => SharedCredentialsProvider::new(Outside::default()),
        }
    }

    #[derive(Debug, Default)]
    struct Outside(Mutex<Option<Credentials>>);

    impl ProvideCredentials for Outside {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(self.kept())
        }
    }

    impl Outside {
        async fn kept(&self) -> Result {
            let mut kept = self.0.lock().await;
            let lasts = |keys: &&Credentials| {
                keys.expiry()
                    .is_none_or(|end| end > SystemTime::now() + MARGIN)
            };
            if let Some(keys) = kept.as_ref().filter(lasts) {
                return Ok(keys.clone());
            }
            let found = match environment() {
                Some(keys) => keys,
                None => exported().await?,
            };
            *kept = Some(found.clone());
            Ok(found)
        }
    }

    fn environment() -> Option<Credentials> {
        let (id, secret) = (
            var("AWS_ACCESS_KEY_ID").ok()?,
            var("AWS_SECRET_ACCESS_KEY").ok()?,
        );
        let token = var("AWS_SESSION_TOKEN").ok();
        Some(Credentials::new(id, secret, token, None, "environment"))
    }

    /// As `aws configure export-credentials` prints them.
    /// <https://docs.aws.amazon.com/cli/latest/reference/configure/export-credentials.html>
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Exported {
        access_key_id: String,
        secret_access_key: String,
        session_token: Option<String>,
        expiration: Option<String>,
    }

    /// Those of the profile, single sign-on or role that the command line of AWS is set up for.
    async fn exported() -> Result {
        let asked = Command::new("aws")
            .args(["configure", "export-credentials", "--format", "process"])
            .output()
            .await;
        let output = asked.map_err(|_| {
            CredentialsError::not_loaded(
                "none are in the environment, and there is no `aws` to ask",
            )
        })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(CredentialsError::not_loaded(said.trim().to_owned()));
        }
        read(&output.stdout)
    }

    fn read(printed: &[u8]) -> Result {
        let unreadable = || CredentialsError::not_loaded("`aws` printed none that can be read");
        let found: Exported = serde_json::from_slice(printed).map_err(|_| unreadable())?;
        let expiry = found.expiration.as_deref().map(|text| {
            let at: aegis_contracts::time::Timestamp = text.parse().map_err(|_| unreadable())?;
            let millis = u64::try_from(at.as_millis()).map_err(|_| unreadable())?;
            Ok(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
        });
        Ok(Credentials::new(
            found.access_key_id,
            found.secret_access_key,
            found.session_token,
            expiry.transpose()?,
            "aws configure export-credentials",
        ))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_the_command_line_of_aws_prints_is_read() {
            let printed = br#"{"Version": 1, "AccessKeyId": "id", "SecretAccessKey": "secret",
                "SessionToken": "token", "Expiration": "2026-11-30T10:00:00+00:00"}"#;
            let keys = read(printed).unwrap();
            assert_eq!(keys.session_token(), Some("token"));
            let end = SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_032_800);
            assert_eq!(keys.expiry(), Some(end));
            assert!(read(b"{}").is_err());
        }
    }
}
