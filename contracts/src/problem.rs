//! RFC 9457 problem details with a stable `code`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// `about:blank`: the meaning is in `code`.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// What was wrong with this request, for a person.
    pub detail: String,
    /// Stable, lower_snake_case, for a program.
    pub code: String,
    /// One entry per invalid field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The revision that is waiting, where a decision named another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_revision: Option<u32>,
    /// Where to read what is too large to be answered with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<ProblemLink>,
}

/// A file at a presigned URL, for whoever has it, for a limited time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProblemLink {
    pub name: String,
    pub url: String,
    pub expires_at: Timestamp,
}

impl fmt::Debug for ProblemLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProblemLink")
            .field("name", &self.name)
            .field("url", &"<redacted>")
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldError {
    /// Path of the field, such as `parameters.depth`.
    pub field: String,
    pub reason: String,
}

macro_rules! codes {
    ($($variant:ident $code:literal $status:literal $meaning:literal)+) => {
        /// Every code that an answer of ours can have. A code has one status, wherever it comes from.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)+
        }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$variant => $status,)+
                }
            }

            /// For the table in `docs/api.md`.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => $meaning,)+
                }
            }
        }
    };
}

codes! {
    InvalidHeader "invalid_header" 400 "A header has characters that it cannot have. The answer names it."
    InvalidBody "invalid_body" 400 "The body could not be taken from the request: it is said to be base64 and is not."
    InvalidJson "invalid_json" 400 "The body is not JSON, or not in UTF-8."
    InvalidRequest "invalid_request" 400 "The body has fields that are missing, unknown or not valid. `errors` names each."
    InvalidQuery "invalid_query" 400 "A query parameter is unknown, given twice or not valid."
    InvalidIdempotencyKey "invalid_idempotency_key" 400 "The Idempotency-Key is empty, too long, or has other characters than visible ASCII."
    UnknownFlow "unknown_flow" 422 "No flow of this name can be started here: `GET /flows` names those that can."
    UnfitForFlow "unfit_for_flow" 422 "The flow does not take what the request says of it. `errors` names each."
    SourceNotAllowed "source_not_allowed" 400 "A source lies outside of what agents may read."
    ApproverNotAllowed "approver_not_allowed" 400 "`approver` names somebody else than the caller. Leave it out."
    ArtifactMismatch "artifact_mismatch" 400 "An artifact of the report is not there, or has another size or digest."
    Unauthenticated "unauthenticated" 401 "The request does not prove who calls."
    InvalidToken "invalid_token" 401 "The token is not good for this request."
    InsufficientScope "insufficient_scope" 403 "The token does not have the scope that this route asks for."
    UnusableSubject "unusable_subject" 403 "The claim of the token that names the caller is no name to act under."
    NotAnApprover "not_an_approver" 403 "The name is not among those who may decide on this workflow."
    InvalidLink "invalid_link" 403 "The approval link was not made here."
    OriginNotAllowed "origin_not_allowed" 403 "Of an embedded server: the request comes from a web page of somebody else."
    WorkflowNotFound "workflow_not_found" 404 "There is no such workflow, or it is not kept any more."
    ArtifactNotFound "artifact_not_found" 404 "The workflow has no artifact of this name yet, or it is not in the bucket any more."
    RevisionNotFound "revision_not_found" 404 "The workflow has no such revision."
    RouteNotFound "route_not_found" 404 "The API has no such path."
    MethodNotAllowed "method_not_allowed" 405 "The path takes other methods: the header Allow names them."
    IdempotencyConflict "idempotency_conflict" 409 "The Idempotency-Key was used for another request. Use a new key."
    SourceConflict "source_conflict" 409 "The set has another file of this name, which stays. Name another set."
    Stale "stale" 409 "Something happened since the version that the request names. Look again."
    RevisionMissing "revision_missing" 409 "The flow has several approvals: a decision must name its `revision`."
    StaleRevision "stale_revision" 409 "Another revision waits for a decision: `current_revision`."
    NotAwaitingApproval "not_awaiting_approval" 409 "Nothing waits for a decision."
    AlreadyDecided "already_decided" 409 "The same person has decided on this revision before: otherwise, or with another comment or other changes."
    DecisionTooLate "decision_too_late" 409 "The time to decide is over. What follows comes within a minute."
    CannotSearchAgain "cannot_search_again" 409 "The flow names no step that could search again for this approval."
    RevisionsExhausted "revisions_exhausted" 409 "No further revision is allowed: approve or reject."
    UnknownFinding "unknown_finding" 409 "The revision has no finding with this number. `errors` names each."
    NotAnalyzed "not_analyzed" 409 "What the revision is about is not there: its step is not done, or never was."
    ArtifactUnreadable "artifact_unreadable" 409 "A file of the findings is damaged, or is not the one that its agent reported. It is not shown."
    ArtifactTooLarge "artifact_too_large" 409 "The findings are larger than an answer may be. `links` says where to read the files."
    AlreadyEnded "already_ended" 409 "The workflow has ended: there is nothing to cancel."
    NotFailed "not_failed" 409 "The workflow has not failed: only a failed one is redriven."
    NearExpiry "near_expiry" 409 "The workflow is about to be deleted. Start a new one."
    BudgetExceeded "budget_exceeded" 409 "The workflow's budget is used up. Start a new one with a larger one."
    Superseded "superseded" 409 "The attempt does not count any more. The agent stops."
    UnknownAttempt "unknown_attempt" 409 "The attempt was never asked for."
    EventRefused "event_refused" 422 "Of an embedded server: nobody acts on the event. `detail` says why."
    TooManyArtifacts "too_many_artifacts" 422 "The attempt has put as many files as it may."
    InvalidArtifacts "invalid_artifacts" 409 "The report names artifacts that are not its own."
    ExpiredLink "expired_link" 410 "The time to decide by this link is over."
    ObjectExists "object_exists" 412 "Of an embedded server: a file lies under this name, and stays."
    BodyTooLarge "body_too_large" 413 "The body is larger than 64 KiB."
    UnsupportedMediaType "unsupported_media_type" 415 "The Content-Type is not application/json, or names another charset than UTF-8."
    HostNotAllowed "host_not_allowed" 421 "Of an embedded server: the header Host names no host that it answers for."
    Throttled "throttled" 429 "Too many requests at the moment. Try again after `Retry-After`."
    HeadersTooLarge "headers_too_large" 431 "The request has too many headers, or too large ones."
    Internal "internal" 500 "The request cannot be served. The log of the service says why."
    Unavailable "unavailable" 503 "A service that is needed did not answer. Try again after `Retry-After`."
    DiskFull "disk_full" 507 "Of an embedded server: its disk has no room for more. What was started goes on."
    InvalidTask "invalid_task" 400 "Of an agent: the task is not valid, or newer than the agent."
    InvalidSession "invalid_session" 400 "Of an agent: the session's id is missing or has a wrong length."
    ClaimedElsewhere "claimed_elsewhere" 409 "Of an agent: another session has claimed the attempt."
    StorageUnavailable "storage_unavailable" 503 "Of an agent: the bucket did not answer."
    Ending "ending" 503 "Of an agent: its process is about to end."
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the same request may succeed in a moment: then the answer says when to try again.
pub const fn is_passing(status: u16) -> bool {
    matches!(status, 429 | 503)
}

impl Problem {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            title: title(code.status()).to_owned(),
            status: code.status(),
            detail: detail.into(),
            code: code.as_str().to_owned(),
            errors: Vec::new(),
            current_revision: None,
            links: Vec::new(),
        }
    }

    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }
}

/// What RFC 9110 calls a status.
pub(crate) fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        507 => "Insufficient Storage",
        _ => "Internal Server Error",
    }
}
