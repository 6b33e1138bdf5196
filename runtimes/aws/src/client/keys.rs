//! The keys that sign callback tokens, for programs that may read or replace them.

use aegis_engine::error::PortError;
use aegis_engine::ports::KeyStore as _;
use aegis_engine::stored::encode;
use aegis_engine::token::TokenKeys;
use aws_config::SdkConfig;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ParameterType;

use super::error::CallError;
use crate::ports::ParameterStoreKeys;

const OPERATION: &str = "PutParameter";

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

/// Puts `keys` in the place of the stored ones, and reads them again: of two who do so at once, the
/// later one's stay.
///
/// # Errors
/// Where Parameter Store refuses or cannot be reached, or somebody else replaced them too.
pub async fn replace_token_keys(
    config: &SdkConfig,
    parameter: &str,
    keys: &TokenKeys,
) -> Result<(), CallError> {
    let failed = |message: String| CallError::saying(OPERATION, None, message);
    let value = encode(keys).map_err(|error| failed(error.to_string()))?;
    Client::new(config)
        .put_parameter()
        .name(parameter)
        .r#type(ParameterType::SecureString)
        .value(value)
        .overwrite(true)
        .send()
        .await
        .map_err(CallError::of(OPERATION))?;
    let stored = token_keys(config, parameter)
        .await
        .map_err(|error| failed(error.to_string()))?;
    if stored.as_ref() == Some(keys) {
        return Ok(());
    }
    Err(failed(
        "somebody else replaced the keys at the same moment: theirs stay".to_owned(),
    ))
}
