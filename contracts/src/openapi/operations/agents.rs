//! What agents report. callback serves it.

use super::{id, json_body};
use crate::callback::{AgentReport, CallbackAnswer};
use crate::openapi::Route;
use crate::openapi::answers::{BODY, body};
use crate::openapi::builder::{Access, Builder, Operation};
use crate::problem::Code;

pub(super) fn all(builder: &mut Builder) -> Vec<Operation> {
    let taken = builder.answered::<CallbackAnswer>();
    let mut refusals = vec![
        Code::WorkflowNotFound,
        Code::Superseded,
        Code::UnknownAttempt,
        Code::InvalidArtifacts,
        Code::ArtifactMismatch,
    ];
    refusals.extend(BODY);
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
        answers: vec![body(200, "The report counts, now or since before.", taken)],
        refusals,
    }]
}
