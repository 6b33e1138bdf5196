//! `POST /workflows/{id}/approval-links`.
//!
//! A link is made when a client asks for one, and handed to that client alone. It is stored nowhere: it never
//! travels in events, in the state or in logs.

use aegis_contracts::approval::{ApprovalLink, ApprovalLinkRequest};
use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::text;
use aegis_engine::api::{Answer, ApiRequest, ApiResponse, not_found, problem_of};
use aegis_engine::body;
use aegis_engine::link::Link;
use aegis_workflow::{too_late, waiting_approval_view};

use crate::Approval;

impl Approval {
    pub(crate) async fn make_link(&self, request: &ApiRequest, principal: String) -> Answer {
        let id = request.workflow_id()?;
        let wanted: ApprovalLinkRequest = body::read(request)?;
        let found = self.engine.load(&id).await;
        let found = found.map_err(|error| problem_of(&error))?;
        let workflow = found.ok_or_else(|| not_found(id.as_str()))?;
        let waiting = waiting_approval_view(&workflow)
            .ok_or_else(|| refused(Code::NotAwaitingApproval, "nothing waits for a decision"))?;
        let wanted = text::name(&wanted.approver);
        let mut named = waiting.approvers.iter();
        let approver = match named.find(|name| text::alike(name, &wanted)) {
            Some(listed) => listed.clone(),
            None if waiting.approvers.is_empty() => wanted,
            None => {
                let shown = text::visible_line(&wanted);
                let detail = format!("`{shown}` is not among the approvers");
                return Err(refused(Code::NotAnApprover, &detail));
            }
        };
        if let Some(late) = too_late(&workflow, self.engine.clock.now()) {
            return Err(refused(late.code, &late.detail));
        }
        let link = Link {
            workflow_id: id,
            revision: waiting.revision,
            approver,
            made_by: principal,
        };
        let keys = self.keys.keys().await.map_err(|error| problem_of(&error))?;
        let token = link.sign(&keys, waiting.deadline_at).map_err(|error| {
            tracing::error!(%error, "approval link cannot be signed");
            Box::new(Problem::new(Code::Internal, "the link could not be signed"))
        })?;
        tracing::info!(revision = link.revision, "approval link made");
        let made = ApprovalLink {
            url: format!(
                "{}/approval-links/{token}",
                self.api_url.trim_end_matches('/')
            ),
            approver: link.approver,
            approval: waiting.approval,
            revision: link.revision,
            expires_at: waiting.deadline_at,
        };
        let answer = ApiResponse::json(201, &made);
        Ok(answer.with_header("cache-control", "no-store".to_owned()))
    }
}

fn refused(code: Code, detail: &str) -> Box<Problem> {
    Box::new(Problem::new(code, detail))
}
