//! A workflow on a page: what `get` prints, and `start` a part of.

use std::fmt::Write as _;

use aegis_contracts::approval::{ApprovalView, OnTimeout, Outcome, Settled};
use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::attempt::whose;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::Budget;
use aegis_contracts::text::alike;
use aegis_contracts::usage::Usage;
use aegis_contracts::view::{FailureView, Status, StepStatus, StepView, WorkflowView};
use serde_json::Value;

use super::decide::approvals;
use super::next_step;
use super::pickup::{is_stuck, stuck_service, waiting};
use super::session::{Session, quoted};
use crate::style::{Style, bold, dim};
use aegis_terminal::text::{
    bytes, columns, counted, local_time, now, one_line, status_words, step_style, step_word,
};

/// The whole view. Ends with what one would probably type next.
pub fn page(view: &WorkflowView, session: &Session) -> String {
    let mut page = format!(
        "{}  {}\n{}\n\n",
        bold(&view.workflow_id),
        status_words(view.status),
        one_line(&view.topic)
    );
    let facts = facts(view);
    for line in columns(&facts) {
        let _ = writeln!(page, "{line}");
    }
    section(&mut page, "steps", &steps(&view.steps));
    if let Some(approval) = &view.approval {
        let waits = view.status == Status::AwaitingApproval;
        section(&mut page, "approval", &approval_lines(approval, waits));
    }
    section(&mut page, "artifacts", &artifacts(&view.artifacts));
    if let Some(failure) = &view.failure {
        let words = Style::new().red().on(failure_words(failure));
        section(&mut page, "failure", &[words.to_string()]);
    }
    let next = next_steps(view, session);
    if !next.is_empty() {
        section(&mut page, "next", &next);
    }
    page
}

fn section(page: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(page, "\n{}", bold(title));
    for line in lines {
        let _ = writeln!(page, "  {line}");
    }
}

fn facts(view: &WorkflowView) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut fact = |name: &str, value: String| rows.push(vec![dim(name).to_string(), value]);
    fact("created", local_time(view.created_at));
    fact("updated", local_time(view.updated_at));
    fact("flow", format!("{} {}", view.flow, view.flow_version));
    for (name, value) in &view.parameters {
        fact(name, one_line(&value_words(value)));
    }
    if !view.tags.is_empty() {
        let tags: Vec<String> = view
            .tags
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        fact("tags", one_line(&tags.join(" ")));
    }
    if view.revision > 0 {
        fact("revision", view.revision.to_string());
    }
    if !view.usage.is_zero() {
        fact("usage", usage(&view.usage));
    }
    if let Some(budget) = &view.budget {
        fact("budget", budget_words(budget));
    }
    rows
}

/// A parameter's value: text as it is, a list of texts with spaces, anything else as JSON.
fn value_words(value: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let list = value
        .as_array()
        .map(|items| items.iter().map(text).collect::<Option<Vec<_>>>());
    match (text(value), list.flatten()) {
        (Some(text), _) => text,
        (None, Some(texts)) => texts.join(" "),
        (None, None) => value.to_string(),
    }
}

pub fn usage(usage: &Usage) -> String {
    let tokens = format!(
        "{} in, {} out",
        counted(usage.input_tokens, "token"),
        usage.output_tokens
    );
    if usage.cost_usd > 0.0 {
        format!("{tokens}, ${:.4}", usage.cost_usd)
    } else {
        tokens
    }
}

fn budget_words(budget: &Budget) -> String {
    let limits = [
        budget.max_cost_usd.map(|dollars| format!("${dollars}")),
        budget.max_tokens.map(|tokens| counted(tokens, "token")),
        budget
            .max_duration_minutes
            .map(|minutes| counted(minutes, "minute")),
    ];
    let limits: Vec<String> = limits.into_iter().flatten().collect();
    format!("at most {}", limits.join(", "))
}

