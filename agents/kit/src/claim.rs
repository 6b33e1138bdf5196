//! Who works on an attempt: claims in storage.
//!
//! `_claim.json` is put with `If-None-Match: *`, so one caller gets it. It names the runtime session.
//!
//! **Taking over.** When the process that claimed died, the claim remains. AgentCore routes a session to one container
//! as long as that container lives. So an invocation of the *same* session which finds the session's claim, no
//! completion record and nobody at work in this process was routed here because the claimant is gone: it takes the attempt over, by
//! putting the next claim, `_claim-2.json`, again with `If-None-Match: *`. Of several that try, one wins. A claim of *another* session is
//! respected for ever. After [`MAX_LIVES`] lives the attempt is reported as failed instead: work that kills its process would do it again.
//!
//! **Why this is safe** even where routing lies (a container that was thought dead and is not): a claim only saves double work. What makes double
//! work harmless is that every object is written once: the first artifact and the first completion record stand, the second life finds
//! them and reports the very same result; see `publish`. Both lives send the same callback, of which the platform takes one.

use aegis_contracts::agent::AgentTask;
use aegis_contracts::artifact::{CLAIM, COMPLETION, CompletionRecord};
use aegis_contracts::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::{ArtifactStore, Put, StoreError};

/// Processes that may try one attempt.
pub const MAX_LIVES: u32 = 3;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The runtime session, as in the invocation's header.
    pub session: String,
    /// One invocation. Tells our own claim, written by a try whose answer got lost, from an earlier one.
    pub invocation: String,
    /// When it was invoked, for those who look how long attempts waited. Claims of older images do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// What an invocation may do.
#[derive(Debug, PartialEq)]
pub enum Begun {
    /// Work; `life` counts from 1.
    Work { life: u32 },
    /// Say again what was produced.
    Completed(CompletionRecord),
    /// Nothing: it belongs to another session.
    Foreign { session: String },
    /// Say that it failed: [`MAX_LIVES`] processes died of it.
    WornOut,
}

/// # Errors
/// Where storage fails, or holds a record that this code cannot read (written by newer code).
pub async fn begin(
    store: &dyn ArtifactStore,
    task: &AgentTask,
    claim: &Claim,
) -> Result<Begun, StoreError> {
    if let Some(record) = completion(store, task).await? {
        return Ok(Begun::Completed(record));
    }
    let bytes = serde_json::to_vec(claim).map_err(unreadable)?;
    for life in 1..=MAX_LIVES {
        let key = key(&task.output_prefix, life);
        let put = store.put_new(&key, bytes.clone(), "application/json");
        if put.await? == Put::Written {
            return Ok(Begun::Work { life });
        }
        let Some(found) = read::<Claim>(store, &key).await? else {
            return Err(unreadable(format!("{key} exists and cannot be found")));
        };
        if found.invocation == claim.invocation {
            return Ok(Begun::Work { life });
        }
        if found.session != claim.session {
            return Ok(Begun::Foreign {
                session: found.session,
            });
        }
    }
    Ok(Begun::WornOut)
}

/// The attempt's completion record, if it is complete.
///
/// # Errors
/// Like [`begin`].
pub async fn completion(
    store: &dyn ArtifactStore,
    task: &AgentTask,
) -> Result<Option<CompletionRecord>, StoreError> {
    read(store, &format!("{}{COMPLETION}", task.output_prefix)).await
}

/// Where the claims of an attempt lie that has this prefix.
pub fn keys(prefix: &str) -> impl Iterator<Item = String> {
    (1..=MAX_LIVES).map(move |life| key(prefix, life))
}

fn key(prefix: &str, life: u32) -> String {
    if life == 1 {
        return format!("{prefix}{CLAIM}");
    }
    let stem = CLAIM.trim_end_matches(".json");
    format!("{prefix}{stem}-{life}.json")
}

async fn read<T: serde::de::DeserializeOwned>(
    store: &dyn ArtifactStore,
    key: &str,
) -> Result<Option<T>, StoreError> {
    let Some(bytes) = store.get(store.artifact_bucket(), key).await? else {
        return Ok(None);
    };
    let parsed = serde_json::from_slice(&bytes);
    parsed
        .map(Some)
        .map_err(|error| unreadable(format!("{key}: {error}")))
}

fn unreadable(error: impl ToString) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;
    use crate::testing::task;

    fn claim(session: &str, invocation: &str) -> Claim {
        Claim {
            session: session.to_owned(),
            invocation: invocation.to_owned(),
            at: None,
        }
    }

    /// A claim outlives the image that wrote it: a takeover is by whatever image runs then.
    #[test]
    fn a_claim_is_read_by_images_before_and_after() {
        let released = r#"{"session":"s","invocation":"i"}"#;
        assert_eq!(serde_json::to_string(&claim("s", "i")).unwrap(), released);
        let newer = r#"{"session":"s","invocation":"i","added_later":{"deep":[1]}}"#;
        for json in [released, newer] {
            let read: Claim = serde_json::from_str(json).unwrap();
            assert_eq!(read, claim("s", "i"));
        }
        let with_time = r#"{"session":"s","invocation":"i","at":"2026-11-28T21:00:00.000Z"}"#;
        let read: Claim = serde_json::from_str(with_time).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), with_time);
    }

    #[tokio::test]
    async fn the_same_session_takes_over_a_bounded_number_of_times() {
        let store = MemoryStore::new();
        let task = task("research", "topic", "http://127.0.0.1:9/");
        for life in 1..=MAX_LIVES {
            let begun = begin(&store, &task, &claim("s", &life.to_string())).await;
            assert_eq!(begun, Ok(Begun::Work { life }));
        }
        let begun = begin(&store, &task, &claim("s", "another")).await;
        assert_eq!(begun, Ok(Begun::WornOut));
    }

    #[tokio::test]
    async fn another_session_is_respected() {
        let store = MemoryStore::new();
        let task = task("research", "topic", "http://127.0.0.1:9/");
        begin(&store, &task, &claim("s", "1")).await.unwrap();
        let begun = begin(&store, &task, &claim("t", "2")).await.unwrap();
        let session = "s".to_owned();
        assert_eq!(begun, Begun::Foreign { session });
    }

    #[tokio::test]
    async fn a_claim_whose_answer_was_lost_is_our_own() {
        let store = MemoryStore::new();
        let task = task("research", "topic", "http://127.0.0.1:9/");
        let ours = claim("s", "1");
        begin(&store, &task, &ours).await.unwrap();
        let begun = begin(&store, &task, &ours).await.unwrap();
        assert_eq!(begun, Begun::Work { life: 1 });
    }

    #[tokio::test]
    async fn storage_that_fails_claims_nothing() {
        let store = MemoryStore::new();
        let fault = StoreError::Unavailable("down".to_owned());
        store.fail_with(Some(fault.clone()));
        let task = task("research", "topic", "http://127.0.0.1:9/");
        assert_eq!(begin(&store, &task, &claim("s", "1")).await, Err(fault));
    }
}
