//! What agents report, which callback serves, and how they read and put files, which artifacts serves.

use serde_json::{Value, json};

use super::{id, json_body};
use crate::callback::{AgentReport, CallbackAnswer};
use crate::openapi::Route;
use crate::openapi::answers::{BODY, body};
use crate::openapi::builder::{Access, Answer, Builder, Operation};
use crate::problem::Code;
use crate::transfer::{FileList, FileToPut, Transfer};

pub(super) fn all(builder: &mut Builder) -> Vec<Operation> {
    vec![
        report(builder),
        list(builder),
        put(builder),
        read(builder),
        read_input(builder),
    ]
}

fn report(builder: &mut Builder) -> Operation {
    let taken = builder.answered::<CallbackAnswer>();
    let mut refusals = vec![
        Code::WorkflowNotFound,
        Code::Superseded,
        Code::UnknownAttempt,
        Code::InvalidArtifacts,
        Code::ArtifactMismatch,
    ];
    refusals.extend(BODY);
    Operation {
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
    }
}

/// Only for the attempt under way.
const CURRENT: [Code; 3] = [
    Code::WorkflowNotFound,
    Code::Superseded,
    Code::UnknownAttempt,
];

fn operation(
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
) -> Operation {
    Operation {
        route: Route { method, path },
        id,
        tag: "agents",
        summary,
        access: Access::Attempt,
        parameters: vec![super::id()],
        body: None,
        answers: Vec::new(),
        refusals: CURRENT.to_vec(),
    }
}

fn file() -> Value {
    json!({
        "name": "name",
        "in": "path",
        "required": true,
        "description": "An artifact's name, `_claim.json` or `_completed.json`.",
        "schema": {
            "type": "string",
            "maxLength": 128,
            "pattern": "^([A-Za-z0-9][A-Za-z0-9._-]*|_claim\\.json|_completed\\.json)$",
        },
    })
}

/// What it says is signed: whoever has it needs no token.
fn transfer(builder: &mut Builder, description: &str) -> Answer {
    let answer = body(200, description, builder.answered::<Transfer>());
    answer.with_header(
        "Cache-Control",
        "The address is a secret.",
        json!({"const": "no-store"}),
    )
}

fn list(builder: &mut Builder) -> Operation {
    let files = builder.answered::<FileList>();
    Operation {
        answers: vec![body(200, "What the attempt has put, by name.", files)],
        ..operation(
            "GET",
            "/callbacks/{id}/artifacts",
            "listFiles",
            "List the files of one attempt",
        )
    }
}

fn put(builder: &mut Builder) -> Operation {
    let mut operation = operation(
        "POST",
        "/callbacks/{id}/artifacts/{name}",
        "putFile",
        "Be told how to put one file, which is put once",
    );
    operation.parameters.push(file());
    operation.body = Some(json_body(true, builder.sent::<FileToPut>()));
    operation.answers = vec![transfer(
        builder,
        "The request that puts exactly this file. It is refused where one of this name lies already.",
    )];
    operation.refusals.push(Code::TooManyArtifacts);
    operation.refusals.extend(BODY);
    operation
}

fn read(builder: &mut Builder) -> Operation {
    let mut operation = operation(
        "GET",
        "/callbacks/{id}/artifacts/{name}",
        "readFile",
        "Be told how to read a file that the attempt has put",
    );
    operation.parameters.push(file());
    operation.answers = vec![transfer(builder, "The request that reads the file.")];
    operation.refusals.push(Code::ArtifactNotFound);
    operation
}

fn read_input(builder: &mut Builder) -> Operation {
    let mut operation = operation(
        "GET",
        "/callbacks/{id}/inputs/{n}",
        "readInput",
        "Be told how to read an input of the task",
    );
    operation.parameters.push(json!({
        "name": "n",
        "in": "path",
        "required": true,
        "description": "The place in the task's `inputs`, from 0.",
        "schema": {"type": "integer", "minimum": 0, "maximum": 9999},
    }));
    operation.answers = vec![transfer(builder, "The request that reads the input.")];
    operation.refusals.push(Code::ArtifactNotFound);
    operation
}
