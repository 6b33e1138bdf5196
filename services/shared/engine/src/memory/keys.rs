//! Token keys in memory.

use std::sync::Mutex;

use async_trait::async_trait;

use super::lock;
use crate::error::PortError;
use crate::ports::KeyStore;
use crate::token::TokenKeys;

#[derive(Debug, Default)]
pub struct MemoryKeys(Mutex<Option<TokenKeys>>);

#[async_trait]
impl KeyStore for MemoryKeys {
    async fn load(&self) -> Result<Option<TokenKeys>, PortError> {
        Ok(lock(&self.0).clone())
    }

    async fn create(&self, keys: &TokenKeys) -> Result<TokenKeys, PortError> {
        Ok(lock(&self.0).get_or_insert_with(|| keys.clone()).clone())
    }
}