fn steps(steps: &[StepView]) -> Vec<String> {
    let row = |step: &StepView| {
        vec![
            whose(&step.step, step.branch),
            step_style(step.status)
                .on(step_word(step.status))
                .to_string(),
            attempt(step),
            match (&step.code, &step.pickup) {
                (Some(code), _) => one_line(code),
                (None, Some(pickup)) => waiting(pickup),
                (None, None) => progress(step),
            },
        ]
    };
    columns(&steps.iter().map(row).collect::<Vec<_>>())
}

/// `attempt 2, revision 1`, where they say something.
pub fn attempt(step: &StepView) -> String {
    let mut words = Vec::new();
    if step.attempt > 1 {
        words.push(format!("attempt {}", step.attempt));
    }
    if step.revision > 0 {
        words.push(format!("revision {}", step.revision));
    }
    words.join(", ")
}

/// The agent's last word.
pub fn progress(step: &StepView) -> String {
    match &step.progress {
        Some(progress) => match progress.percent {
            Some(percent) if percent < 100 && step.status != StepStatus::Succeeded => {
                format!("{} ({percent} %)", one_line(&progress.message))
            }
            _ => one_line(&progress.message),
        },
        None => String::new(),
    }
}

fn approval_lines(approval: &ApprovalView, waits: bool) -> Vec<String> {
    let names = one_line(&approval.approvers.join(", "));
    let names: &str = if names.is_empty() { "anyone" } else { &names };
    let may = if waits { "may" } else { "could" };
    let who = format!("{names} {may} decide");
    let escalated = if approval.escalated {
        ", escalated"
    } else {
        ""
    };
    let reminded = match approval.reminders {
        0 => String::new(),
        1 => ", reminded once".to_owned(),
        times => format!(", reminded {times} times"),
    };
    let given = format!(
        "{} of {} given",
        approvals(approval),
        counted(approval.required, "approval")
    );
    let first = match &approval.settled {
        Some(how) => format!("{}; {given}", settled(how)),
        None => {
            let until = local_time(approval.deadline_at);
            format!("{given}; {who} until {until}{escalated}{reminded}")
        }
    };
    // How often it was asked again, which is not its revision where a flow has several approvals.
    let asked = match (approval.round, approval.max_revisions) {
        (_, 0) => String::new(),
        (round, most) => format!(", changed {round} of at most {most} times"),
    };
    let mut lines = vec![format!("revision {}{asked}; {first}", approval.revision)];
    if waits {
        lines.push(silence(approval).to_owned());
    }
    if let Some(pickup) = approval.pickup.as_ref().filter(|pickup| is_stuck(pickup)) {
        lines.push(waiting(pickup));
    }
    let rows: Vec<Vec<String>> = approval
        .decisions
        .iter()
        .map(|decision| {
            vec![
                one_line(&decision.approver),
                decision.decision.as_str().replace('_', " "),
                local_time(decision.decided_at),
                one_line(decision.comment.as_deref().unwrap_or_default()),
            ]
        })
        .collect();
    lines.extend(columns(&rows));
    lines
}

/// What happens at the deadline of an approval that nobody has settled.
pub const fn silence(approval: &ApprovalView) -> &'static str {
    match approval.on_timeout {
        OnTimeout::Approve => {
            "silence approves: if it is not settled by then, the report is written without further approval"
        }
        OnTimeout::Escalate => "if it is not settled by then, others may decide too",
        OnTimeout::Expire => "if it is not settled by then, the workflow expires without a report",
    }
}

/// `approved by ann at …`; `by silence` where nobody decided and the time was over.
pub fn settled(how: &Settled) -> String {
    let outcome = match how.outcome {
        Outcome::Approved => "approved",
        Outcome::Rejected => "rejected",
        Outcome::ChangesRequested => "changes were requested",
        Outcome::Expired => "expired",
    };
    let by = match (&how.by, how.outcome) {
        (Some(name), _) => format!(" by {}", one_line(name)),
        (None, Outcome::Approved) => " by silence".to_owned(),
        (None, _) => String::new(),
    };
    format!("{outcome}{by} at {}", local_time(how.at))
}

