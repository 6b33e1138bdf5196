//! What the agent of the attempt under way is told.

use aegis_contracts::transfer::{FileList, Transfer, TransferMethod};
use aegis_engine::api::ApiRequest;
use aegis_testkit::flow::attempt;
use aegis_testkit::harness::Harness;
use aegis_testkit::requests::{With, ask, ok};
use serde_json::json;

use super::{INPUT, LIST, READ, artifacts, asked, put};

fn told(harness: &Harness, request: &ApiRequest) -> Transfer {
    let answer = ask(artifacts(harness).as_ref(), request);
    let secret = ("cache-control", "no-store".to_owned());
    assert!(answer.headers.contains(&secret), "{answer:?}");
    serde_json::from_value(ok(200, &answer)).unwrap()
}

#[test]
fn a_file_is_put_below_the_attempt_s_prefix_within_fifteen_minutes() {
    let harness = Harness::dispatched();
    for name in ["report.md", "_claim.json", "_completed.json"] {
        let transfer = told(&harness, &put(&harness, name));
        let prefix = harness.prefix(&attempt("research", 1));
        assert_eq!(transfer.method, TransferMethod::Put);
        assert_eq!(transfer.url, format!("memory:///{prefix}{name}"));
        assert_eq!(transfer.headers["content-length"], "3");
        assert_eq!(transfer.headers["if-none-match"], "*");
        assert_eq!(transfer.expires_at.as_seconds(), 15 * 60);
    }
}

#[test]
fn what_the_attempt_has_put_is_listed_and_read() {
    let harness = Harness::dispatched();
    let list = || {
        let answer = ask(artifacts(&harness).as_ref(), &asked(&harness, LIST));
        let list: FileList = serde_json::from_value(ok(200, &answer)).unwrap();
        let files = list.artifacts.into_iter();
        files.map(|file| (file.name, file.size)).collect::<Vec<_>>()
    };
    assert_eq!(list(), []);
    let prefix = harness.prefix(&attempt("research", 1));
    let bucket = &harness.ports.artifacts;
    bucket.put(&format!("{prefix}_claim.json"), b"{}");
    bucket.put(&format!("{prefix}report.md"), b"abc");
    // Nobody else's, and nothing that is no file of an attempt.
    bucket.put(&format!("{prefix}deep/er.md"), b"abc");
    for other in [attempt("research", 10), attempt("analyze", 1)] {
        bucket.put(&format!("{}report.md", harness.prefix(&other)), b"abcd");
    }
    let own = [("_claim.json".to_owned(), 2), ("report.md".to_owned(), 3)];
    assert_eq!(list(), own);
    let transfer = told(&harness, &asked(&harness, READ).path("name", "report.md"));
    assert_eq!(transfer.method, TransferMethod::Get);
    assert_eq!(transfer.url, format!("memory:///{prefix}report.md"));
    assert!(transfer.headers.is_empty());
}

#[test]
fn inputs_are_read_by_their_place() {
    let harness = Harness::dispatched();
    harness.succeed();
    harness.dispatch();
    let transfer = told(&harness, &asked(&harness, INPUT).path("n", "0"));
    let prefix = harness.prefix(&attempt("research", 1));
    assert_eq!(transfer.url, format!("memory:///{prefix}evidence.json"));
    let service = artifacts(&harness);
    for place in ["1", "+0", "00", "-1", "x", ""] {
        let answer = ask(service.as_ref(), &asked(&harness, INPUT).path("n", place));
        assert_eq!(answer.status, 404, "{place}");
    }
}

/// A repeated request, or that of another life of the agent: what is there already is refused by the bucket.
#[test]
fn a_file_may_be_asked_for_again() {
    let harness = Harness::dispatched();
    let prefix = harness.prefix(&attempt("research", 1));
    for number in 0..64 {
        let key = format!("{prefix}{number}.md");
        harness.ports.artifacts.put(&key, b"abc");
    }
    for name in ["63.md", "_claim.json", "_completed.json"] {
        told(&harness, &put(&harness, name));
    }
    let answer = ask(artifacts(&harness).as_ref(), &put(&harness, "64.md"));
    assert_eq!(ok(422, &answer)["code"], json!("too_many_artifacts"));
}
