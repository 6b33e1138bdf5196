//! What clients do with workflows. intake serves it.

use serde_json::{Value, json};

use super::{id, json_body};
use crate::flow::{MAX_NAME, NAME};
use crate::openapi::answers::{BODY, body};
use crate::openapi::builder::{Access, Answer, Builder, Operation};
use crate::openapi::{ClientAccess, Clients, Route};
use crate::problem::Code;
use crate::request::{
    CancelBody, IDEMPOTENCY_KEY_HEADER, MAX_IDEMPOTENCY_KEY, RedriveBody, StartRequest,
};
use crate::sources::{SourceFiles, SourceUploads};
use crate::view::{FlowList, History, Status, WorkflowAccepted, WorkflowPage, WorkflowView};

const NEXT: [(&str, &str); 5] = [
    ("get", "getWorkflow"),
    ("history", "getHistory"),
    ("cancel", "cancelWorkflow"),
    ("redrive", "redriveWorkflow"),
    ("approve", "decide"),
];

pub(super) fn all(builder: &mut Builder, clients: Clients) -> Vec<Operation> {
    vec![
        flows(builder, clients.read),
        start(builder, clients.start),
        sources(builder, clients.start),
        list(builder, clients.read),
        get(builder, clients.read),
        history(builder, clients.read),
        artifact(clients.read),
        cancel(builder, clients.operate),
        redrive(builder, clients.operate),
    ]
}

fn operation(
    access: ClientAccess,
    method: &'static str,
    path: &'static str,
    id: &'static str,
) -> Operation {
    Operation {
        route: Route { method, path },
        id,
        tag: "workflows",
        summary: "",
        access: Access::Client(access),
        parameters: Vec::new(),
        body: None,
        answers: Vec::new(),
        refusals: Vec::new(),
    }
}

fn accepted(builder: &mut Builder) -> Answer {
    let schema = builder.answered::<WorkflowAccepted>();
    body(
        202,
        "Taken, now or before: the workflow goes on by itself.",
        schema,
    )
    .with_header(
        "Location",
        "URL of the workflow.",
        json!({"type": "string", "format": "uri"}),
    )
    .with_links(&NEXT)
}

fn flows(builder: &mut Builder, access: ClientAccess) -> Operation {
    let known = builder.answered::<FlowList>();
    Operation {
        summary: "List the flows that can be started",
        answers: vec![body(
            200,
            "The newest version of each flow, by name.",
            known,
        )],
        ..operation(access, "GET", "/flows", "listFlows")
    }
}

fn start(builder: &mut Builder, access: ClientAccess) -> Operation {
    let mut refusals = vec![
        Code::InvalidIdempotencyKey,
        Code::UnknownFlow,
        Code::UnfitForFlow,
        Code::SourceNotAllowed,
        Code::IdempotencyConflict,
    ];
    refusals.extend(BODY);
    Operation {
        summary: "Start a workflow",
        parameters: vec![json!({
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The same key with the same body gives the same workflow. Without one every request \
                starts another.",
            "schema": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_IDEMPOTENCY_KEY,
                "pattern": IDEMPOTENCY_KEY_HEADER,
            },
        })],
        body: Some(json_body(true, builder.sent::<StartRequest>())),
        answers: vec![accepted(builder)],
        refusals,
        ..operation(access, "POST", "/workflows", "startWorkflow")
    }
}

fn sources(builder: &mut Builder, access: ClientAccess) -> Operation {
    let uploads = builder.answered::<SourceUploads>();
    let told = body(
        200,
        "The requests that put exactly these files, each of which is put once. Of a file that is there already: none.",
        uploads,
    );
    let mut refusals = vec![Code::SourceConflict];
    refusals.extend(BODY);
    Operation {
        summary: "Be told how to upload documents that a workflow is to read",
        body: Some(json_body(true, builder.sent::<SourceFiles>())),
        answers: vec![told.with_header(
            "Cache-Control",
            "The addresses are secrets.",
            json!({"const": "no-store"}),
        )],
        refusals,
        ..operation(access, "POST", "/sources", "uploadSources")
    }
}

