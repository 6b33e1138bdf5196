//! What to type after the API has refused something about a workflow.

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::problem::Problem;

use super::next_step::{AfterRefusal, of_refusal};
use super::session::Session;
use super::show;
use crate::failure::Advised;
use aegis_client::failure::ApiError;
use aegis_terminal::text::one_line;

/// The error, with what leads on from it where that is known.
pub async fn explained(refused: ApiError, id: &WorkflowId, session: &Session) -> anyhow::Error {
    let next = match &refused {
        ApiError::Refused(problem) => next(problem, id, session).await,
        _ => Vec::new(),
    };
    if next.is_empty() {
        return refused.into();
    }
    Advised { refused, next }.into()
}

async fn next(problem: &Problem, id: &WorkflowId, session: &Session) -> Vec<String> {
    let Some(step) = of_refusal(&problem.code) else {
        return Vec::new();
    };
    match step {
        AfterRefusal::List => vec![session.command("list")],
        AfterRefusal::Start => vec![session.command("start '…'")],
        AfterRefusal::Watch => vec![session.command(&format!("watch {id}"))],
        AfterRefusal::Present => match session.workflow(id).await {
            Ok(now) => {
                let view = now.value;
                let names = view
                    .approval
                    .iter()
                    .flat_map(|approval| &approval.approvers);
                let names: Vec<&str> = names.map(String::as_str).collect();
                let status = view.status.as_str().replace('_', " ");
                let may = match problem.code == "not_an_approver" && !names.is_empty() {
                    true => format!(", and may be decided on by {}", one_line(&names.join(", "))),
                    false => String::new(),
                };
                let why = view.failure.as_ref().map(show::failure_words);
                let why = why.map(|words| format!(": {words}")).unwrap_or_default();
                let mut lines = vec![format!("The workflow is {status}{may}{why}. Go on with")];
                lines.extend(show::next_steps(&view, session));
                lines
            }
            // It may only be looked at by others, or the API has gone.
            Err(_) => vec![session.command(&format!("get {id}"))],
        },
    }
}
