//! The token keys of this process: loaded at first use, then now and then, and when a token names a
//! key that is not known.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use tokio::sync::Mutex;

use crate::error::PortError;
use crate::link::{Link, Opened};
use crate::ports::{Clock, KeyStore};
use crate::token::{Claim, TokenError, TokenKeys};

/// A forged `kid` must not turn every callback into a call of the key store: so many reloads in
/// so long a time. More than one, or keys replaced soon after a reload would be refused until the next.
const MAX_RELOADS: u32 = 5;
const RELOAD_WINDOW: Duration = Duration::from_secs(30);

/// After this the store is asked again: so soon does everybody sign with a new key, and know a
/// withdrawn one no more. Shorter than two silent attempts take, so that of the three that a step has
/// at least one begins with a good key.
const REFRESH: Duration = Duration::from_secs(2 * 60);
/// For so long the keys are used if the store cannot be asked.
pub(crate) const LONGEST_UNSEEN: Duration = Duration::from_secs(3600);

pub struct KeyRing {
    store: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    /// One service makes the keys at first use; for the others missing keys are transient.
    may_create: bool,
    cached: Mutex<Cached>,
}

#[derive(Default)]
struct Cached {
    keys: Option<Held>,
    /// When the present window began, and the reloads in it.
    reloads: Option<(Timestamp, u32)>,
}

struct Held {
    keys: TokenKeys,
    /// When the store was last asked, and when it last answered.
    asked: Timestamp,
    answered: Timestamp,
}

impl Cached {
    fn hold(&mut self, keys: &TokenKeys, now: Timestamp) {
        self.keys = Some(Held {
            keys: keys.clone(),
            asked: now,
            answered: now,
        });
    }

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
        let now = self.clock.now();
        if let Some(held) = &cached.keys
            && now.since(held.asked) < REFRESH
        {
            return Ok(held.keys.clone());
        }
        match (self.load().await, &mut cached.keys) {
            (Ok(keys), _) => {
                cached.hold(&keys, now);
                Ok(keys)
            }
            (Err(error), Some(held)) if now.since(held.answered) < LONGEST_UNSEEN => {
                tracing::warn!(%error, "the token keys were not loaded again; the known ones are used");
                held.asked = now;
                Ok(held.keys.clone())
            }
            (Err(error), _) => Err(error),
        }
    }

    /// What a callback's token proves about the workflow of this id. An id that is none is like that of another workflow:
    /// nobody learns from the answer which ones there are.
    ///
    /// # Errors
    /// The outer error is the key store's, the inner one says what is wrong with the token.
    pub async fn open(
        &self,
        token: &str,
        workflow_id: &str,
    ) -> Result<Result<Claim, TokenError>, PortError> {
        let Ok(id) = workflow_id.parse::<WorkflowId>() else {
            return Ok(Err(TokenError::Forged));
        };
        self.judge(|keys, now| keys.open(token, &id, now)).await
    }

    /// What an approval link says.
    ///
    /// # Errors
    /// As of [`Self::open`].
    pub async fn open_link(&self, token: &str) -> Result<Result<Opened, TokenError>, PortError> {
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
        cached.hold(&keys, now);
        Ok(verdict)
    }

    async fn load(&self) -> Result<TokenKeys, PortError> {
        match self.store.load().await? {
            Some(keys) => Ok(keys),
            None if self.may_create => self.store.create(&TokenKeys::made(self.clock.now())).await,
            None => Err(PortError::Transient(
                "there are no token keys yet".to_owned(),
            )),
        }
    }
}
