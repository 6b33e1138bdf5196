//! Decisions of people.

use aegis_contracts::agent::Role;
use aegis_contracts::approval::DecisionKind;
use aegis_contracts::changes::Changes;
use aegis_contracts::event::Event;
use aegis_contracts::problem::Code;
use aegis_contracts::text::{alike, counted, is_blank, visible_line};
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::Status;

use super::{too_late, who_may_decide};
use crate::answer::{Answer, Rejection};
use crate::budget::over_budget;
use crate::decide::transition;
use crate::failure::fail;
use crate::redrive::enter_step;
use crate::rules::Rules;
use crate::state::{Approval, Decision, Ended, Phase, ResumeAt, Workflow};

pub(crate) struct Vote {
    pub approver: String,
    pub proven: bool,
    pub claimed_by: Option<String>,
    pub kind: DecisionKind,
    pub comment: Option<String>,
    pub changes: Option<Changes>,
    pub revision: u32,
}

impl Vote {
    /// The answer to whoever decides once more, and not otherwise: nothing happens, but nothing that is new is lost
    /// unnoticed.
    fn repeating(&self, known: &Decision) -> Answer {
        let comment = self.comment.as_deref().filter(|text| !is_blank(text));
        let changes = self.changes.as_ref().filter(|changes| !changes.is_empty());
        let same_comment = comment.is_none() || self.comment == known.comment;
        if same_comment && (changes.is_none() || self.changes == known.changes) {
            return Answer::duplicate();
        }
        let detail = format!(
            "`{}` has already decided `{}`: comment and changes cannot be added or changed afterwards",
            visible_line(&known.approver),
            known.kind.as_str()
        );
        Answer::illegal(Code::AlreadyDecided, detail)
    }
}

impl Approval {
    /// What the person of this name has decided.
    fn decision_of(&self, name: &str) -> Option<&Decision> {
        let mut decisions = self.decisions.iter();
        decisions.find(|known| alike(&known.approver, name))
    }
}

pub(crate) fn decided(
    rules: &Rules,
    workflow: &Workflow,
    mut vote: Vote,
    now: Timestamp,
) -> Answer {
    let settled = workflow.settled.as_ref();
    let settled = settled.filter(|approval| approval.revision == vote.revision);
    let known = settled.and_then(|approval| approval.decision_of(&vote.approver));
    if let Some(known) = known.filter(|known| known.kind == vote.kind) {
        let repeated = vote.repeating(known);
        // One that says more is meant for the revision that waits, if there is one.
        let waits = matches!(workflow.phase, Phase::AwaitingApproval(_));
        if !waits || matches!(repeated, Answer::Rejected(Rejection::Duplicate)) {
            return repeated;
        }
    }
    let approval = match &workflow.phase {
        Phase::AwaitingApproval(approval) => approval,
        Phase::Working(_) | Phase::Ended(_) => {
            let status = workflow.status().as_str();
            return Answer::illegal(
                Code::NotAwaitingApproval,
                format!("the workflow is {status}: nothing waits for a decision"),
            );
        }
    };
    if approval.revision != vote.revision {
        let detail = format!(
            "the decision names revision {}, waiting is revision {}",
            vote.revision, approval.revision
        );
        return Answer::Rejected(Rejection::Stale {
            detail,
            current_revision: Some(approval.revision),
        });
    }
    match named(workflow, approval, &vote) {
        Ok(approver) => vote.approver = approver,
        Err(detail) => return Answer::illegal(Code::NotAnApprover, detail),
    }
    if let Some(known) = approval.decision_of(&vote.approver) {
        if known.kind == vote.kind {
            return vote.repeating(known);
        }
        let detail = format!(
            "`{}` has already decided `{}`",
            visible_line(&known.approver),
            known.kind.as_str()
        );
        return Answer::illegal(Code::AlreadyDecided, detail);
    }
    if let Some(late) = too_late(workflow, now) {
        return Answer::Rejected(Rejection::Illegal(late));
    }
    if vote.kind == DecisionKind::RequestChanges
        && approval.revision >= workflow.policy.max_revisions
    {
        let detail = format!(
            "no further revision is allowed (at most {}); approve or reject",
            counted(workflow.policy.max_revisions, "revision")
        );
        return Answer::illegal(Code::RevisionsExhausted, detail);
    }
    settle(rules, workflow, approval, vote, now)
}

