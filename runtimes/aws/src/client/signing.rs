//! Signs requests to an API that is authorised by IAM.
//!
//! Knows Signature Version 4 for `execute-api`; sends nothing itself. The path is signed as API
//! Gateway checks it: encoded once more than it is sent.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

use super::error::CallError;

const OPERATION: &str = "signing the request";
const SERVICE: &str = "execute-api";

/// Adds the headers that prove who calls.
#[derive(Debug, Clone)]
pub struct RequestSigner {
    credentials: SharedCredentialsProvider,
    region: String,
    service: &'static str,
}

impl RequestSigner {
    /// # Errors
    /// Where the configuration has no credentials provider or no region.
    pub fn new(config: &SdkConfig) -> Result<Self, CallError> {
        Self::for_service(config, SERVICE)
    }

    /// For a service of AWS that nothing here has a client for.
    ///
    /// # Errors
    /// As of [`Self::new`].
    pub fn for_service(config: &SdkConfig, service: &'static str) -> Result<Self, CallError> {
        let missing = |what: &str| CallError::saying(OPERATION, None, format!("no {what} is set"));
        Ok(Self {
            credentials: config
                .credentials_provider()
                .ok_or_else(|| missing("source of credentials"))?,
            region: config
                .region()
                .ok_or_else(|| missing("region"))?
                .to_string(),
            service,
        })
    }

    /// The headers to add to this request. `url` and `headers` must be sent exactly as given here.
    ///
    /// # Errors
    /// Where no credentials can be had, or the URL is none.
    pub async fn headers(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Vec<(String, String)>, CallError> {
        let credentials = self
            .credentials
            .provide_credentials()
            .await
            .map_err(|error| CallError::no_credentials(OPERATION, &error))?;
        let identity = credentials.into();
        let failed = |error: String| CallError::saying(OPERATION, None, error);
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| failed(error.to_string()))?
            .into();
        let request = SignableRequest::new(
            method,
            url,
            headers.iter().copied(),
            SignableBody::Bytes(body),
        )
        .map_err(|error| failed(error.to_string()))?;
        let (instructions, _) = sign(request, &parameters)
            .map_err(|error| failed(error.to_string()))?
            .into_parts();
        Ok(instructions
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::connection::{Connection, Keys};

    #[tokio::test]
    async fn names_region_service_and_what_was_signed() {
        let config = Connection {
            region: Some("eu-north-1".to_owned()),
            endpoint_url: Some("http://127.0.0.1:1".to_owned()),
            keys: Some(Keys {
                access_key_id: "AKID".to_owned(),
                secret_access_key: "secret".to_owned(),
            }),
        }
        .load()
        .await;
        let signed = RequestSigner::new(&config)
            .unwrap()
            .headers(
                "POST",
                "http://127.0.0.1:1/_aws/execute-api/abc/$default/workflows?limit=5",
                &[("content-type", "application/json")],
                b"{}",
            )
            .await
            .unwrap();
        let (_, value) = signed
            .iter()
            .find(|(name, _)| name == "authorization")
            .unwrap();
        assert!(
            value.starts_with("AWS4-HMAC-SHA256 Credential=AKID/"),
            "{value}"
        );
        assert!(
            value.contains("/eu-north-1/execute-api/aws4_request"),
            "{value}"
        );
        assert!(
            value.contains("SignedHeaders=content-type;host;x-amz-date"),
            "{value}"
        );
    }
}
