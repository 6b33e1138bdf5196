//! What an agent says it produced, compared with what lies in the bucket.

use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::ids::WorkflowId;
use aegis_engine::artifacts::mismatch;
use aegis_testkit::flow::{attempt, prefix};
use aegis_testkit::harness::at_once;
use aegis_testkit::memory::MemoryArtifacts;

fn complaint(change: impl Fn(&mut ArtifactRef)) -> Option<String> {
    let bucket = MemoryArtifacts::default();
    let prefix = prefix(&WorkflowId::derive("ada", "k1"), &attempt("research", 2));
    let mut artifact = bucket.put_result(&prefix, "evidence.json", b"{}");
    change(&mut artifact);
    at_once(mismatch(&bucket, &prefix, &[artifact])).unwrap()
}

#[test]
fn what_matches_is_believed() {
    assert_eq!(complaint(|_| {}), None);
}

#[test]
fn whatever_differs_is_named() {
    let place = complaint(|artifact| artifact.key = "sources/private.txt".to_owned());
    assert!(place.unwrap().contains("does not lie under"));
    let other = complaint(|artifact| artifact.key = artifact.key.replace("/2/", "/1/"));
    assert!(other.unwrap().contains("does not lie under"));
    let missing = complaint(|artifact| artifact.key.push('x'));
    assert!(missing.unwrap().contains("does not exist"));
    let size = complaint(|artifact| artifact.size = 3);
    assert!(size.unwrap().contains("has 2 bytes, not 3"));
    let hash = complaint(|artifact| artifact.sha256 = "0".repeat(64));
    assert!(hash.unwrap().contains("another SHA-256"));
}
