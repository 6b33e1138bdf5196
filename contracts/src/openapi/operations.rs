//! Every operation of the API.

mod agents;
mod approvals;
mod workflows;

use serde_json::{Value, json};

use super::builder::{Access, Builder, Operation};
use super::{Clients, Route, answers};
use crate::problem::Code;

pub(super) fn all(builder: &mut Builder, clients: Clients) -> Vec<Operation> {
    let mut all = workflows::all(builder, clients);
    all.extend(approvals::all(builder, clients));
    all.extend(agents::all(builder));
    all.push(description());
    all
}

fn description() -> Operation {
    let document = json!({"type": "object", "required": ["openapi", "paths"]});
    Operation {
        route: Route {
            method: "GET",
            path: "/openapi.json",
        },
        id: "describeApi",
        tag: "description",
        summary: "This document",
        access: Access::Open,
        parameters: Vec::new(),
        body: None,
        answers: vec![answers::body(
            200,
            "The OpenAPI document of this stage.",
            document,
        )],
        refusals: vec![Code::InvalidHeader, Code::InvalidQuery],
    }
}

/// The workflow in the path.
fn id() -> Value {
    json!({
        "name": "id",
        "in": "path",
        "required": true,
        "description": "The workflow's id.",
        "schema": {"type": "string", "pattern": "^wf_[a-z2-7]{26}$"},
    })
}

fn json_body(required: bool, schema: Value) -> Value {
    json!({"required": required, "content": {"application/json": {"schema": schema}}})
}
