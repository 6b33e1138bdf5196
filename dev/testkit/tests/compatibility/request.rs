//! What was asked, written once with the workflow.

use aegis_engine::stored::StoredRequest;
use serde_json::{from_value, json, to_value};

use crate::{golden, json as changes};

fn stored() -> StoredRequest {
    let request = serde_json::from_value(json!({
        "topic": "Impact of quantum computing on cryptography",
        "parameters": {"depth": "comprehensive", "sources": ["corpus:builtin", "s3://bucket/sources/"]},
        "tags": {"team": "crypto"},
    }));
    let request = StoredRequest::new(&request.unwrap(), "arn:aws:iam::123456789012:user/ada");
    request.unwrap()
}

#[test]
fn it_is_read_by_code_before_and_after() {
    let released = golden::read("request", &to_value(stored()).unwrap());
    let known: StoredRequest = from_value(released.clone()).unwrap();
    assert_eq!(to_value(&known).unwrap(), released);
    // Each key of these is data.
    for (pointer, newer) in changes::added_to(&released, &["/parameters", "/tags"]) {
        let read: StoredRequest = from_value(newer).unwrap_or_else(|e| panic!("{pointer}: {e}"));
        assert_eq!(read, known, "{pointer}");
    }
}

/// The same request must have the same fingerprint for ever: it is what tells a repetition from a conflict.
#[test]
fn a_fingerprint_does_not_change_with_the_code() {
    let released = golden::read("request", &to_value(stored()).unwrap());
    assert_eq!(json!(stored().fingerprint), released["fingerprint"]);
}
