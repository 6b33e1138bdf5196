//! Signs requests to what no client here is for.

use aegis_signing::{RequestSigner, SigningError};
use aws_config::SdkConfig;

/// # Errors
/// Where the configuration has no credentials provider or no region.
pub fn signer(config: &SdkConfig, service: &'static str) -> Result<RequestSigner, SigningError> {
    let missing = |what: &str| SigningError::saying(format!("no {what} is set"));
    let credentials = config.credentials_provider();
    let credentials = credentials.ok_or_else(|| missing("source of credentials"))?;
    let region = config.region().ok_or_else(|| missing("region"))?;
    Ok(RequestSigner::new(credentials, region.to_string(), service))
}
