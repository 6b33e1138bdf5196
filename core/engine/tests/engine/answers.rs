//! What a problem becomes on its way to a client.

use aegis_contracts::problem::{Code, Problem};
use aegis_engine::api::ApiResponse;
use serde_json::{Value, json};

#[test]
fn a_client_that_may_come_again_is_told_when() {
    let retry_after = |code: Code| {
        let answer = ApiResponse::from(Problem::new(code, "a reason"));
        let mut headers = answer.headers.into_iter();
        headers.find(|(name, _)| *name == "retry-after")
    };
    for (code, comes_again) in [
        (Code::InvalidRequest, false),
        (Code::Stale, false),
        (Code::Throttled, true),
        (Code::Internal, false),
        (Code::Unavailable, true),
    ] {
        assert_eq!(retry_after(code).is_some(), comes_again, "{code}");
    }
}

/// A terminal acts upon what `curl` prints.
#[test]
fn json_shows_what_would_steer_a_terminal() {
    let hostile = "pay\u{202e}less\u{9b}31m\u{200b}";
    let answers = [
        ApiResponse::json(200, &json!({"topic": hostile})),
        ApiResponse::from(Problem::new(Code::InvalidRequest, hostile)),
    ];
    for (answer, field) in answers.iter().zip(["topic", "detail"]) {
        let seen: String = answer.body.chars().filter(|c| !c.is_ascii()).collect();
        assert_eq!(seen, "", "{}", answer.body);
        let read: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(read[field], hostile, "it says the same");
    }
}
