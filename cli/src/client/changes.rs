//! What is different between two looks at a workflow, as lines for people.
//!
//! Pure. Things that change with every look (heartbeats, presigned URLs) are no difference.

use aegis_contracts::attempt::whose;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{PickupView, Place, Status, StepStatus, StepView, WorkflowView};

use super::branches::folded;
use super::pickup::{waiting, waits_for_a_session};
use super::show::{self, attempt, failure_words, progress};
use crate::style::hang;
use aegis_terminal::text::{one_line, status_style, status_words, step_style, step_word};

/// Whether the second view says something new for a person or script.
pub fn is_news(before: Option<&WorkflowView>, now: &WorkflowView) -> bool {
    before.is_none_or(|before| settled(before) != settled(now))
}

fn settled(view: &WorkflowView) -> WorkflowView {
    let mut view = view.clone();
    view.updated_at = view.created_at;
    view.result = None;
    for step in &mut view.steps {
        step.last_heartbeat_at = None;
        step.deadline_at = None;
    }
    view
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it happened, where the view says it.
    pub at: Option<Timestamp>,
    pub text: String,
}

/// As [`lines`]; without `all`, with one line for the branches of a step.
pub fn told(before: Option<&WorkflowView>, now: &WorkflowView, all: bool) -> Vec<Line> {
    if all {
        return lines(before, now);
    }
    lines(before.map(folded).as_ref(), &folded(now))
}

/// One line per difference, in the order of the flow; the first look tells everything that has happened so far.
pub fn lines(before: Option<&WorkflowView>, now: &WorkflowView) -> Vec<Line> {
    let mut lines = Vec::new();
    for place in now.course.iter().flat_map(Place::parts) {
        match place {
            Place::Step { step: name, .. } => {
                for step in now.steps.iter().filter(|step| step.step == *name) {
                    let known = before.and_then(|view| {
                        let mut steps = view.steps.iter();
                        steps.find(|known| known.step == *name && known.branch == step.branch)
                    });
                    let at = step_time(step);
                    lines.extend(step_line(known, step).map(|text| Line { at, text }));
                }
            }
            // Its parts come one by one.
            Place::Parallel { .. } => {}
            Place::Approval { approval: name } => {
                let latest = now.approval.as_ref();
                if latest.is_some_and(|approval| approval.approval == *name) {
                    lines.extend(decision_lines(before, now));
                }
            }
        }
    }
    let moved = before.map(|view| (view.status, view.revision)) != Some((now.status, now.revision));
    if moved && now.status == Status::AwaitingApproval {
        let style = status_style(now.status);
        let word = style.on(format!("{:<10}", "waiting"));
        lines.extend(now.approval.as_ref().map(|approval| Line {
            at: Some(approval.requested_at),
            text: format!(
                "{:<10}  {word}  revision {}",
                approval.approval.as_str(),
                approval.revision
            ),
        }));
    }
    lines
}

/// How it ended, for `watch`. `run` has more to say about the end and says all of it itself.
pub fn ending(now: &WorkflowView) -> Option<Line> {
    let word = status_words(now.status);
    let why = now
        .failure
        .as_ref()
        .filter(|_| now.status == Status::Failed);
    let why = why.map(|failure| format!(": {}", failure_words(failure)));
    let line = Line {
        at: Some(now.updated_at),
        text: format!("workflow    {word}{}", why.unwrap_or_default()),
    };
    now.status.is_terminal().then_some(line)
}

fn step_line(before: Option<&StepView>, now: &StepView) -> Option<String> {
    let same = before.is_some_and(|before| {
        (
            before.status,
            before.attempt,
            before.revision,
            &before.progress,
            session_wait(before).is_some(),
        ) == (
            now.status,
            now.attempt,
            now.revision,
            &now.progress,
            session_wait(now).is_some(),
        )
    });
    if same {
        return None;
    }
    let words = [
        attempt(now),
        session_wait(now).map_or_else(|| progress(now), waiting),
    ];
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let status = step_style(now.status).on(format!("{:<10}", step_word(now.status)));
    let line = format!(
        "{:<10}  {status}  {}{}",
        whose(&now.step, now.branch),
        hang(),
        words.join(": ")
    );
    Some(line.trim_end().to_owned())
}

/// Of one under way: of its last word. When one failed is in the history alone.
fn step_time(step: &StepView) -> Option<Timestamp> {
    match step.status {
        StepStatus::Requested => step.requested_at,
        StepStatus::Dispatched => step.dispatched_at,
        StepStatus::Running => step.last_heartbeat_at.or(step.dispatched_at),
        StepStatus::Succeeded => step.succeeded_at,
        StepStatus::Waiting
        | StepStatus::Failed
        | StepStatus::Superseded
        | StepStatus::Cancelled => None,
    }
}

/// What is told of a step that waits for a session, and of no other wait.
fn session_wait(step: &StepView) -> Option<&PickupView> {
    step.pickup
        .as_ref()
        .filter(|pickup| waits_for_a_session(pickup))
}

fn decision_lines(before: Option<&WorkflowView>, now: &WorkflowView) -> Vec<Line> {
    let Some(approval) = &now.approval else {
        return Vec::new();
    };
    let known = before
        .and_then(|view| view.approval.as_ref())
        .filter(|known| known.revision == approval.revision)
        .map_or(0, |known| known.decisions.len());
    let line = |decision: &aegis_contracts::approval::DecisionView| {
        let kind = decision.decision.as_str().replace('_', " ");
        let comment = decision.comment.as_deref();
        let comment = comment.map(|text| format!(": {}", one_line(text)));
        let text = format!(
            "{:<10}  {kind} by {}{}",
            approval.approval.as_str(),
            one_line(&decision.approver),
            comment.unwrap_or_default()
        );
        Line {
            at: Some(decision.decided_at),
            text,
        }
    };
    let mut lines: Vec<Line> = approval.decisions.iter().skip(known).map(line).collect();
    // Nobody's decision, so it is not among them.
    let was_settled = before.is_some_and(|view| {
        let known = view.approval.as_ref();
        known.is_some_and(|known| known.revision == approval.revision && known.settled.is_some())
    });
    let silent = approval
        .settled
        .as_ref()
        .filter(|how| how.by.is_none() && !was_settled);
    lines.extend(silent.map(|how| Line {
        at: Some(how.at),
        text: format!("{:<10}  {}", approval.approval.as_str(), show::settled(how)),
    }));
    lines
}
