//! How documents are uploaded.

use aegis_contracts::sources::{SourceUploads, source_prefix};
use aegis_engine::api::Authorization;
use aegis_engine::error::PortError;
use aegis_testkit::harness::Harness;
use aegis_testkit::requests::{With, ask, ok, problem, refusal, request, tells_of_port_errors};
use serde_json::{Value, json};

use crate::{because, service, with};

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const ROUTE: &str = "POST /sources";

fn file(sha256: &str) -> Value {
    json!({"size": 3, "sha256": sha256, "media_type": "text/markdown"})
}

fn asked(set: &str, names: &[&str]) -> Value {
    let files = names.iter().map(|name| ((*name).to_owned(), file(ABC)));
    json!({"set": set, "files": files.collect::<serde_json::Map<_, _>>()})
}

fn told(harness: &Harness, body: Value) -> SourceUploads {
    let answer = ask(service(harness).as_ref(), &request(ROUTE).json(body));
    let secret = ("cache-control", "no-store".to_owned());
    assert!(answer.headers.contains(&secret), "{:?}", answer.headers);
    serde_json::from_value(ok(200, &answer)).unwrap()
}

#[test]
fn only_what_is_missing_is_uploaded() {
    let harness = Harness::empty();
    let body = asked("handbook", &["a.md", "b/c d.md"]);
    let first = told(&harness, body.clone());
    let prefix = source_prefix("anonymous", "handbook");
    assert_eq!(first.uri, format!("s3://bucket/{prefix}"));
    for (name, upload) in &first.uploads {
        assert_eq!(upload.url, format!("memory:///{prefix}{name}"));
        assert_eq!(upload.headers["content-length"], "3");
        assert_eq!(upload.headers["if-none-match"], "*");
        assert_eq!(upload.headers["x-amz-checksum-sha256"], ABC);
    }
    assert_eq!(first.uploads.len(), 2);
    assert_eq!(told(&harness, body.clone()), first, "asking keeps nothing");
    let bucket = &harness.ports.artifacts;
    bucket.put(&format!("{prefix}a.md"), b"abc");
    let missing = told(&harness, body.clone()).uploads.into_keys();
    assert_eq!(missing.collect::<Vec<_>>(), ["b/c d.md"]);
    bucket.put(&format!("{prefix}b/c d.md"), b"abc");
    assert!(told(&harness, body).uploads.is_empty());
}

#[test]
fn a_file_of_another_content_is_not_taken_for_the_one_that_is_there() {
    let harness = Harness::empty();
    let key = format!("{}a.md", source_prefix("anonymous", "handbook"));
    // Of the same size too.
    harness.ports.artifacts.put(&key, b"abd");
    let body = asked("handbook", &["a.md", "b.md"]);
    let answer = ask(service(&harness).as_ref(), &request(ROUTE).json(body));
    let problem = problem(&answer);
    assert_eq!(
        (problem.status, problem.code.as_str()),
        (409, "source_conflict")
    );
    assert!(problem.detail.contains("`a.md`"), "{}", problem.detail);
    assert_eq!(told(&harness, asked("other", &["a.md"])).uploads.len(), 1);
}

#[test]
fn nobody_reaches_the_set_of_another_caller() {
    let harness = Harness::empty();
    let strict = with(&harness, Authorization::Iam);
    let uri = |arn: &str, set: &str| {
        let post = request(ROUTE).json(asked(set, &["a.md"])).signed_by(arn);
        ok(200, &ask(strict.as_ref(), &post))["uri"].clone()
    };
    let (ada, bob) = ("arn:aws:iam::1:user/ada", "arn:aws:iam::1:user/bob");
    assert_eq!(uri(ada, "handbook"), uri(ada, "handbook"));
    assert_ne!(uri(ada, "handbook"), uri(bob, "handbook"));
    assert_ne!(uri(ada, "handbook"), uri(ada, "other"));
}

#[test]
fn hostile_names_and_files_too_many_or_too_large_are_refused() {
    let harness = Harness::empty();
    let service = service(&harness);
    let mut large = asked("a", &["a.md"]);
    large["files"]["a.md"]["size"] = json!(32 * 1024 * 1024 + 1);
    let mut unreadable = asked("a", &["a.md"]);
    unreadable["files"]["a.md"]["sha256"] = json!("abc");
    let many: Vec<String> = (0..26).map(|number| number.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for body in [
        asked("a", &["../a.md"]),
        asked("a", &["b/../../a.md"]),
        asked("a", &["/a.md"]),
        asked("a", &["a\u{202e}.md"]),
        asked("a", &["a\n.md"]),
        asked("../a", &["a.md"]),
        asked("a", &[]),
        asked("a", &many),
        large,
        unreadable,
    ] {
        let refused = refusal(service.as_ref(), &request(ROUTE).json(body.clone()));
        assert_eq!(refused, because(400, "invalid_request"), "{body}");
    }
    let twice = format!(
        r#"{{"set": "a", "files": {{"a": {0}, "a": {0}}}}}"#,
        file(ABC)
    );
    let twice = request(ROUTE).body(twice.as_bytes());
    assert_eq!(
        refusal(service.as_ref(), &twice),
        because(400, "invalid_request")
    );
}

#[test]
fn errors_of_the_bucket_say_whether_to_try_again() {
    for operation in ["facts", "presign_put"] {
        tells_of_port_errors(&|error: PortError| {
            let harness = Harness::empty();
            harness.ports.faults.fail_next(operation, error);
            let post = request(ROUTE).json(asked("a", &["a.md"]));
            ask(service(&harness).as_ref(), &post)
        });
    }
}
