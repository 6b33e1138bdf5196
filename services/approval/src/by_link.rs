//! `GET` and `POST /approval-links/{token}`: a person follows a link, and decides by the form that it leads to.
//!
//! GET only reads: whatever follows links by itself, a mail scanner or a preview in a chat, decides nothing. Query
//! parameters that are not known are passed over, since mail programs add their own.

use aegis_contracts::approval::{DecisionRequest, DecisionView, LINK_CLAIM};
use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::review::Review;
use aegis_contracts::text;
use aegis_engine::api::{ApiRequest, ApiResponse, problem_of};
use aegis_engine::link::{Link, Opened};
use aegis_engine::token::TokenError;
use aegis_workflow::{Asked, Vote, waiting_approval_view};

use crate::Approval;
use crate::form::{self, Refused, Typed};
use crate::page::{self, Closed, Decided, Question};
use crate::review::{Seen, Withheld};

/// Bytes of a page. Few of its characters are escaped once more on the way.
const MAX_PAGE: usize = 5_000_000;

/// What a link is followed with.
struct Visit<'a> {
    link: &'a Link,
    /// Whether all passages are to be unfolded.
    unfolded: bool,
}

impl Approval {
    pub(crate) async fn show_link(&self, request: &ApiRequest) -> ApiResponse {
        let shown = async {
            let link = match self.opened(request).await? {
                Opened::Open(link) => link,
                Opened::Expired(link) => return self.expired(&link).await,
            };
            request.check_headers()?;
            let seen = self.seen_by(&link).await?;
            self.page_of(&seen, &visit(&link, request), None).await
        };
        shown.await.unwrap_or_else(|problem| refused(&problem))
    }

    pub(crate) async fn decide_by_link(&self, request: &ApiRequest) -> ApiResponse {
        let decided = async {
            let link = match self.opened(request).await? {
                Opened::Open(link) => link,
                Opened::Expired(link) => return self.expired(&link).await,
            };
            request.check_headers()?;
            let visit = visit(&link, request);
            match form::read(request) {
                Ok(wanted) => self.decide_so(&visit, wanted).await,
                Err(refused) => {
                    let seen = self.seen_by(&link).await?;
                    self.page_of(&seen, &visit, Some(&refused)).await
                }
            }
        };
        decided.await.unwrap_or_else(|problem| refused(&problem))
    }

    async fn decide_so(
        &self,
        visit: &Visit<'_>,
        wanted: DecisionRequest,
    ) -> Result<ApiResponse, Box<Problem>> {
        let link = visit.link;
        let vote = Vote {
            approver: link.approver.clone(),
            proven: false,
            claimed_by: Some(format!("{LINK_CLAIM}{}", link.made_by)),
            decision: wanted.decision,
            comment: wanted.comment.clone(),
            changes: wanted.changes.clone(),
            revision: Some(link.revision),
        };
        // Also when it was made before: a command that it owes is sent again then.
        let outcome = self.decide(&link.workflow_id, vote).await;
        let seen = self.seen_by(link).await?;
        match (outcome, made(&seen, link)) {
            // Once a revision is over only its history knows who decided what.
            (Err(problem), Some((_, made))) if problem.status == 409 => {
                match differs(made, &wanted) {
                    Some(why) => {
                        let code = Code::AlreadyDecided;
                        Ok(self.closed(&seen, link, (code.status(), code.as_str()), Some(&why)))
                    }
                    None => self.page_of(&seen, visit, None).await,
                }
            }
            // The question is still open, and this is no answer to it.
            (Err(problem), None) if no_answer(&problem) => {
                let typed = Typed {
                    comment: wanted.comment.unwrap_or_default(),
                    changes: wanted.changes.unwrap_or_default(),
                };
                let refused = Refused {
                    problem: *problem,
                    typed,
                };
                self.page_of(&seen, visit, Some(&refused)).await
            }
            (Err(problem), None) if problem.status == 409 => {
                let refusal = (problem.status, problem.code.as_str());
                Ok(self.closed(&seen, link, refusal, None))
            }
            (outcome, _) => {
                outcome?;
                self.page_of(&seen, visit, None).await
            }
        }
    }

