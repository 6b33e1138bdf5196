//! Reading bodies: what is said about each thing that can be wrong.

use aegis_contracts::request::{CancelBody, MAX_BODY, StartRequest};
use aegis_engine::body;
use aegis_testkit::requests::{With, request};
use serde_json::{Value, json};

fn errors_of(wrong: Value) -> Vec<(String, String)> {
    let problem = body::read::<StartRequest>(&request("POST /workflows").json(wrong)).unwrap_err();
    assert_eq!(
        (problem.status, problem.code.as_str()),
        (400, "invalid_request")
    );
    let errors = problem.errors.into_iter();
    errors.map(|error| (error.field, error.reason)).collect()
}

#[test]
fn errors_name_their_field() {
    for (wrong, field) in [
        (json!({}), "topic"),
        (json!({"topic": ""}), "topic"),
        (json!({"topic": "--"}), "topic"),
        (json!({"topic": "x".repeat(1001)}), "topic"),
        (json!({"topic": 7}), "topic"),
        (json!({"topic": "x", "surprise": 1}), "surprise"),
        (json!({"topic": "x", "flow": "Report"}), "flow"),
        (json!({"topic": "x", "parameters": []}), "parameters"),
        (
            json!({"topic": "x", "approvals": {"findings": {"required": 0}}}),
            "approvals.findings.required",
        ),
        (
            json!({"topic": "x", "approval": {"required": 0}}),
            "approval.required",
        ),
        (
            json!({"topic": "x", "budget": {"max_tokens": -1}}),
            "budget.max_tokens",
        ),
        (json!({"topic": "x", "tags": {"": "x"}}), "tags"),
    ] {
        let errors = errors_of(wrong.clone());
        assert_eq!(errors.len(), 1, "{wrong}: {errors:?}");
        assert_eq!(errors[0].0, field, "{wrong}: {errors:?}");
        assert!(!errors[0].1.is_empty());
    }
}

#[test]
fn all_invalid_values_are_reported_together() {
    let wrong = json!({"topic": "", "approval": {"required": 11}, "budget": {"max_tokens": 0}});
    assert_eq!(errors_of(wrong).len(), 3);
}

#[test]
fn an_empty_body_can_mean_the_default() {
    let empty = request("POST /workflows/{id}/cancel").header("content-type", "text/plain");
    assert_eq!(
        body::read_or_default::<CancelBody>(&empty),
        Ok(CancelBody::default())
    );
    let wrong = body::read_or_default::<CancelBody>(&empty.body(b"no"));
    assert_eq!(wrong.unwrap_err().status, 415);
}

#[test]
fn a_body_in_another_charset_is_not_misread() {
    let sent = |media_type: &str| {
        let body = request("POST /workflows").json(json!({"topic": "x"}));
        body::read::<StartRequest>(&body.header("content-type", media_type))
    };
    for utf8 in [
        "application/json",
        "application/json;",
        "application/json; charset=utf-8",
        "application/json ; Charset=\"UTF-8\"",
        "application/problem+json; profile=x; charset=us-ascii",
    ] {
        assert!(sent(utf8).is_ok(), "{utf8}");
    }
    for (other, named) in [
        ("application/json; charset=utf-16", "`utf-16`"),
        ("application/json;CHARSET=\"iso-8859-1\"", "`iso-8859-1`"),
        ("application/json; charset=utf-8; charset=utf-7", "`utf-7`"),
        ("application/json; charset=", "``"),
    ] {
        let problem = sent(other).unwrap_err();
        assert_eq!(problem.code, "unsupported_media_type", "{other}");
        let words = format!("the body must be in UTF-8, not {named}");
        assert_eq!(problem.detail, words, "{other}");
    }
}

#[test]
fn a_body_may_be_as_long_as_is_said_and_no_longer() {
    for (length, allowed) in [
        (MAX_BODY, true),
        (MAX_BODY + 1, false),
        (MAX_BODY + 2, false),
    ] {
        let mut text = json!({"topic": "x"}).to_string();
        text.push_str(&" ".repeat(length - text.len()));
        let mut asked = request("POST /workflows").json(json!({}));
        asked.body = Ok(text.into_bytes());
        let read = body::read::<StartRequest>(&asked);
        assert_eq!(read.is_ok(), allowed, "{length}");
        if let Err(problem) = read {
            assert_eq!(
                (problem.status, problem.code.as_str()),
                (413, "body_too_large")
            );
        }
    }
}
