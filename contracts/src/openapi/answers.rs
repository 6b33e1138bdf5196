//! Answers, and the errors that many operations have in common.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::ClientAccess;
use super::builder::{Access, Answer, Builder};
use crate::problem::{Code, Problem, is_passing, title};

const PROBLEM: &str = "application/problem+json";
const PAGE: &str = "text/html";

/// A JSON body.
pub(super) fn body(status: u16, description: &str, schema: Value) -> Answer {
    let value = json!({
        "description": description,
        "content": {"application/json": {"schema": schema}},
    });
    Answer { status, value }
}

impl Answer {
    pub fn with_header(mut self, name: &str, description: &str, schema: Value) -> Self {
        self.value["headers"][name] =
            json!({"description": description, "required": true, "schema": schema});
        self
    }

    /// Where trying again may help.
    fn with_retry_after(self) -> Self {
        if is_passing(self.status) {
            self.with_header("Retry-After", "Seconds to wait.", json!({"type": "string"}))
        } else {
            self
        }
    }

    /// The gateway's own refusal is no problem document.
    fn also_of_the_gateway(mut self) -> Self {
        let schema = json!({"type": "object", "properties": {"message": {"type": "string"}}});
        self.value["content"]["application/json"] = json!({"schema": schema});
        self
    }

    /// Each operation takes the id of the workflow in this answer.
    pub fn with_links(mut self, operations: &[(&str, &str)]) -> Self {
        for (name, operation) in operations {
            self.value["links"][name] = json!({
                "operationId": operation,
                "parameters": {"id": "$response.body#/workflow_id"},
            });
        }
        self
    }
}

/// A page for people.
pub(super) fn page(status: u16, description: &str) -> Answer {
    let value = json!({
        "description": description,
        "content": {PAGE: {"schema": {"type": "string"}}},
        "headers": {"Content-Security-Policy": {"required": true, "schema": {"type": "string"}}},
    });
    Answer { status, value }.with_retry_after()
}

/// A body of JSON that is refused.
pub(super) const BODY: [Code; 5] = [
    Code::InvalidBody,
    Code::InvalidJson,
    Code::InvalidRequest,
    Code::BodyTooLarge,
    Code::UnsupportedMediaType,
];

/// What every operation can answer that reads or writes something, once the caller is known.
const ANY: [Code; 5] = [
    Code::InvalidHeader,
    Code::InvalidQuery,
    Code::Throttled,
    Code::Internal,
    Code::Unavailable,
];

/// Who is not known, or may not.
fn strangers(access: ClientAccess) -> &'static [Code] {
    match access {
        ClientAccess::None => &[],
        ClientAccess::Iam => &[Code::Unauthenticated],
        ClientAccess::Jwt => &[
            Code::Unauthenticated,
            Code::InvalidToken,
            Code::InsufficientScope,
            Code::UnusableSubject,
        ],
    }
}

/// The problems of an operation, by status: its own codes, and those that it has in common with others.
pub(super) fn problems(builder: &mut Builder, access: Access, own: &[Code]) -> Vec<Answer> {
    let common: Vec<Code> = match access {
        Access::Client(client) => [strangers(client), &ANY].concat(),
        Access::Attempt => [[Code::Unauthenticated, Code::InvalidToken].as_slice(), &ANY].concat(),
        Access::Open => Vec::new(),
    };
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in own
        .iter()
        .copied()
        .chain(common)
        .chain([Code::HeadersTooLarge])
    {
        by_status.entry(code.status()).or_default().push(code);
    }
    let guarded = !matches!(access, Access::Open | Access::Client(ClientAccess::None));
    if guarded && access != Access::Attempt {
        // Also the gateway's own.
        by_status.entry(403).or_default();
    }
    let one = |(status, codes): (u16, Vec<Code>)| {
        let answer = problem(builder, status, &codes);
        match access {
            Access::Attempt if status == 401 => answer.with_header(
                "WWW-Authenticate",
                "Which proof is asked for.",
                json!({"const": "Bearer"}),
            ),
            Access::Client(_) if status == 403 && guarded => answer.also_of_the_gateway(),
            Access::Client(_) | Access::Attempt | Access::Open => answer,
        }
    };
    by_status.into_iter().map(one).collect()
}

fn problem(builder: &mut Builder, status: u16, codes: &[Code]) -> Answer {
    let mut content = Map::new();
    if !codes.is_empty() {
        let known = builder.answered::<Problem>();
        let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
        let schema = json!({
            "allOf": [known],
            "properties": {"status": {"const": status}, "code": {"enum": codes}},
        });
        content.insert(PROBLEM.to_owned(), json!({"schema": schema}));
    }
    let value = json!({"description": title(status), "content": content});
    Answer { status, value }.with_retry_after()
}
