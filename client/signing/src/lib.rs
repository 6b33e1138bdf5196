//! Signs requests to a service of AWS, or to an API that is authorised by IAM, without any SDK.
//!
//! Knows Signature Version 4; sends nothing itself. The path is signed as API Gateway checks it: encoded once more than
//! it is sent.

use std::error::Error;
use std::time::SystemTime;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

/// The service of an API behind API Gateway.
pub const EXECUTE_API: &str = "execute-api";

/// A request that could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("signing the request: {message}")]
pub struct SigningError {
    message: String,
    lacks_credentials: bool,
}

impl SigningError {
    pub fn saying(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            lacks_credentials: false,
        }
    }

    fn no_credentials(error: &CredentialsError) -> Self {
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(deeper) = cause {
            reason = format!("{reason}: {deeper}");
            cause = deeper.source();
        }
        // The SDK's chain of providers lists each of them on a line of its own.
        let reason = reason.lines().next().unwrap_or_default();
        let reason = reason.trim_end_matches(". Attempted:");
        Self {
            message: format!(
                "no AWS credentials were found ({reason}): set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN where they are temporary"
            ),
            lacks_credentials: true,
        }
    }

    /// A stable word for it, for programs.
    pub const fn kind(&self) -> &'static str {
        if self.lacks_credentials {
            "no_credentials"
        } else {
            "aws_call_failed"
        }
    }
}

/// Adds the headers that prove who calls.
#[derive(Debug, Clone)]
pub struct RequestSigner {
    credentials: SharedCredentialsProvider,
    region: String,
    service: &'static str,
}

impl RequestSigner {
    #[must_use]
    pub const fn new(
        credentials: SharedCredentialsProvider,
        region: String,
        service: &'static str,
    ) -> Self {
        Self {
            credentials,
            region,
            service,
        }
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
    ) -> Result<Vec<(String, String)>, SigningError> {
        let credentials = self
            .credentials
            .provide_credentials()
            .await
            .map_err(|error| SigningError::no_credentials(&error))?;
        let identity = credentials.into();
        let failed = |error: String| SigningError::saying(error);
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
    use aws_credential_types::Credentials;

    use super::*;

    #[tokio::test]
    async fn names_region_service_and_what_was_signed() {
        let keys = Credentials::new("AKID", "secret", None, None, "test");
        let keys = SharedCredentialsProvider::new(keys);
        let signed = RequestSigner::new(keys, "eu-north-1".to_owned(), EXECUTE_API)
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