/// The name that the vote counts under, or why it does not count.
///
/// Whoever has proven a name is exactly that: a caller whose name differs in case from a listed one may be somebody
/// else. A name that was only written down is taken for the listed one that it is [`alike`].
fn named(workflow: &Workflow, approval: &Approval, vote: &Vote) -> Result<String, String> {
    let names = who_may_decide(workflow, approval);
    if names.is_empty() || names.contains(&vote.approver) {
        return Ok(vote.approver.clone());
    }
    let shown = visible_line(&vote.approver);
    match names.iter().find(|name| alike(name, &vote.approver)) {
        Some(listed) if !vote.proven => Ok(listed.clone()),
        Some(listed) => Err(format!(
            "`{shown}` is not among the approvers: `{listed}` is, and the names of callers are compared exactly"
        )),
        None => Err(format!("`{shown}` is not among the approvers")),
    }
}

fn settle(
    rules: &Rules,
    workflow: &Workflow,
    approval: &Approval,
    vote: Vote,
    now: Timestamp,
) -> Answer {
    let mut approval = approval.clone();
    let (revision, required) = (approval.revision, workflow.policy.required);
    let (approver, comment, kind) = (vote.approver.clone(), vote.comment.clone(), vote.kind);
    let claimed_by = vote.claimed_by.clone();
    approval.decisions.push(Decision {
        approver: vote.approver,
        kind,
        comment: vote.comment,
        changes: vote.changes.clone(),
        claimed_by: vote.claimed_by,
        decided_at: now,
    });
    let approvals = count_approvals(&approval);
    let mut next = workflow.clone();
    match kind {
        DecisionKind::Approve if approvals < required => {
            next.phase = Phase::AwaitingApproval(approval);
            let recorded = Event::ApprovalRecorded {
                revision,
                approver,
                decision: kind,
                comment,
                claimed_by,
                approvals,
                required,
            };
            transition(rules, next, now, vec![recorded], Vec::new())
        }
        DecisionKind::Approve => {
            let granted = Event::ApprovalGranted {
                revision,
                approver,
                comment,
                claimed_by,
            };
            grant(rules, next, approval, granted, now)
        }
        DecisionKind::Reject => {
            next.settled = Some(approval.settled());
            next.phase = Phase::Ended(Ended::Rejected);
            let rejected = Event::WorkflowRejected {
                revision,
                approver,
                comment,
                claimed_by,
            };
            transition(rules, next, now, vec![rejected], Vec::new())
        }
        DecisionKind::RequestChanges => {
            next.keep_changes();
            next.settled = Some(approval.settled());
            next.revision += 1;
            let again = vote
                .changes
                .as_ref()
                .is_some_and(|wanted| wanted.search_again);
            let role = if again {
                Role::Researcher
            } else {
                Role::Analyst
            };
            let changes = Event::ChangesRequested {
                revision,
                next_revision: next.revision,
                approver,
                comment,
                changes: vote.changes,
                claimed_by,
            };
            go_on(rules, next, role, changes, now)
        }
    }
}

pub(super) fn grant(
    rules: &Rules,
    mut next: Workflow,
    approval: Approval,
    granted: Event,
    now: Timestamp,
) -> Answer {
    next.settled = Some(approval.settled());
    go_on(rules, next, Role::Writer, granted, now)
}

/// What was decided leads to another step, if the budget allows one: people may have taken longer than it does.
fn go_on(rules: &Rules, mut next: Workflow, role: Role, decided: Event, now: Timestamp) -> Answer {
    let resume = ResumeAt::Step(role);
    if let Some(exceeded) = over_budget(&next, resume, Status::AwaitingApproval, now) {
        return fail(rules, next, exceeded, vec![decided], now);
    }
    let owed = enter_step(rules, &mut next, role, now);
    transition(rules, next, now, vec![decided], vec![owed])
}

pub(crate) fn count_approvals(approval: &Approval) -> u32 {
    let approvals = approval
        .decisions
        .iter()
        .filter(|decision| decision.kind == DecisionKind::Approve);
    u32::try_from(approvals.count()).unwrap_or(u32::MAX)
}
