//! The store of token keys: made once, whoever comes first.

use aegis_engine::ports::KeyStore;
use aegis_engine::token::TokenKeys;
use futures::future::join_all;

/// `store` must be empty.
pub async fn keys_are_made_once(store: &dyn KeyStore) {
    assert_eq!(store.load().await, Ok(None));
    let candidates: Vec<TokenKeys> = (0..4).map(|_| TokenKeys::generate()).collect();
    let made = join_all(candidates.iter().map(|keys| store.create(keys))).await;
    let stored = store.load().await.unwrap().expect("keys are stored");
    assert!(candidates.contains(&stored));
    for returned in made {
        assert_eq!(returned, Ok(stored.clone()), "all are told the same keys");
    }
    let late = store.create(&TokenKeys::generate()).await;
    assert_eq!(late, Ok(stored));
}
