//! `GET` and `POST /approval-links/{token}`: a person follows a link, and decides by the form that it leads to.
//!
//! GET only reads: whatever follows links by itself, a mail scanner or a preview in a chat, decides nothing.

use aegis_contracts::agent::Role;
use aegis_contracts::approval::{DecisionKind, LINK_CLAIM};
use aegis_contracts::event::Event;
use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::text;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::Status;
use aegis_engine::api::{ApiRequest, ApiResponse, problem_of};
use aegis_engine::error::PortError;
use aegis_engine::link::Link;
use aegis_engine::stored::HistoryEntry;
use aegis_engine::token::TokenError;
use aegis_workflow::{Input, Workflow, waiting_approval_view};

use crate::Approval;
use crate::form;
use crate::page::{self, Decided, Question};

/// All that a page is made of.
struct Seen {
    workflow: Workflow,
    topic: String,
    history: Vec<HistoryEntry>,
}

/// A decision of the link's approver on the link's revision.
struct Made {
    decision: DecisionKind,
    comment: Option<String>,
    at: Timestamp,
}

impl Approval {
    pub(crate) async fn show_link(&self, request: &ApiRequest) -> ApiResponse {
        let shown = async {
            let link = self.opened(request).await?;
            request.check_form(&[])?;
            page_of(&self.seen(&link).await?, &link)
        };
        shown.await.unwrap_or_else(|problem| refused(&problem))
    }

    pub(crate) async fn decide_by_link(&self, request: &ApiRequest) -> ApiResponse {
        let decided = async {
            let link = self.opened(request).await?;
            request.check_form(&[])?;
            let wanted = form::read(request)?;
            let input = Input::Decide {
                approver: link.approver.clone(),
                proven: false,
                claimed_by: Some(format!("{LINK_CLAIM}{}", link.made_by)),
                decision: wanted.decision,
                comment: wanted.comment,
                revision: link.revision,
            };
            // Also when it was made before: a command that it owes is sent again then.
            let outcome = self.decide(&link.workflow_id, input).await;
            let seen = self.seen(&link).await?;
            match (outcome, seen.made(&link)) {
                // Once a revision is over only its history knows who decided what.
                (Err(problem), Some(made)) if problem.status == 409 => {
                    if made.decision != wanted.decision {
                        let word = made.decision.as_str();
                        let detail = format!("You have already decided `{word}` on this revision.");
                        return Err(Box::new(Problem::new(Code::AlreadyDecided, detail)));
                    }
                }
                (outcome, _) => {
                    outcome?;
                }
            }
            page_of(&seen, &link)
        };
        decided.await.unwrap_or_else(|problem| refused(&problem))
    }

    async fn opened(&self, request: &ApiRequest) -> Result<Link, Box<Problem>> {
        let token = request.path.get("token").map_or("", String::as_str);
        let opened = self.keys.open_link(token).await;
        opened
            .map_err(|error| problem_of(&error))?
            .map_err(|error| {
                Box::new(match error {
                    TokenError::Expired => Problem::new(
                        Code::ExpiredLink,
                        "The time to decide by this link is over.",
                    ),
                    TokenError::Malformed | TokenError::UnknownKey | TokenError::Forged => {
                        Problem::new(Code::InvalidLink, "This is not a link that was made here.")
                    }
                })
            })
    }

    async fn seen(&self, link: &Link) -> Result<Seen, Box<Problem>> {
        let table = &self.engine.table;
        let problem = |error: PortError| Box::new(problem_of(&error));
        let found = table.load_with_request(&link.workflow_id).await;
        let gone = || Problem::new(Code::WorkflowNotFound, "The workflow is not kept any more.");
        let (workflow, request) = found.map_err(problem)?.ok_or_else(gone)?;
        Ok(Seen {
            workflow,
            topic: request.topic,
            history: table.history(&link.workflow_id).await.map_err(problem)?,
        })
    }
}

fn page_of(seen: &Seen, link: &Link) -> Result<ApiResponse, Box<Problem>> {
    if let Some(made) = seen.made(link) {
        return Ok(page::decided(&Decided {
            topic: &seen.topic,
            revision: link.revision,
            approver: &link.approver,
            decision: made.decision,
            comment: made.comment.as_deref(),
            at: made.at,
        }));
    }
    let over = |detail: String| Box::new(Problem::new(Code::NotAwaitingApproval, detail));
    let status = seen.workflow.status();
    let waiting = waiting_approval_view(&seen.workflow)
        .ok_or_else(|| over(format!("The workflow is {}.", plain(status))))?;
    if waiting.revision != link.revision {
        let (old, new) = (link.revision, waiting.revision);
        return Err(over(format!(
            "This link is for revision {old}; now revision {new} waits."
        )));
    }
    let findings = seen.findings();
    Ok(page::question(&Question {
        topic: &seen.topic,
        findings: &findings,
        revision: link.revision,
        approver: &link.approver,
        deadline_at: waiting.deadline_at,
        may_request_changes: link.revision < waiting.max_revisions,
    }))
}

impl Seen {
    fn events(&self) -> impl DoubleEndedIterator<Item = (Timestamp, &Event)> {
        let events = self.history.iter().flat_map(|entry| &entry.events);
        events.map(|envelope| (envelope.occurred_at, &envelope.body))
    }

    /// In the words of the analysis that waits: the latest one.
    fn findings(&self) -> String {
        let summary = |(_, event): (Timestamp, &Event)| match event {
            Event::StepCompleted {
                role: Role::Analyst,
                summary,
                ..
            } => Some(summary.clone()),
            _ => None,
        };
        self.events().rev().find_map(summary).unwrap_or_default()
    }

    fn made(&self, link: &Link) -> Option<Made> {
        self.events().find_map(|(at, event)| {
            let (revision, approver, decision, comment) = match event {
                Event::ApprovalRecorded {
                    revision,
                    approver,
                    decision,
                    comment,
                    ..
                } => (revision, approver, *decision, comment),
                Event::ApprovalGranted {
                    revision,
                    approver,
                    comment,
                    ..
                } => (revision, approver, DecisionKind::Approve, comment),
                Event::WorkflowRejected {
                    revision,
                    approver,
                    comment,
                    ..
                } => (revision, approver, DecisionKind::Reject, comment),
                Event::ChangesRequested {
                    revision,
                    approver,
                    comment,
                    ..
                } => (revision, approver, DecisionKind::RequestChanges, comment),
                _ => return None,
            };
            let own = *revision == link.revision && text::alike(approver, &link.approver);
            own.then(|| Made {
                decision,
                comment: comment.clone(),
                at,
            })
        })
    }
}

fn plain(status: Status) -> String {
    status.as_str().replace('_', " ")
}

fn refused(problem: &Problem) -> ApiResponse {
    page::refusal(problem.status, &problem.code, &problem.detail).with_retry_after()
}
