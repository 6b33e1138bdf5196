//! What each finished step said of itself, and when. A view has only the progress of steps under way; the
//! summary is in the history.

use std::collections::HashMap;

use aegis_contracts::agent::Role;
use aegis_contracts::event::Event;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{History, ProgressView, StepStatus, StepView, WorkflowView};
use serde_json::json;

use super::session::Session;

/// Summaries by role and attempt, each asked for once.
#[derive(Debug, Default)]
pub struct Summaries {
    known: HashMap<(Role, u32), (String, Timestamp)>,
}

impl Summaries {
    /// The view with summaries where finished steps have no word of their own. They are an
    /// ornament: when they cannot be had, the view stays as it is.
    pub async fn added_to(&mut self, mut view: WorkflowView, session: &Session) -> WorkflowView {
        let is_known = |step: &StepView| self.known.contains_key(&(step.role, step.attempt));
        if view
            .steps
            .iter()
            .any(|step| is_silent(step) && !is_known(step))
        {
            self.learn(&view, session).await;
        }
        for step in view.steps.iter_mut().filter(|step| is_silent(step)) {
            let summary = self.known.get(&(step.role, step.attempt));
            step.progress = summary.map(|(message, _)| ProgressView {
                message: message.clone(),
                percent: None,
            });
        }
        view
    }

    /// When a step succeeded, as far as it was asked for.
    pub fn succeeded_at(&self, step: &StepView) -> Option<Timestamp> {
        let known = self.known.get(&(step.role, step.attempt));
        known.map(|(_, at)| *at)
    }

    async fn learn(&mut self, view: &WorkflowView, session: &Session) {
        let path = format!("/workflows/{}/history", view.workflow_id);
        let Ok(history) = session.api.get::<History>(&path).await else {
            return;
        };
        for event in history.value.events {
            let tagged = json!({"type": event.kind, "data": event.data});
            if let Ok(Event::StepCompleted {
                role,
                attempt,
                summary,
                ..
            }) = serde_json::from_value(tagged)
            {
                self.known
                    .insert((role, attempt), (summary, event.occurred_at));
            }
        }
    }
}

fn is_silent(step: &StepView) -> bool {
    step.status == StepStatus::Succeeded && step.progress.is_none()
}
