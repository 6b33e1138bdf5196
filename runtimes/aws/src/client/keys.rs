//! The keys that sign callback tokens, for programs that may read or replace them.

use aegis_engine::error::PortError;
use aegis_engine::ports::KeyStore as _;
use aegis_engine::stored::encode;
use aegis_engine::token::TokenKeys;
use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ParameterType;

use super::error::CallError;
use crate::ports::ParameterStoreKeys;

const READ: &str = "GetParameter";
const WRITE: &str = "PutParameter";

/// `None`: nobody has made keys yet.
///
/// # Errors
/// Where there are no credentials, Parameter Store refuses or cannot be reached, or the parameter holds something else.
pub async fn token_keys(
    config: &SdkConfig,
    parameter: &str,
) -> Result<Option<TokenKeys>, CallError> {
    if let Some(provider) = config.credentials_provider() {
        let found = provider.provide_credentials().await;
        found.map_err(|error| CallError::no_credentials(READ, &error))?;
    }
    let store = ParameterStoreKeys::new(Client::new(config), parameter.to_owned());
    // Whether a service would try again does not matter to a person.
    store.load().await.map_err(|error| match error {
        PortError::Transient(what) | PortError::Throttled(what) | PortError::Permanent(what) => {
            CallError::saying(READ, None, what)
        }
    })
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
    let failed = |message: String| CallError::saying(WRITE, None, message);
    let value = encode(keys).map_err(|error| failed(error.to_string()))?;
    Client::new(config)
        .put_parameter()
        .name(parameter)
        .r#type(ParameterType::SecureString)
        .value(value)
        .overwrite(true)
        .send()
        .await
        .map_err(CallError::of(WRITE))?;
    let stored = token_keys(config, parameter).await?;
    if stored.as_ref() == Some(keys) {
        return Ok(());
    }
    Err(failed(
        "somebody else replaced the keys at the same moment: theirs stay".to_owned(),
    ))
}
