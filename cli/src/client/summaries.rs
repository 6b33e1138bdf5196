//! What each finished step said of itself. A view has only the progress of steps under way; the summary is in the
//! history.

use std::collections::HashMap;

use aegis_contracts::attempt::Attempt;
use aegis_contracts::event::Event;
use aegis_contracts::view::{History, ProgressView, StepStatus, StepView, WorkflowView};
use serde_json::json;

use super::session::Session;

/// Summaries by step and attempt, each asked for once.
#[derive(Debug, Default)]
pub struct Summaries {
    known: HashMap<Attempt, String>,
}

impl Summaries {
    /// The view with summaries where finished steps have no word of their own. They are an
    /// ornament: when they cannot be had, the view stays as it is.
    pub async fn added_to(&mut self, mut view: WorkflowView, session: &Session) -> WorkflowView {
        let is_known = |step: &StepView| self.known.contains_key(&step.of());
        if view
            .steps
            .iter()
            .any(|step| is_silent(step) && !is_known(step))
        {
            self.learn(&view, session).await;
        }
        for step in view.steps.iter_mut().filter(|step| is_silent(step)) {
            let summary = self.known.get(&step.of());
            step.progress = summary.map(|message| ProgressView {
                message: message.clone(),
                percent: None,
            });
        }
        view
    }

    async fn learn(&mut self, view: &WorkflowView, session: &Session) {
        let path = format!("/workflows/{}/history", view.workflow_id);
        let Ok(history) = session.api.get::<History>(&path).await else {
            return;
        };
        for event in history.value.events {
            let tagged = json!({"type": event.kind, "data": event.data});
            if let Ok(Event::StepCompleted {
                step,
                branch,
                attempt,
                summary,
                ..
            }) = serde_json::from_value(tagged)
            {
                let of = Attempt {
                    step,
                    branch,
                    attempt,
                };
                self.known.insert(of, summary);
            }
        }
    }
}

fn is_silent(step: &StepView) -> bool {
    step.status == StepStatus::Succeeded && step.progress.is_none()
}
