//! The keys that sign callback tokens, for programs that may read them.

use aegis_engine::error::PortError;
use aegis_engine::ports::KeyStore as _;
use aegis_engine::token::TokenKeys;
use aws_config::SdkConfig;
use aws_sdk_ssm::Client;

use crate::ports::ParameterStoreKeys;

/// `None`: nobody has made keys yet.
///
/// # Errors
/// Where Parameter Store refuses or cannot be reached, or the parameter holds something else.
pub async fn token_keys(
    config: &SdkConfig,
    parameter: &str,
) -> Result<Option<TokenKeys>, PortError> {
    let store = ParameterStoreKeys::new(Client::new(config), parameter.to_owned());
    store.load().await
}
