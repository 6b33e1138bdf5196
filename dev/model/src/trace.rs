//! A counterexample as a trace: what happened, and where the workflow was after it.

use aegis_workflow::{Ended, Phase, Workflow};

use crate::action::Action;
use crate::state::State;

/// Why a property does not hold.
#[derive(Debug, Clone)]
pub struct Counterexample {
    pub property: &'static str,
    pub steps: usize,
    /// One line per step.
    pub trace: String,
}

pub fn tell(property: &'static str, path: Vec<(State, Option<Action>)>) -> Counterexample {
    let beginning = path.first().map(|(state, _)| state.now);
    let steps = path.len().saturating_sub(1);
    let mut trace = String::new();
    let mut before = None;
    for (number, (state, action)) in path.into_iter().enumerate() {
        let seconds = beginning.map_or(0, |beginning| state.now.since(beginning).as_secs());
        let what = before.map_or("the workflow is opened".to_owned(), |action: Action| {
            action.to_string()
        });
        let place = place(&state.workflow);
        trace.push_str(&format!(
            "{number:>3}  {seconds:>5} s  {what:<64} {place}\n"
        ));
        before = action;
    }
    Counterexample {
        property,
        steps,
        trace,
    }
}

fn place(workflow: &Workflow) -> String {
    let version = workflow.version;
    match &workflow.phase {
        Phase::Running(running) => {
            let work = running.work.iter().map(|work| {
                let dispatched = if work.dispatched_at.is_some() {
                    "dispatched".to_owned()
                } else {
                    format!("sent {} times", work.sends)
                };
                format!("{} {}, {dispatched}", work.of.whose(), work.of.attempt)
            });
            let work: Vec<String> = work.collect();
            format!("v{version} {}", work.join("; "))
        }
        Phase::AwaitingApproval(approval) => {
            format!(
                "v{version} awaits `{}`, revision {}",
                approval.approval, approval.revision
            )
        }
        Phase::Ended(Ended::Failed(failure)) => format!("v{version} failed: {}", failure.code),
        Phase::Ended(_) => {
            format!("v{version} {}", workflow.status().as_str())
        }
    }
}
