//! Writes what an attempt produced: artifacts first, then the completion record, before any callback.
//!
//! Every object is written once. What an earlier life of the same attempt has written stands, and is
//! reported instead of what was produced now.

use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::agent::AgentTask;
use aegis_contracts::artifact::{ArtifactRef, COMPLETION, CompletionRecord, is_artifact_name};
use aegis_contracts::callback::MAX_SUMMARY;
use aegis_contracts::time::Timestamp;
use aegis_contracts::usage::Usage;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::agent::{NewArtifact, Produced, WorkError};
use crate::claim;
use crate::store::{ArtifactStore, Put};

/// Largest artifact, in bytes. Far above what agents write, far below what hurts.
const MAX_ARTIFACT: usize = 32 * 1024 * 1024;

pub fn sha256_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// # Errors
/// `artifact_invalid`, permanent, for what the contract forbids; storage errors as they are.
pub async fn publish(
    store: &dyn ArtifactStore,
    task: &AgentTask,
    produced: Produced,
    usage: Usage,
    now: Timestamp,
) -> Result<CompletionRecord, WorkError> {
    let mut artifacts = Vec::new();
    for artifact in produced.artifacts {
        artifacts.push(write(store, task, artifact).await?);
    }
    let record = CompletionRecord {
        schema_version: SCHEMA_VERSION,
        workflow_id: task.workflow_id.clone(),
        of: task.of(),
        completed_at: now,
        summary: crate::text::shorten(&produced.summary, MAX_SUMMARY),
        artifacts,
        items: produced.items,
        usage,
    };
    let bytes = serde_json::to_vec(&record)
        .map_err(|error| WorkError::permanent("artifact_invalid", error.to_string()))?;
    let key = format!("{}{COMPLETION}", task.output_prefix);
    match store.put_new(&key, bytes, "application/json").await? {
        Put::Written => Ok(record),
        Put::Exists => claim::completion(store, task).await?.ok_or_else(|| {
            WorkError::transient("storage_unavailable", "the completion record vanished")
        }),
    }
}

async fn write(
    store: &dyn ArtifactStore,
    task: &AgentTask,
    artifact: NewArtifact,
) -> Result<ArtifactRef, WorkError> {
    let NewArtifact {
        name,
        media_type,
        bytes,
    } = artifact;
    check(&name, bytes.len())?;
    let key = format!("{}{name}", task.output_prefix);
    let mut size = bytes.len() as u64;
    let mut sha256 = sha256_hex(&bytes);
    if store.put_new(&key, bytes, &media_type).await? == Put::Exists {
        let bucket = store.artifact_bucket();
        let Some(earlier) = store.get(bucket, &key).await? else {
            let message = format!("`{key}` exists and cannot be read");
            return Err(WorkError::transient("storage_unavailable", message));
        };
        size = earlier.len() as u64;
        sha256 = sha256_hex(&earlier);
    }
    Ok(ArtifactRef {
        name,
        key,
        size,
        media_type,
        sha256,
    })
}

/// A name must not lead out of the attempt's prefix, nor hide a claim or a completion record.
fn check(name: &str, size: usize) -> Result<(), WorkError> {
    if !is_artifact_name(name) {
        let message = format!("`{name}` is no artifact name");
        return Err(WorkError::permanent("artifact_invalid", message));
    }
    if size > MAX_ARTIFACT {
        let message = format!("`{name}` has {size} bytes, at most {MAX_ARTIFACT} are allowed");
        return Err(WorkError::permanent("artifact_invalid", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;
    use crate::testing::task;

    fn produced(task: &AgentTask, text: &str) -> Produced {
        Produced::of(task, text, text.as_bytes().to_vec())
    }

    #[tokio::test]
    async fn the_first_life_stands() {
        let store = MemoryStore::new();
        let task = task("write", "topic", "http://127.0.0.1:9/");
        let (usage, now) = (Usage::default(), Timestamp::from_millis(1));
        // The first life wrote its artifact and died before the record.
        let orphan = format!("{}report.md", task.output_prefix);
        store.arrange(&orphan, "first");
        let record = publish(&store, &task, produced(&task, "second"), usage, now)
            .await
            .unwrap();
        assert_eq!(record.artifacts[0].sha256, sha256_hex(b"first"));
        assert_eq!(record.artifacts[0].size, 5);
        let later = Timestamp::from_millis(2);
        let again = publish(&store, &task, produced(&task, "third"), usage, later)
            .await
            .unwrap();
        assert_eq!(again, record, "the record that exists is the result");
    }

    #[test]
    fn names_stay_inside_the_prefix() {
        for name in ["", "../x", "a/b", "_claim.json", ".hidden", "a b"] {
            assert!(check(name, 1).is_err(), "{name}");
        }
        assert!(check("report.md", 1).is_ok());
        assert!(check("report.md", MAX_ARTIFACT + 1).is_err());
    }
}
