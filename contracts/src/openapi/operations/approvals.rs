//! Decisions of people, and the links by which they may decide. approval serves them.

use serde_json::{Value, json};

use super::{id, json_body};
use crate::approval::{
    ApprovalLink, ApprovalLinkRequest, ApprovalView, DecisionRequest, MAX_COMMENT,
};
use crate::changes::{MAX_NAMED, MAX_TERM};
use crate::openapi::answers::{BODY, body, page};
use crate::openapi::builder::{Access, Answer, Builder, Operation};
use crate::openapi::{ClientAccess, Clients, Route};
use crate::problem::Code;
use crate::review::Review;
use crate::text;

pub(super) fn all(builder: &mut Builder, clients: Clients) -> Vec<Operation> {
    vec![
        review(builder, clients.read),
        decide(builder, clients.approve),
        make_link(builder, clients.operate),
        show_link(),
        decide_by_link(),
    ]
}

/// Whoever may read may look; where tokens are asked for, whoever may approve too.
fn review(builder: &mut Builder, access: ClientAccess) -> Operation {
    let seen = builder.answered::<Review>();
    let revision = json!({
        "name": "revision",
        "in": "query",
        "description": "The revision to look at. Without it the latest that approvers were asked about.",
        "schema": {"type": "integer", "minimum": 0, "maximum": u32::MAX},
    });
    Operation {
        route: Route {
            method: "GET",
            path: "/workflows/{id}/review",
        },
        id: "reviewFindings",
        tag: "approvals",
        summary: "See what approvers decide on, and the decisions so far",
        access: Access::Client(access),
        parameters: vec![id(), revision],
        body: None,
        answers: vec![body(
            200,
            "What is shown (findings with the passages that they cite, or another text) and the decisions so far.",
            seen,
        )],
        refusals: vec![
            Code::WorkflowNotFound,
            Code::RevisionNotFound,
            Code::ArtifactNotFound,
            Code::NotAnalyzed,
            Code::ArtifactUnreadable,
            Code::ArtifactTooLarge,
        ],
    }
}

fn decide(builder: &mut Builder, access: ClientAccess) -> Operation {
    let view = builder.answered::<ApprovalView>();
    let mut refusals = vec![
        Code::NotAnApprover,
        Code::WorkflowNotFound,
        Code::RevisionMissing,
        Code::StaleRevision,
        Code::NotAwaitingApproval,
        Code::AlreadyDecided,
        Code::DecisionTooLate,
        Code::CannotSearchAgain,
        Code::RevisionsExhausted,
        Code::UnknownFinding,
    ];
    refusals.extend(BODY);
    if access != ClientAccess::None {
        refusals.push(Code::ApproverNotAllowed);
    }
    Operation {
        route: Route {
            method: "POST",
            path: "/approve/{id}",
        },
        id: "decide",
        tag: "approvals",
        summary: "Decide on a revision",
        access: Access::Client(access),
        parameters: vec![id()],
        body: Some(json_body(true, builder.sent::<DecisionRequest>())),
        answers: vec![body(200, "The decision counts, now or since before.", view)],
        refusals,
    }
}

fn make_link(builder: &mut Builder, access: ClientAccess) -> Operation {
    let link = builder.answered::<ApprovalLink>();
    let made = body(
        201,
        "A link for this approver and the revision that waits.",
        link,
    );
    let made = made.with_header(
        "Cache-Control",
        "The link is a secret.",
        json!({"const": "no-store"}),
    );
    let mut refusals = vec![
        Code::NotAnApprover,
        Code::WorkflowNotFound,
        Code::NotAwaitingApproval,
        Code::DecisionTooLate,
    ];
    refusals.extend(BODY);
    Operation {
        route: Route {
            method: "POST",
            path: "/workflows/{id}/approval-links",
        },
        id: "makeApprovalLink",
        tag: "approvals",
        summary: "Make a link by which somebody can decide who does not call this API",
        access: Access::Client(access),
        parameters: vec![id()],
        body: Some(json_body(true, builder.sent::<ApprovalLinkRequest>())),
        answers: vec![made],
        refusals,
    }
}

fn token() -> Value {
    json!({
        "name": "token",
        "in": "path",
        "required": true,
        "description": "The secret of the link. It stands for one approver and one revision until the approval's \
            deadline.",
        "schema": {"type": "string", "pattern": "^v1\\.[0-9a-f]{8}\\.[0-9]{10}\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{43}$"},
    })
}

/// Every answer of a link is a page.
fn pages(own: impl IntoIterator<Item = Answer>) -> Vec<Answer> {
    let mut all: Vec<Answer> = own.into_iter().collect();
    all.extend([
        page(400, "The request is not valid."),
        page(403, "This is no link that was made here."),
        page(404, "The workflow is not kept any more."),
        page(409, "Nothing waits for this decision."),
        page(410, "The time to decide is over."),
        page(429, "Try again in a moment."),
        page(500, "It cannot be shown."),
        page(503, "Try again in a moment."),
    ]);
    all
}

fn show_link() -> Operation {
    let passages = json!({
        "name": "passages",
        "in": "query",
        "description": "`open` unfolds all passages. Parameters that are not known are passed over.",
        "schema": {"type": "string"},
    });
    Operation {
        route: Route {
            method: "GET",
            path: "/approval-links/{token}",
        },
        id: "showApprovalLink",
        tag: "approvals",
        summary: "Show what was found and ask for the decision, or show what was decided; decides nothing",
        access: Access::Open,
        parameters: vec![token(), passages],
        body: None,
        answers: pages([page(200, "The question, or the decision.")]),
        refusals: Vec::new(),
    }
}

fn decide_by_link() -> Operation {
    let form = json!({
        "type": "object",
        "required": ["decision"],
        "additionalProperties": false,
        "properties": {
            "decision": {"type": "string", "enum": ["approve", "reject", "request_changes"]},
            "comment": {"type": "string", "maxLength": MAX_COMMENT, "pattern": text::PROSE},
            "drop": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": u32::MAX}, "maxItems": MAX_NAMED, "uniqueItems": true},
            "terms": {"type": "string", "maxLength": MAX_TERM, "pattern": text::LINE},
            "search_again": {"type": "string", "enum": ["on"]},
            "shorter": {"type": "string", "enum": ["on"]},
        },
        "if": {"properties": {"decision": {"const": "request_changes"}}},
        "then": {"anyOf": [
            {"required": ["comment"], "properties": {"comment": {"pattern": text::WORDS}}},
            {"required": ["drop"], "properties": {"drop": {"minItems": 1}}},
            {"required": ["terms"], "properties": {"terms": {"pattern": text::NAME}}},
            {"required": ["search_again"]},
            {"required": ["shorter"]},
        ]},
        "else": {"properties": {
            "drop": {"maxItems": 0}, "terms": {"maxLength": 0}, "search_again": false, "shorter": false,
        }},
    });
    Operation {
        route: Route {
            method: "POST",
            path: "/approval-links/{token}",
        },
        id: "decideByLink",
        tag: "approvals",
        summary: "Decide in the name of the link's approver",
        access: Access::Open,
        parameters: vec![token()],
        body: Some(json!({
            "required": true,
            "content": {"application/x-www-form-urlencoded": {"schema": form}},
        })),
        answers: pages([
            page(200, "The decision counts, now or since before."),
            page(413, "The form is too large."),
            page(415, "This is not the page's form."),
        ]),
        refusals: Vec::new(),
    }
}
