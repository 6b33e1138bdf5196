//! What agents report. callback serves it.

use serde_json::json;

use super::{id, json_body};
use crate::callback::{AgentReport, CallbackAnswer};
use crate::openapi::Route;
use crate::openapi::answers::{body, problem, refused_bodies, troubles};
use crate::openapi::builder::{Access, Builder, Operation};

pub(super) fn all(builder: &mut Builder) -> Vec<Operation> {
    let taken = builder.answered::<CallbackAnswer>();
    let unauthenticated = problem(builder, 401, &["unauthenticated", "invalid_token"]);
    let mut answers = vec![
        body(200, "The report counts, now or since before.", taken),
        unauthenticated.with_header(
            "WWW-Authenticate",
            "Which proof is asked for.",
            json!({"const": "Bearer"}),
        ),
        problem(builder, 404, &["workflow_not_found"]),
        problem(
            builder,
            409,
            &["superseded", "unknown_attempt", "invalid_artifacts"],
        ),
    ];
    answers.extend(refused_bodies(builder, &["artifact_mismatch"]));
    answers.extend(troubles(builder));
    vec![Operation {
        route: Route {
            method: "POST",
            path: "/callbacks/{id}",
        },
        id: "report",
        tag: "agents",
        summary: "Report progress, success or failure of one attempt",
        access: Access::Attempt,
        parameters: vec![id()],
        body: Some(json_body(true, builder.sent::<AgentReport>())),
        answers,
    }]
}