fn list(builder: &mut Builder, access: ClientAccess) -> Operation {
    let page = builder.answered::<WorkflowPage>();
    let mut found = body(200, "A page of workflows, newest first.", page);
    found.value["links"]["next"] = json!({
        "operationId": "listWorkflows",
        "parameters": {"cursor": "$response.body#/next_cursor"},
    });
    let query = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "query", "description": description, "schema": schema});
    let statuses = Status::ALL.map(Status::as_str);
    let name = json!({"type": "string", "pattern": NAME, "maxLength": MAX_NAME});
    Operation {
        summary: "List workflows",
        parameters: vec![
            query(
                "status",
                "Only workflows in this status.",
                json!({"type": "string", "enum": statuses}),
            ),
            query("flow", "Only workflows of this flow.", name.clone()),
            query(
                "at",
                "Only workflows whose step of this name runs, or whose approval of this name waits.",
                name,
            ),
            query(
                "limit",
                "So many at most.",
                json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
            ),
            query(
                "cursor",
                "`next_cursor` of the page before.",
                json!({"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}),
            ),
        ],
        answers: vec![found],
        ..operation(access, "GET", "/workflows", "listWorkflows")
    }
}

fn get(builder: &mut Builder, access: ClientAccess) -> Operation {
    let view = builder.answered::<WorkflowView>();
    Operation {
        summary: "Look at a workflow",
        parameters: vec![id()],
        answers: vec![body(200, "The workflow as it is now.", view)],
        refusals: vec![Code::WorkflowNotFound],
        ..operation(access, "GET", "/workflows/{id}", "getWorkflow")
    }
}

fn history(builder: &mut Builder, access: ClientAccess) -> Operation {
    let history = builder.answered::<History>();
    Operation {
        summary: "See what happened to a workflow",
        parameters: vec![id()],
        answers: vec![body(200, "Every event so far, oldest first.", history)],
        refusals: vec![Code::WorkflowNotFound],
        ..operation(access, "GET", "/workflows/{id}/history", "getHistory")
    }
}

fn artifact(access: ClientAccess) -> Operation {
    let value = json!({"description": "The artifact is at a presigned URL of the bucket."});
    let found = Answer { status: 302, value }.with_header(
        "Location",
        "Good for a limited time, for whoever has it.",
        json!({"type": "string", "format": "uri"}),
    );
    let name = json!({
        "name": "name",
        "in": "path",
        "required": true,
        "description": "One of the workflow's `artifacts`, such as `report.md`.",
        "schema": {"type": "string", "maxLength": 128, "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"},
    });
    Operation {
        summary: "Download an artifact",
        parameters: vec![id(), name],
        answers: vec![found],
        refusals: vec![Code::WorkflowNotFound, Code::ArtifactNotFound],
        ..operation(
            access,
            "GET",
            "/workflows/{id}/artifacts/{name}",
            "getArtifact",
        )
    }
}

fn cancel(builder: &mut Builder, access: ClientAccess) -> Operation {
    let mut refusals = vec![Code::WorkflowNotFound, Code::AlreadyEnded, Code::Stale];
    refusals.extend(BODY);
    Operation {
        summary: "Cancel a workflow",
        parameters: vec![id()],
        body: Some(json_body(false, builder.sent::<CancelBody>())),
        answers: vec![accepted(builder)],
        refusals,
        ..operation(access, "POST", "/workflows/{id}/cancel", "cancelWorkflow")
    }
}

fn redrive(builder: &mut Builder, access: ClientAccess) -> Operation {
    let mut refusals = vec![
        Code::WorkflowNotFound,
        Code::NotFailed,
        Code::Stale,
        Code::NearExpiry,
        Code::BudgetExceeded,
    ];
    refusals.extend(BODY);
    Operation {
        summary: "Take a failed workflow up again",
        parameters: vec![id()],
        body: Some(json_body(false, builder.sent::<RedriveBody>())),
        answers: vec![accepted(builder)],
        refusals,
        ..operation(access, "POST", "/workflows/{id}/redrive", "redriveWorkflow")
    }
}
