//! What is different between two looks at a workflow, as lines for people.
//!
//! Pure. Things that change with every look (heartbeats, presigned URLs) are no difference.

use aegis_contracts::agent::Role;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{PickupView, Status, StepStatus, StepView, WorkflowView};

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
    view.report = None;
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

/// One line per difference; the first look tells everything that has happened so far. `succeeded_at` knows of a step
/// what a view does not say.
pub fn lines(
    before: Option<&WorkflowView>,
    now: &WorkflowView,
    succeeded_at: impl Fn(&StepView) -> Option<Timestamp>,
) -> Vec<Line> {
    let mut lines = Vec::new();
    // In the order of the flow: the decision comes before what it let go on.
    let (decided_on, let_go_on): (Vec<&StepView>, Vec<&StepView>) =
        now.steps.iter().partition(|step| step.role != Role::Writer);
    let step_lines = |steps: Vec<&StepView>| {
        let line = |step: &&StepView| {
            let same_role = |known: &&StepView| known.role == step.role;
            let known = before.and_then(|view| view.steps.iter().find(same_role));
            let text = step_line(known, step)?;
            let at = step_time(step).or_else(|| succeeded_at(step));
            Some(Line { at, text })
        };
        steps.iter().filter_map(line).collect::<Vec<_>>()
    };
    lines.extend(step_lines(decided_on));
    lines.extend(decision_lines(before, now));
    lines.extend(step_lines(let_go_on));
    let moved = before.map(|view| (view.status, view.revision)) != Some((now.status, now.revision));
    if moved && now.status == Status::AwaitingApproval {
        let style = status_style(now.status);
        let word = style.on(format!("{:<10}", "waiting"));
        lines.push(Line {
            at: now.approval.as_ref().map(|approval| approval.requested_at),
            text: format!("approval    {word}  revision {}", now.revision),
        });
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
        now.role.as_str(),
        hang(),
        words.join(": ")
    );
    Some(line.trim_end().to_owned())
}

/// Of one under way: of its last word. When one ended is in the history alone.
fn step_time(step: &StepView) -> Option<Timestamp> {
    match step.status {
        StepStatus::Requested => step.requested_at,
        StepStatus::Dispatched => step.dispatched_at,
        StepStatus::Running => step.last_heartbeat_at.or(step.dispatched_at),
        StepStatus::Succeeded
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
            "approval    {kind} by {}{}",
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
        text: format!("approval    {}", show::settled(how)),
    }));
    lines
}
