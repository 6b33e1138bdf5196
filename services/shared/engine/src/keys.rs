//! The token keys of this process: loaded once, loaded again when a token names a key that is not known.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::time::Timestamp;
use tokio::sync::Mutex;

use crate::error::PortError;
use crate::link::Link;
use crate::ports::{Clock, KeyStore};
use crate::token::{Claim, TokenError, TokenKeys};

/// A forged `kid` must not turn every callback into a call of the key store: so many reloads in
/// so long a time. More than one, or keys replaced soon after a reload would be refused until the next.
const MAX_RELOADS: u32 = 5;
const RELOAD_WINDOW: Duration = Duration::from_secs(30);

pub struct KeyRing {
    store: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    /// One service makes the keys at first use; for the others missing keys are transient.
    may_create: bool,
    cached: Mutex<Cached>,
}

#[derive(Default)]
struct Cached {
    keys: Option<TokenKeys>,
    /// When the present window began, and the reloads in it.
    reloads: Option<(Timestamp, u32)>,
}

impl Cached {
    /// Counts one reload, if there may be one.
    fn may_reload(&mut self, now: Timestamp) -> bool {
        let (began, count) = self
            .reloads
            .filter(|(began, _)| now.since(*began) < RELOAD_WINDOW)
            .unwrap_or((now, 0));
        self.reloads = Some((began, count.saturating_add(1)));
        count < MAX_RELOADS
    }
}

impl KeyRing {
    pub fn new(store: Arc<dyn KeyStore>, clock: Arc<dyn Clock>, may_create: bool) -> Self {
        Self {
            store,
            clock,
            may_create,
            cached: Mutex::default(),
        }
    }

    /// # Errors
    /// Of the key store; transient if there are no keys yet and this process may not make them.
    pub async fn keys(&self) -> Result<TokenKeys, PortError> {
        let mut cached = self.cached.lock().await;
        if let Some(keys) = &cached.keys {
            return Ok(keys.clone());
        }
        let keys = self.load().await?;
        cached.keys = Some(keys.clone());
        Ok(keys)
    }

    /// # Errors
    /// The outer error is the key store's, the inner one says what is wrong with the token.
    pub async fn verify(
        &self,
        token: &str,
        claim: &Claim,
    ) -> Result<Result<(), TokenError>, PortError> {
        self.judge(|keys, now| keys.verify(token, claim, now)).await
    }

    /// What an approval link says.
    ///
    /// # Errors
    /// As of [`Self::verify`].
    pub async fn open_link(&self, token: &str) -> Result<Result<Link, TokenError>, PortError> {
        self.judge(|keys, now| Link::open(keys, token, now)).await
    }

    async fn judge<T>(
        &self,
        verdict_of: impl Fn(&TokenKeys, Timestamp) -> Result<T, TokenError> + Send,
    ) -> Result<Result<T, TokenError>, PortError> {
        let now = self.clock.now();
        let verdict = verdict_of(&self.keys().await?, now);
        if !matches!(verdict, Err(TokenError::UnknownKey)) {
            return Ok(verdict);
        }
        let mut cached = self.cached.lock().await;
        if !cached.may_reload(now) {
            return Ok(verdict);
        }
        let keys = self.load().await?;
        let verdict = verdict_of(&keys, now);
        cached.keys = Some(keys);
        Ok(verdict)
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
