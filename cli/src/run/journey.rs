//! Goes along with one workflow: looks, draws, and asks for a decision at each approval.

use std::time::Duration;

use aegis_contracts::approval::{ApprovalView, DecisionRequest};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::{Status, WorkflowView};
use anyhow::Result;

use super::decider::{Choice, Decider};
use super::screen::Screen;
use crate::client::decide::{decide, told};
use crate::client::findings;
use crate::client::poll::Poller;
use crate::client::session::Session;
use crate::client::show::decisions;
use crate::client::summaries::Summaries;
use aegis_client::api::Answer;
use aegis_client::failure::ApiError;

/// A person is looking.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub struct Journey<'a, D> {
    pub session: &'a Session,
    pub id: &'a WorkflowId,
    pub approver: Option<&'a str>,
    pub screen: Screen,
    pub decider: D,
}

/// Where the journey stopped.
#[derive(Debug)]
pub enum Followed {
    Ended(Box<Answer<WorkflowView>>),
    /// The person decides later.
    Waiting(Box<Answer<WorkflowView>>),
    /// Nobody could be asked.
    NobodyToAsk(Box<Answer<WorkflowView>>),
    /// The API refused the decision, and nobody is there to make another.
    Refused(Box<Answer<WorkflowView>>, Box<ApiError>),
}

/// What a question led to.
enum Asked {
    /// Decided, or the moment has passed: go on looking.
    GoOn,
    Later,
    Nobody,
    Refused(Box<ApiError>),
}

impl<D: Decider> Journey<'_, D> {
    /// # Errors
    /// Where the API refuses or stays out of reach.
    pub async fn follow(mut self) -> Result<Followed> {
        let mut poller = Poller::new(self.id.clone(), LONGEST_PAUSE);
        // A quorum may need others too: nobody is asked twice about one revision.
        let mut asked_about = None;
        let mut summaries = Summaries::default();
        let mut shown: Option<WorkflowView> = None;
        loop {
            let answer = poller.next(self.session).await?;
            let told = summaries.added_to(answer.value.clone(), self.session).await;
            self.screen.show(shown.as_ref(), &told);
            shown = Some(told);
            if answer.value.status.is_terminal() {
                self.screen.rest();
                return Ok(Followed::Ended(Box::new(answer)));
            }
            if let Some(approval) = open_question(&answer.value, asked_about) {
                let asked = self.ask(approval).await?;
                asked_about = Some(approval.revision);
                match asked {
                    Asked::GoOn => {}
                    Asked::Later => return Ok(Followed::Waiting(Box::new(answer))),
                    Asked::Nobody => return Ok(Followed::NobodyToAsk(Box::new(answer))),
                    Asked::Refused(why) => return Ok(Followed::Refused(Box::new(answer), why)),
                }
            }
            poller.seen(answer.value);
        }
    }

    async fn ask(&mut self, approval: &ApprovalView) -> Result<Asked> {
        self.screen.rest();
        match findings::review(self.session, self.id, Some(approval.revision)).await {
            Ok(answer) => errln!("{}", findings::page(&answer.value)),
            Err(error) => {
                errln!("the findings cannot be shown: {error}");
                // Nobody is asked about what they cannot see.
                if D::ASKS_AGAIN {
                    return Ok(Asked::Later);
                }
            }
        }
        loop {
            let wanted = match self.decider.decide(approval).await? {
                Choice::Decide(wanted) => wanted,
                Choice::Later => return Ok(Asked::Later),
                Choice::Nobody => return Ok(Asked::Nobody),
            };
            let decision = wanted.decision;
            let request = DecisionRequest {
                approver: self.approver.map(str::to_owned).or(wanted.approver),
                revision: Some(approval.revision),
                ..wanted
            };
            match decide(self.session, self.id, &request).await {
                Ok(answer) => {
                    self.screen.note(&told(decision, &answer.value));
                    if answer.value.settled.is_none() {
                        self.screen
                            .note("Others still have to approve. They do so with");
                        for line in decisions(self.id, &answer.value, self.session) {
                            self.screen.note(&line);
                        }
                    }
                    return Ok(Asked::GoOn);
                }
                Err(error) if self.has_moved(approval).await? => {
                    self.screen
                        .note(&format!("the workflow has already gone on: {error}"));
                    return Ok(Asked::GoOn);
                }
                Err(error) if D::ASKS_AGAIN && error.is_refusal() => {
                    self.screen.note(&format!("that is not possible: {error}"));
                }
                Err(error) if error.is_refusal() => return Ok(Asked::Refused(Box::new(error))),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether the approval that was asked about is no longer the one that waits.
    async fn has_moved(&self, approval: &ApprovalView) -> Result<bool> {
        let view = self.session.workflow(self.id).await?.value;
        Ok(open_question(&view, None).map(|now| now.revision) != Some(approval.revision))
    }
}

fn open_question(view: &WorkflowView, asked_about: Option<u32>) -> Option<&ApprovalView> {
    let approval = view
        .approval
        .as_ref()
        .filter(|_| view.status == Status::AwaitingApproval);
    approval.filter(|approval| asked_about != Some(approval.revision))
}
