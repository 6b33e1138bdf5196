//! Answers, and the errors that many operations have in common.

use serde_json::{Map, Value, json};

use super::ClientAccess;
use super::builder::{Answer, Builder};
use crate::problem::{Problem, is_passing};

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

/// Problems with the codes that they may have.
pub(super) fn problem(builder: &mut Builder, status: u16, codes: &[&str]) -> Answer {
    let known = builder.answered::<Problem>();
    let title = Problem::new(status, "", "").title;
    let value = json!({
        "description": title,
        "content": {PROBLEM: {"schema": {
            "allOf": [known],
            "properties": {"status": {"const": status}, "code": {"enum": codes}},
        }}},
    });
    Answer { status, value }.with_retry_after()
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

/// The three ways in which a body is refused.
pub(super) fn refused_bodies(builder: &mut Builder, more: &[&str]) -> Vec<Answer> {
    let codes = [&["invalid_json", "invalid_request"], more].concat();
    vec![
        problem(builder, 400, &codes),
        problem(builder, 413, &["body_too_large"]),
        problem(builder, 415, &["unsupported_media_type"]),
    ]
}

/// What every operation can answer that reads or writes something.
pub(super) fn troubles(builder: &mut Builder) -> Vec<Answer> {
    vec![
        problem(builder, 429, &["throttled"]),
        problem(builder, 500, &["internal"]),
        problem(builder, 503, &["unavailable"]),
    ]
}

/// Who is not known, or may not. The gateway's own refusal is no problem document.
pub(super) fn strangers(
    builder: &mut Builder,
    access: ClientAccess,
    forbidden: &[&str],
) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut forbidden = forbidden.to_vec();
    if access == ClientAccess::Jwt {
        forbidden.extend(["insufficient_scope", "unusable_subject"]);
    }
    if access != ClientAccess::None {
        let codes: &[&str] = match access {
            ClientAccess::Jwt => &["unauthenticated", "invalid_token"],
            ClientAccess::Iam | ClientAccess::None => &["unauthenticated"],
        };
        answers.push(problem(builder, 401, codes));
    }
    if access == ClientAccess::None && forbidden.is_empty() {
        return answers;
    }
    let mut content = Map::new();
    if !forbidden.is_empty() {
        let own = problem(builder, 403, &forbidden);
        if let Some(own) = own.value["content"].as_object() {
            content.extend(own.clone());
        }
    }
    if access != ClientAccess::None {
        let schema = json!({"type": "object", "properties": {"message": {"type": "string"}}});
        content.insert("application/json".to_owned(), json!({"schema": schema}));
    }
    let value = json!({"description": "Forbidden", "content": content});
    answers.push(Answer { status: 403, value });
    answers
}
