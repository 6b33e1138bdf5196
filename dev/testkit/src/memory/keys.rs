//! Token keys in memory.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::{Faults, lock};
use aegis_engine::error::PortError;
use aegis_engine::ports::KeyStore;
use aegis_engine::token::TokenKeys;

#[derive(Debug, Default)]
pub struct MemoryKeys {
    keys: Mutex<Option<TokenKeys>>,
    loads: Mutex<u32>,
    faults: Arc<Faults>,
}

impl MemoryKeys {
    pub fn new(faults: Arc<Faults>) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    /// As an operator does who rotates them.
    pub fn replace(&self, keys: TokenKeys) {
        *lock(&self.keys) = Some(keys);
    }

    /// How often somebody asked for the keys.
    pub fn loads(&self) -> u32 {
        *lock(&self.loads)
    }
}

#[async_trait]
impl KeyStore for MemoryKeys {
    async fn load(&self) -> Result<Option<TokenKeys>, PortError> {
        let effect = || {
            *lock(&self.loads) += 1;
            Ok(lock(&self.keys).clone())
        };
        self.faults.call("load_keys", effect).await
    }

    async fn create(&self, keys: &TokenKeys) -> Result<TokenKeys, PortError> {
        let effect = || {
            let mut stored = lock(&self.keys);
            Ok(stored.get_or_insert_with(|| keys.clone()).clone())
        };
        self.faults.call("create_keys", effect).await
    }
}