    async fn opened(&self, request: &ApiRequest) -> Result<Opened, Box<Problem>> {
        let token = request.path.get("token").map_or("", String::as_str);
        let opened = self.keys.open_link(token).await;
        opened
            .map_err(|error| problem_of(&error))?
            .map_err(|error| match error {
                TokenError::Malformed
                | TokenError::UnknownKey
                | TokenError::Forged
                | TokenError::Expired => {
                    let detail = "This is not a link that was made here.";
                    Box::new(Problem::new(Code::InvalidLink, detail))
                }
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

    /// Nothing can be decided by it any more. What it was about, and what came of that, is no secret for who has it.
    async fn expired(&self, link: &Link) -> Result<ApiResponse, Box<Problem>> {
        let seen = self.seen_by(link).await?;
        let code = Code::ExpiredLink;
        Ok(self.closed(&seen, link, (code.status(), code.as_str()), None))
    }

    /// `refusal`: status and code.
    fn closed(
        &self,
        seen: &Seen,
        link: &Link,
        refusal: (u16, &str),
        why: Option<&str>,
    ) -> ApiResponse {
        let (status, code) = refusal;
        page::closed(&Closed {
            seen,
            link,
            status,
            code,
            why,
            now: self.engine.clock.now(),
        })
    }

    async fn page_of(
        &self,
        seen: &Seen,
        visit: &Visit<'_>,
        refused: Option<&Refused>,
    ) -> Result<ApiResponse, Box<Problem>> {
        let (link, now) = (visit.link, self.engine.clock.now());
        if let Some((asked, own)) = made(seen, link) {
            let mut decided = page::decided(&Decided {
                seen,
                link,
                approval: &asked.approval,
                own,
                now,
            });
            // What was sent now is no form, whatever was decided before.
            if let Some(refused) = refused {
                decided.status = refused.problem.status;
            }
            return Ok(decided);
        }
        let Some(asked) = open_question(seen, link) else {
            let code = Code::NotAwaitingApproval;
            return Ok(self.closed(seen, link, (code.status(), code.as_str()), None));
        };
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
                unfolded: visit.unfolded,
                can_search_again: can_search_again(seen, asked),
                now,
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

fn visit<'a>(link: &'a Link, request: &ApiRequest) -> Visit<'a> {
    Visit {
        link,
        unfolded: request.query("passages") == Some("open"),
    }
}

/// The decision is none that the approval takes, and another one would be.
fn no_answer(problem: &Problem) -> bool {
    let codes = [
        Code::RevisionsExhausted,
        Code::CannotSearchAgain,
        Code::UnknownFinding,
    ];
    codes.iter().any(|code| problem.code == code.as_str())
}

fn can_search_again(seen: &Seen, asked: &Asked) -> bool {
    let mut approvals = seen.workflow.flow.approvals();
    approvals.any(|step| step.approval == asked.approval.approval && step.search_again.is_some())
}

/// The revision of the link, if it waits.
fn open_question<'a>(seen: &'a Seen, link: &Link) -> Option<&'a Asked> {
    let waiting = waiting_approval_view(&seen.workflow)?;
    let mut asked = seen.asked.iter();
    let asked = asked.find(|asked| asked.approval.revision == link.revision);
    asked.filter(|_| waiting.revision == link.revision)
}

/// The decision of the link's approver on the link's revision.
fn made<'a>(seen: &'a Seen, link: &Link) -> Option<(&'a Asked, &'a DecisionView)> {
    let mut asked = seen.asked.iter();
    let asked = asked.find(|asked| asked.approval.revision == link.revision)?;
    let mut decisions = asked.approval.decisions.iter();
    let own = decisions.find(|decision| text::alike(&decision.approver, &link.approver))?;
    Some((asked, own))
}

/// Why `wanted` is more than the decision that was made, once more.
fn differs(made: &DecisionView, wanted: &DecisionRequest) -> Option<String> {
    let decided = format!(
        "You have already decided on this revision: {}.",
        page::words(made.decision)
    );
    if made.decision != wanted.decision {
        return Some(decided);
    }
    let commented = wanted.comment.is_some() && wanted.comment != made.comment;
    let changed = wanted.changes.is_some() && wanted.changes != made.changes;
    (commented || changed).then(|| format!("{decided} What you sent with it now is not kept."))
}

fn refused(problem: &Problem) -> ApiResponse {
    page::refusal(problem).with_retry_after()
}
