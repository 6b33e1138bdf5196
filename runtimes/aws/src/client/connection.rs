//! How a program outside Lambda reaches one stage's AWS: region, endpoint and keys.
//!
//! Knows nothing of what a stage holds. With neither endpoint nor keys given it is the SDK's own
//! way of finding them: environment, profile, single sign-on.

use aegis_signing::{RequestSigner, SigningError};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;

/// Where AWS is and who calls it.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// Missing means the SDK's default region.
    pub region: Option<String>,
    /// Missing means the real AWS.
    pub endpoint_url: Option<String>,
    /// Missing means the SDK's default credential chain.
    pub keys: Option<Keys>,
}

/// Long-term keys of a user.
#[derive(Clone)]
pub struct Keys {
    pub access_key_id: String,
    pub secret_access_key: String,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Reads profile files, but calls nothing: credentials are fetched when first needed.
    pub async fn load(&self) -> SdkConfig {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint) = &self.endpoint_url {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(keys) = &self.keys {
            loader = loader.credentials_provider(Credentials::new(
                &keys.access_key_id,
                &keys.secret_access_key,
                None,
                None,
                "stage file",
            ));
        }
        loader.load().await
    }
}

/// Signs requests to what no client here is for.
///
/// # Errors
/// Where the configuration has no credentials provider or no region.
pub fn signer(config: &SdkConfig, service: &'static str) -> Result<RequestSigner, SigningError> {
    let missing = |what: &str| SigningError::saying(format!("no {what} is set"));
    let credentials = config.credentials_provider();
    let credentials = credentials.ok_or_else(|| missing("source of credentials"))?;
    let region = config.region().ok_or_else(|| missing("region"))?;
    Ok(RequestSigner::new(credentials, region.to_string(), service))
}
