//! Requests to the API, as services get them, and what they answer.

use std::collections::BTreeMap;

use aegis_contracts::problem::Problem;
use aegis_engine::api::{ApiHandler, ApiRequest, ApiResponse, Caller, NotBase64};
use aegis_engine::error::PortError;
use serde_json::Value;

use crate::harness::at_once;

/// To a route such as `POST /approve/{id}`, by nobody in particular, with an empty body.
pub fn request(route: &str) -> ApiRequest {
    ApiRequest {
        route: route.to_owned(),
        path: BTreeMap::new(),
        query: Vec::new(),
        headers: BTreeMap::new(),
        body: Ok(Vec::new()),
        caller: Caller::Anonymous,
    }
}

/// What a test adds to a request.
pub trait With: Sized {
    #[must_use]
    fn id(self, id: &str) -> Self;
    #[must_use]
    fn path(self, name: &str, value: &str) -> Self;
    #[must_use]
    fn query(self, name: &str, value: &str) -> Self;
    #[must_use]
    fn header(self, name: &str, value: &str) -> Self;
    #[must_use]
    fn json(self, body: Value) -> Self;
    #[must_use]
    fn body(self, body: &[u8]) -> Self;
    #[must_use]
    fn signed_by(self, arn: &str) -> Self;
}

impl With for ApiRequest {
    fn id(self, id: &str) -> Self {
        self.path("id", id)
    }

    fn path(mut self, name: &str, value: &str) -> Self {
        self.path.insert(name.to_owned(), value.to_owned());
        self
    }

    fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    fn json(self, body: Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string().as_bytes())
    }

    fn body(mut self, body: &[u8]) -> Self {
        self.body = Ok(body.to_vec());
        self
    }

    fn signed_by(mut self, arn: &str) -> Self {
        self.caller = Caller::Iam(arn.to_owned());
        self
    }
}

pub fn ask(handler: &dyn ApiHandler, request: &ApiRequest) -> ApiResponse {
    at_once(handler.respond(request))
}

/// The body of an answer that must have `status`.
pub fn ok(status: u16, answer: &ApiResponse) -> Value {
    assert_eq!(answer.status, status, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// The problem in an answer that must be one, consistent in itself.
pub fn problem(answer: &ApiResponse) -> Problem {
    let media_type = ("content-type", "application/problem+json".to_owned());
    assert!(answer.headers.contains(&media_type), "{answer:?}");
    let problem: Problem = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(problem.status, answer.status);
    problem
}

/// Status and code of a refusal.
pub fn refusal(handler: &dyn ApiHandler, request: &ApiRequest) -> (u16, String) {
    let problem = problem(&ask(handler, request));
    (problem.status, problem.code)
}

/// What every route with a JSON body refuses, and how. `valid` is a request that would be taken.
pub fn refuses_malformed_bodies(handler: &dyn ApiHandler, valid: &ApiRequest) {
    let with = |body: &[u8]| refusal(handler, &valid.clone().body(body));
    let (size, json, field) = (
        (413, "body_too_large".to_owned()),
        (400, "invalid_json".to_owned()),
        (400, "invalid_request".to_owned()),
    );
    assert_eq!(with(&vec![b' '; 64 * 1024 + 1]), size);
    let nested = "[".repeat(50_000);
    let two_marks = "\u{feff}\u{feff}{}";
    for text in ["{", "{\"a\":1}}", two_marks, "nul", nested.as_str()] {
        assert_eq!(with(text.as_bytes()), json, "{:.20}", text);
    }
    assert_eq!(with(b"{\"a\":\"\xff\xfe\"}"), json);
    let given = valid.body.clone().unwrap();
    let given = std::str::from_utf8(&given).unwrap();
    let wide: Vec<u8> = given.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xff\xfe".as_slice(), &wide].concat();
    for body in [&wide, &marked] {
        let problem = problem(&ask(handler, &valid.clone().body(body)));
        assert!(problem.detail.contains("UTF-16"), "{problem:?}");
    }
    let not_base64 = ApiRequest {
        body: Err(NotBase64),
        ..valid.clone()
    };
    let damaged = (400, "invalid_body".to_owned());
    assert_eq!(refusal(handler, &not_base64), damaged);
    for text in [
        "[\"approve\"]",
        "null",
        "[]",
        "\"text\"",
        "7",
        "{\"surprise\":true}",
    ] {
        assert_eq!(with(text.as_bytes()), field, "{text}");
    }
    let hostile = valid.clone().body("{\"\u{202e}name\":1}".as_bytes());
    let answer = ask(handler, &hostile);
    assert!(!answer.body.contains('\u{202e}'), "{}", answer.body);
    for (media_type, taken) in [
        ("text/plain", false),
        ("application/x-www-form-urlencoded", false),
        ("", false),
        ("application/json; charset=utf-8", true),
        ("Application/JSON", true),
        ("application/vnd.partner+json", true),
    ] {
        let answer = ask(handler, &valid.clone().header("content-type", media_type));
        assert_eq!(answer.status != 415, taken, "{media_type}: {}", answer.body);
    }
}

/// A port's error becomes an answer that says whether to try again, and nothing of the inside.
pub fn tells_of_port_errors(expected: &dyn Fn(PortError) -> ApiResponse) {
    for (error, status, retry) in [
        (PortError::Throttled("secret detail".to_owned()), 429, true),
        (PortError::Transient("secret detail".to_owned()), 503, true),
        (PortError::Permanent("secret detail".to_owned()), 500, false),
    ] {
        let answer = expected(error);
        assert_eq!(answer.status, status);
        let retry_after = answer
            .headers
            .iter()
            .any(|(name, _)| *name == "retry-after");
        assert_eq!(retry_after, retry);
        assert!(!answer.body.contains("secret"), "{}", answer.body);
    }
}
