//! `GET` and `POST /approval-links/{token}`: a person follows a link, and decides by the form that it leads to.
//!
//! GET only reads: whatever follows links by itself, a mail scanner or a preview in a chat, decides nothing.

use aegis_contracts::approval::{DecisionView, LINK_CLAIM};
use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::review::Review;
use aegis_contracts::text;
use aegis_engine::api::{ApiRequest, ApiResponse, problem_of};
use aegis_engine::link::Link;
use aegis_engine::token::TokenError;
use aegis_workflow::{Asked, Input, waiting_approval_view};

use crate::Approval;
use crate::form::{self, Refused};
use crate::page::{self, Decided, Question};
use crate::review::{Seen, Withheld};

/// Bytes of a page. Few of its characters are escaped once more on the way.
const MAX_PAGE: usize = 5_000_000;

impl Approval {
    pub(crate) async fn show_link(&self, request: &ApiRequest) -> ApiResponse {
        let shown = async {
            let link = self.opened(request).await?;
            request.check_form(&[])?;
            let seen = self.seen_by(&link).await?;
            self.page_of(&seen, &link, None).await
        };
        shown.await.unwrap_or_else(|problem| refused(&problem))
    }

    pub(crate) async fn decide_by_link(&self, request: &ApiRequest) -> ApiResponse {
        let decided = async {
            let link = self.opened(request).await?;
            request.check_form(&[])?;
            let wanted = match form::read(request) {
                Ok(wanted) => wanted,
                Err(refused) => {
                    let seen = self.seen_by(&link).await?;
                    return self.page_of(&seen, &link, Some(&refused)).await;
                }
            };
            let input = Input::Decide {
                approver: link.approver.clone(),
                proven: false,
                claimed_by: Some(format!("{LINK_CLAIM}{}", link.made_by)),
                decision: wanted.decision,
                comment: wanted.comment.clone(),
                revision: link.revision,
            };
            // Also when it was made before: a command that it owes is sent again then.
            let outcome = self.decide(&link.workflow_id, input).await;
            let seen = self.seen_by(&link).await?;
            match (outcome, made(&seen, &link)) {
                // Once a revision is over only its history knows who decided what.
                (Err(problem), Some((_, made))) if problem.status == 409 => {
                    if made.decision != wanted.decision {
                        let word = made.decision.as_str();
                        let detail = format!("You have already decided `{word}` on this revision.");
                        return Err(Box::new(Problem::new(Code::AlreadyDecided, detail)));
                    }
                }
                // The question is still open, and this is no answer to it.
                (Err(problem), None) if problem.code == Code::RevisionsExhausted.as_str() => {
                    let comment = wanted.comment.unwrap_or_default();
                    let refused = Refused {
                        problem: *problem,
                        comment,
                    };
                    return self.page_of(&seen, &link, Some(&refused)).await;
                }
                (outcome, _) => {
                    outcome?;
                }
            }
            self.page_of(&seen, &link, None).await
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

    async fn seen_by(&self, link: &Link) -> Result<Seen, Box<Problem>> {
        let seen = self.seen(&link.workflow_id).await;
        let seen = seen.map_err(|error| Box::new(problem_of(&error)))?;
        seen.ok_or_else(|| {
            let detail = "The workflow is not kept any more.";
            Box::new(Problem::new(Code::WorkflowNotFound, detail))
        })
    }

    async fn page_of(
        &self,
        seen: &Seen,
        link: &Link,
        refused: Option<&Refused>,
    ) -> Result<ApiResponse, Box<Problem>> {
        if let Some((asked, own)) = made(seen, link) {
            let waits = waiting_approval_view(&seen.workflow);
            let waits = waits.is_some_and(|waiting| waiting.revision == link.revision);
            let status = status_words(seen);
            return Ok(page::decided(&Decided {
                topic: &seen.request.topic,
                approval: &asked.approval,
                own,
                made_by: &link.made_by,
                over: (!waits).then_some(status.as_str()),
            }));
        }
        let asked = open_question(seen, link)?;
        let found = match self.reviewed(seen, asked).await {
            Err(Withheld::Port(error)) => return Err(Box::new(problem_of(&error))),
            found => found,
        };
        let question = |found: Result<&Review, &Withheld>| {
            page::question(&Question {
                topic: &seen.request.topic,
                requested_by: &seen.request.requested_by,
                approver: &link.approver,
                approval: &asked.approval,
                found,
                now: self.engine.clock.now(),
                refused,
            })
        };
        let page = question(found.as_ref());
        if page.body.len() <= MAX_PAGE {
            return Ok(page);
        }
        match self.too_large(asked).await {
            Withheld::Port(error) => Err(Box::new(problem_of(&error))),
            withheld => Ok(question(Err(&withheld))),
        }
    }
}

/// The revision of the link, if it waits.
fn open_question<'a>(seen: &'a Seen, link: &Link) -> Result<&'a Asked, Box<Problem>> {
    let over = |detail: String| Box::new(Problem::new(Code::NotAwaitingApproval, detail));
    let waiting = waiting_approval_view(&seen.workflow)
        .ok_or_else(|| over(format!("The workflow is {}.", status_words(seen))))?;
    let mut asked = seen.asked.iter();
    let asked = asked.find(|asked| asked.approval.revision == link.revision);
    asked
        .filter(|_| waiting.revision == link.revision)
        .ok_or_else(|| {
            let (old, new) = (link.revision, waiting.revision);
            over(format!(
                "This link is for revision {old}; now revision {new} waits, and needs a new link. Ask whoever sent \
                 you this one."
            ))
        })
}

fn status_words(seen: &Seen) -> String {
    seen.workflow.status().as_str().replace('_', " ")
}

/// The decision of the link's approver on the link's revision.
fn made<'a>(seen: &'a Seen, link: &Link) -> Option<(&'a Asked, &'a DecisionView)> {
    let mut asked = seen.asked.iter();
    let asked = asked.find(|asked| asked.approval.revision == link.revision)?;
    let mut decisions = asked.approval.decisions.iter();
    let own = decisions.find(|decision| text::alike(&decision.approver, &link.approver))?;
    Some((asked, own))
}

fn refused(problem: &Problem) -> ApiResponse {
    page::refusal(problem).with_retry_after()
}
