//! Token keys in SSM Parameter Store, as one SecureString.

use aegis_engine::error::PortError;
use aegis_engine::ports::KeyStore;
use aegis_engine::stored::encode;
use aegis_engine::token::TokenKeys;
use async_trait::async_trait;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::types::ParameterType;

use super::fault::fault;
use super::on_demand::OnDemand;

pub struct ParameterStoreKeys {
    client: OnDemand<Client>,
    name: String,
}

impl ParameterStoreKeys {
    pub fn new(client: impl Into<OnDemand<Client>>, name: String) -> Self {
        Self {
            client: client.into(),
            name,
        }
    }
}

#[async_trait]
impl KeyStore for ParameterStoreKeys {
    async fn load(&self) -> Result<Option<TokenKeys>, PortError> {
        let sent = self
            .client
            .get_parameter()
            .name(&self.name)
            .with_decryption(true)
            .send()
            .await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(GetParameterError::ParameterNotFound(_))
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(fault("GetParameter")(error)),
        };
        let value = answer
            .parameter
            .and_then(|parameter| parameter.value)
            .unwrap_or_default();
        // The error's text may quote the value: it is left out.
        serde_json::from_str(&value).map(Some).map_err(|_| {
            PortError::Permanent(format!(
                "the parameter {} does not hold token keys",
                self.name
            ))
        })
    }

    async fn create(&self, keys: &TokenKeys) -> Result<TokenKeys, PortError> {
        let sent = self
            .client
            .put_parameter()
            .name(&self.name)
            .r#type(ParameterType::SecureString)
            .value(encode(keys)?)
            .overwrite(false)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(keys.clone()),
            // Another process was first: its keys are the ones that count.
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(PutParameterError::ParameterAlreadyExists(_))
                ) =>
            {
                self.load().await?.ok_or_else(|| {
                    PortError::Transient(format!("the parameter {} came and went", self.name))
                })
            }
            Err(error) => Err(fault("PutParameter")(error)),
        }
    }
}
