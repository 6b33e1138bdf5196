//! The token keys of this process: loaded once, loaded again when a token names a key that is not known.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::time::Timestamp;
use tokio::sync::Mutex;

use crate::error::PortError;
use crate::ports::{Clock, KeyStore};
use crate::token::{Claim, TokenError, TokenKeys};

/// A forged `kid` must not turn every callback into a call of the key store.
const RELOAD_EVERY: Duration = Duration::from_secs(30);

pub struct KeyRing {
    store: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    /// One service makes the keys at first use; for the others missing keys are transient.
    may_create: bool,
    cached: Mutex<Option<(TokenKeys, Timestamp)>>,
}

impl KeyRing {
    pub fn new(store: Arc<dyn KeyStore>, clock: Arc<dyn Clock>, may_create: bool) -> Self {
        Self {
            store,
            clock,
            may_create,
            cached: Mutex::new(None),
        }
    }

    /// # Errors
    /// Of the key store; transient if there are no keys yet and this process may not make them.
    pub async fn keys(&self) -> Result<TokenKeys, PortError> {
        let mut cached = self.cached.lock().await;
        if let Some((keys, _)) = cached.as_ref() {
            return Ok(keys.clone());
        }
        let keys = self.load().await?;
        *cached = Some((keys.clone(), self.clock.now()));
        Ok(keys)
    }

    /// # Errors
    /// The outer error is the key store's, the inner one says what is wrong with the token.
    pub async fn verify(
        &self,
        token: &str,
        claim: &Claim,
    ) -> Result<Result<(), TokenError>, PortError> {
        let now = self.clock.now();
        let verdict = self.keys().await?.verify(token, claim, now);
        if verdict != Err(TokenError::UnknownKey) {
            return Ok(verdict);
        }
        let mut cached = self.cached.lock().await;
        let fresh = cached
            .as_ref()
            .is_some_and(|(_, at)| now.since(*at) < RELOAD_EVERY);
        if fresh {
            return Ok(verdict);
        }
        let keys = self.load().await?;
        *cached = Some((keys.clone(), now));
        Ok(keys.verify(token, claim, now))
    }

    async fn load(&self) -> Result<TokenKeys, PortError> {
        match self.store.load().await? {
            Some(keys) => Ok(keys),
            None if self.may_create => self.store.create(&TokenKeys::generate()).await,
            None => Err(PortError::Transient(
                "there are no token keys yet".to_owned(),
            )),
        }
    }
}