fn artifacts(artifacts: &[ArtifactRef]) -> Vec<String> {
    let row = |artifact: &ArtifactRef| {
        vec![
            one_line(&artifact.name),
            bytes(artifact.size),
            dim(one_line(&artifact.key)).to_string(),
        ]
    };
    columns(&artifacts.iter().map(row).collect::<Vec<_>>())
}

/// `the sources say nothing (no_evidence), at research`.
pub fn failure_words(failure: &FailureView) -> String {
    let (message, code) = (one_line(&failure.message), one_line(&failure.code));
    let at = whose(&failure.at, failure.branch);
    format!("{message} ({code}), at {at}")
}

/// The commands that fit the state; of a failure, what to do and the command for it.
pub fn next_steps(view: &WorkflowView, session: &Session) -> Vec<String> {
    let id = &view.workflow_id;
    if let Some(failure) = view
        .failure
        .as_ref()
        .filter(|_| view.status == Status::Failed)
    {
        let remedy = next_step::of_failure(failure);
        let failed = view.steps.iter().find(|step| step.step == failure.at);
        let agent = failed.map_or("AGENT", |step| step.agent.as_str());
        let command = remedy.command(id.as_str(), agent);
        return vec![remedy.say.to_owned(), session.command(&command)];
    }
    let words: &[&str] = match view.status {
        Status::Running => &["watch"],
        Status::AwaitingApproval => &[],
        Status::Completed => &["report"],
        Status::Failed | Status::Cancelled | Status::Rejected | Status::Expired => &["history"],
    };
    let line = |word: &&str| session.command(&format!("{word} {id}"));
    let waiting = view
        .approval
        .as_ref()
        .filter(|_| view.status == Status::AwaitingApproval);
    let over = waiting.is_some_and(is_over);
    let words = if over { &["watch"] } else { words };
    let decisions = waiting.filter(|_| !over).map(|approval| {
        let look = format!("findings {id} --revision {}", approval.revision);
        [
            vec![session.command(&look)],
            decisions(id, approval, session),
        ]
        .concat()
    });
    let dead_letters = stuck_service(view).map(|service| format!("dlq show {service}"));
    let hint = dead_letters.map(|words| session.command(&words));
    let decisions = decisions.into_iter().flatten();
    words
        .iter()
        .map(line)
        .chain(decisions)
        .chain(hint)
        .collect()
}

/// Whether the time to decide has ended: decisions are refused, and what follows comes by itself.
pub fn is_over(approval: &ApprovalView) -> bool {
    approval.deadline_at <= now()
}

/// The commands that decide on this revision, and on no later one.
pub fn decisions(id: &WorkflowId, approval: &ApprovalView, session: &Session) -> Vec<String> {
    let end = format!(
        "{id} --revision {}{}",
        approval.revision,
        by(approval, session)
    );
    let mut words = vec![format!("approve {end}"), format!("reject {end}")];
    if approval.round < approval.max_revisions {
        words.push(format!("request-changes {end} --drop N"));
    }
    words.iter().map(|words| session.command(words)).collect()
}

/// In whose name, where that matters and the API does not see who calls.
fn by(approval: &ApprovalView, session: &Session) -> String {
    if session.sees_who_decides() {
        return String::new();
    }
    if approval.approvers.is_empty() {
        // Whoever does not say who they are is one and the same person.
        let several = approval.required > 1;
        return (if several { " --approver NAME" } else { "" }).to_owned();
    }
    let has_decided = |name: &String| {
        let mut decisions = approval.decisions.iter();
        decisions.any(|decision| alike(&decision.approver, name))
    };
    let mut undecided = approval.approvers.iter().filter(|name| !has_decided(name));
    match (undecided.next(), undecided.next()) {
        (Some(only), None) => format!(" --approver {}", quoted(only)),
        _ => " --approver NAME".to_owned(),
    }
}
