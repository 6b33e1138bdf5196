//! The bucket of results.

use std::time::Duration;

use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::artifact::{COMPLETION, CompletionRecord};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::transfer::{FileToPut, Transfer};
use aegis_contracts::usage::Usage;
use aegis_engine::ports::{Artifacts, Contents, ObjectEntry, ObjectFacts};
use async_trait::async_trait;

use super::table::THEN;
use crate::flow::{attempt, prefix};

/// Stores as an agent does, and reads as anybody with a link does.
#[async_trait]
pub trait Agent: Send + Sync {
    async fn put(&self, key: &str, bytes: &[u8]);
    /// `None`: links of this implementation are not for the network.
    async fn fetch(&self, url: &str) -> Option<Vec<u8>>;
    /// The status of the answer to this request. `None` as above.
    async fn send(&self, transfer: &Transfer, bytes: &[u8]) -> Option<u16>;
}

fn own_id() -> WorkflowId {
    WorkflowId::derive("contract", &uuid::Uuid::new_v4().to_string())
}

pub async fn facts_are_size_and_hash(bucket: &dyn Artifacts, agent: &dyn Agent) {
    let key = format!(
        "{}evidence.json",
        prefix(&own_id(), &attempt("research", 1))
    );
    assert_eq!(bucket.facts(&key).await, Ok(None));
    agent.put(&key, b"abc").await;
    let facts = ObjectFacts {
        size: 3,
        sha256: Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned()),
    };
    assert_eq!(bucket.facts(&key).await, Ok(Some(facts)));
}

pub async fn what_is_not_too_large_is_read(bucket: &dyn Artifacts, agent: &dyn Agent) {
    let key = format!("{}analysis.json", prefix(&own_id(), &attempt("analyze", 1)));
    assert_eq!(bucket.read(&key, 10).await, Ok(None));
    // More than comes over the network in one piece.
    let bytes: Vec<u8> = (0..300_000_u32).map(|index| index as u8).collect();
    agent.put(&key, &bytes).await;
    let whole = bucket.read(&key, bytes.len()).await;
    assert_eq!(whole, Ok(Some(Contents::Whole(bytes.clone()))));
    let larger = bucket.read(&key, bytes.len() - 1).await;
    assert_eq!(larger, Ok(Some(Contents::TooLarge)));
    let key = format!("{}analysis.json", prefix(&own_id(), &attempt("analyze", 2)));
    agent.put(&key, b"").await;
    let empty = bucket.read(&key, 0).await;
    assert_eq!(empty, Ok(Some(Contents::Whole(Vec::new()))));
}

pub async fn completion_is_what_the_attempt_left(bucket: &dyn Artifacts, agent: &dyn Agent) {
    let id = own_id();
    let of = |number| prefix(&id, &attempt("analyze", number));
    assert_eq!(bucket.completion(&of(2)).await, Ok(None));
    let record = CompletionRecord {
        schema_version: SCHEMA_VERSION,
        workflow_id: id.clone(),
        of: attempt("analyze", 2),
        completed_at: THEN,
        summary: "three findings".to_owned(),
        artifacts: Vec::new(),
        items: None,
        usage: Usage::default(),
    };
    let key = format!("{}{COMPLETION}", of(2));
    agent.put(&key, &serde_json::to_vec(&record).unwrap()).await;
    assert_eq!(bucket.completion(&of(2)).await, Ok(Some(record)));
    assert_eq!(bucket.completion(&of(1)).await, Ok(None));

    let broken = format!("{}{COMPLETION}", of(3));
    agent.put(&broken, b"{").await;
    let outcome = bucket.completion(&of(3)).await;
    assert!(outcome.is_err_and(|error| error.is_permanent()));
}

pub async fn a_link_opens_the_object(bucket: &dyn Artifacts, agent: &dyn Agent) {
    let key = format!("{}report.md", prefix(&own_id(), &attempt("write", 1)));
    agent.put(&key, "# Bericht über ü".as_bytes()).await;
    let link = bucket.presign(&key, Duration::from_secs(60)).await.unwrap();
    if let Some(bytes) = agent.fetch(&link.url).await {
        assert_eq!(String::from_utf8_lossy(&bytes), "# Bericht über ü");
    }
}

pub async fn a_file_is_put_once_by_its_address(bucket: &dyn Artifacts, agent: &dyn Agent) {
    let key = format!("{}report.md", prefix(&own_id(), &attempt("write", 1)));
    let file = FileToPut {
        size: 3,
        sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned(),
        media_type: "text/markdown".to_owned(),
    };
    let valid = Duration::from_secs(60);
    let put = bucket.presign_put(&key, &file, valid).await.unwrap();
    for name in [
        "content-length",
        "content-type",
        "if-none-match",
        "x-amz-checksum-sha256",
    ] {
        assert!(put.headers.contains_key(name), "{name}: {put:?}");
    }
    if let Some(status) = agent.send(&put, b"abc").await {
        assert_eq!(status, 200);
        assert_eq!(agent.send(&put, b"abc").await, Some(412));
        let facts = ObjectFacts {
            size: file.size,
            sha256: Some(file.sha256),
        };
        assert_eq!(bucket.facts(&key).await, Ok(Some(facts)));
    }
}

pub async fn a_list_ends_where_the_prefix_does(bucket: &dyn Artifacts, agent: &dyn Agent) {
    let id = own_id();
    let of = |number| prefix(&id, &attempt("write", number));
    assert_eq!(bucket.list(&of(1), 10).await, Ok(Vec::new()));
    let entry = |number, name: &str| ObjectEntry {
        key: format!("{}{name}", of(number)),
        size: name.len() as u64,
    };
    let own = [entry(1, "_claim.json"), entry(1, "a.md"), entry(1, "b.md")];
    let others = [entry(2, "a.md"), entry(10, "a.md")];
    for object in own.iter().chain(&others) {
        let bytes = "x".repeat(object.size as usize);
        agent.put(&object.key, bytes.as_bytes()).await;
    }
    assert_eq!(bucket.list(&of(1), 10).await, Ok(own.to_vec()));
    assert_eq!(bucket.list(&of(1), 2).await, Ok(own[..2].to_vec()));
}
