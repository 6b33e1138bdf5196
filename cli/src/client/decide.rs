//! `aegis approve`, `reject` and `request-changes`: a person's decision.
//!
//! It is on the revision that the person names, or on the first: never on one that has come since they looked.

use std::process::ExitCode;

use aegis_contracts::approval::{ApprovalView, DecisionKind, DecisionRequest};
use aegis_contracts::changes::Changes;
use aegis_contracts::ids::WorkflowId;
use anyhow::Result;
use clap::Args;

use super::refusal::explained;
use super::session::Session;
use super::show;
use crate::context::Context;
use crate::out;
use crate::style::bold;
use aegis_client::api::Answer;
use aegis_client::failure::ApiError;
use aegis_terminal::text::status_words;

#[derive(Debug, Args)]
struct Decider {
    /// The workflow's id, `wf_…`.
    #[arg(value_name = "WORKFLOW")]
    id: WorkflowId,
    /// The revision that you looked at. Where another one waits, nothing is decided [default: the first one, in a flow
    /// with one approval].
    #[arg(long, value_name = "N")]
    revision: Option<u32>,
    /// Decide in this name. Counts only where the API runs without authorisation; else your
    /// credentials say who you are.
    #[arg(long, value_name = "NAME")]
    approver: Option<String>,
}

/// Approve what a flow asks about. Once enough people have approved, the workflow goes on.
#[derive(Debug, Args)]
pub struct Approve {
    #[command(flatten)]
    decider: Decider,
    /// Kept with the decision.
    #[arg(long, short = 'm', value_name = "TEXT")]
    comment: Option<String>,
}

/// Reject what a flow asks about: the workflow ends without a result.
#[derive(Debug, Args)]
pub struct Reject {
    #[command(flatten)]
    decider: Decider,
    /// Why; kept with the decision.
    #[arg(long, short = 'm', value_name = "TEXT")]
    comment: Option<String>,
}

/// Ask for changes: the workflow goes back to the step that its flow names, and a new revision follows.
///
/// The built-in agents carry out what the options below say. A comment is kept for people, and for agents that read.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("asked").required(true).multiple(true))]
pub struct RequestChanges {
    #[command(flatten)]
    decider: Decider,
    /// Leave out this finding; its claims do not come back. May be repeated, or be a list: 2,5.
    #[arg(
        long,
        value_name = "FINDING",
        group = "asked",
        value_delimiter = ',',
        value_parser = number,
        conflicts_with = "keep"
    )]
    drop: Vec<u32>,
    /// Keep only this finding. May be repeated, or be a list.
    #[arg(long, value_name = "FINDING", group = "asked", value_delimiter = ',', value_parser = number)]
    keep: Vec<u32>,
    /// Say something about these words as well. May be repeated.
    #[arg(long, value_name = "WORDS", group = "asked")]
    term: Vec<String>,
    /// Search the sources again first, for the topic and for each --term.
    #[arg(long, group = "asked")]
    search_again: bool,
    /// Make about half as many claims.
    #[arg(long, group = "asked")]
    shorter: bool,
    /// In your own words, for people: the built-in agents do not read them.
    #[arg(long, short = 'm', value_name = "TEXT", group = "asked")]
    comment: Option<String>,
}

fn number(text: &str) -> std::result::Result<u32, String> {
    let told = || "expected the number of a finding, like 2".to_owned();
    text.trim().parse().map_err(|_| told())
}

pub async fn approve(arguments: Approve, context: &Context) -> Result<ExitCode> {
    run(
        arguments.decider,
        DecisionKind::Approve,
        arguments.comment,
        None,
        context,
    )
    .await
}

pub async fn reject(arguments: Reject, context: &Context) -> Result<ExitCode> {
    run(
        arguments.decider,
        DecisionKind::Reject,
        arguments.comment,
        None,
        context,
    )
    .await
}

pub async fn request_changes(arguments: RequestChanges, context: &Context) -> Result<ExitCode> {
    let changes = Changes {
        drop: arguments.drop,
        keep: arguments.keep,
        terms: arguments.term,
        search_again: arguments.search_again,
        shorter: arguments.shorter,
    };
    run(
        arguments.decider,
        DecisionKind::RequestChanges,
        arguments.comment,
        Some(changes).filter(|changes| !changes.is_empty()),
        context,
    )
    .await
}

async fn run(
    decider: Decider,
    decision: DecisionKind,
    comment: Option<String>,
    changes: Option<Changes>,
    context: &Context,
) -> Result<ExitCode> {
    let session = Session::open(context).await?;
    let request = DecisionRequest {
        decision,
        comment,
        changes,
        approver: decider.approver,
        revision: decider.revision,
    };
    let answer = match decide(&session, &decider.id, &request).await {
        Ok(answer) => answer,
        Err(error) => return Err(explained(error, &decider.id, &session).await),
    };
    let made = "The decision is made all the same. See how the workflow goes on with";
    session.done(made, &format!("get {}", decider.id));
    if session.json {
        out::json(answer.raw);
        return Ok(ExitCode::SUCCESS);
    }
    outln!("{}", told(decision, &answer.value));
    // What follows from it depends on the others, and on how far the workflow was already.
    if let Ok(now) = session.workflow(&decider.id).await {
        let (id, status) = (&now.value.workflow_id, now.value.status);
        outln!("{}  {}", bold(id), status_words(status));
        for line in show::next_steps(&now.value, &session) {
            outln!("  {line}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// # Errors
/// Where the API says no: at an illegal moment, for another revision, or to this approver.
pub async fn decide(
    session: &Session,
    id: &WorkflowId,
    request: &DecisionRequest,
) -> Result<Answer<ApprovalView>, ApiError> {
    let body = serde_json::to_string(request).unwrap_or_default();
    session.api.post(&format!("/approve/{id}"), body).await
}

/// A decision, and how many of them count so far.
pub fn told(decision: DecisionKind, approval: &ApprovalView) -> String {
    let (revision, required) = (approval.revision, approval.required);
    match (decision, approvals(approval)) {
        (DecisionKind::Approve, given) if given < required as usize => {
            format!(
                "approved revision {revision}: {given} of the {required} approvals that are needed, each by another person"
            )
        }
        (DecisionKind::Approve, _) => format!("approved revision {revision}"),
        (DecisionKind::Reject, _) => format!("rejected revision {revision}"),
        (DecisionKind::RequestChanges, _) => format!("asked for changes to revision {revision}"),
    }
}

/// How many people have approved.
pub fn approvals(approval: &ApprovalView) -> usize {
    let approving = |kind: DecisionKind| kind == DecisionKind::Approve;
    approval
        .decisions
        .iter()
        .filter(|decision| approving(decision.decision))
        .count()
}
