//! Decisions of people.

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::event::Event;
use aegis_contracts::flow::{Entry, Name};
use aegis_contracts::problem::Code;
use aegis_contracts::text::{alike, counted, is_blank, visible_line};
use aegis_contracts::time::Timestamp;

use super::{too_late, who_may_decide};
use crate::answer::{Answer, Rejection};
use crate::draft::Draft;
use crate::input::Vote;
use crate::rules::Rules;
use crate::state::{Approval, Decision, Ended, Phase, Workflow};

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
    let revision = match vote.revision {
        Some(revision) => revision,
        None if workflow.flow.approvals().count() > 1 => {
            let detail = "the flow has several approvals: say which `revision` was looked at";
            return Answer::illegal(Code::RevisionMissing, detail);
        }
        None => 0,
    };
    let settled = workflow.settled.as_ref();
    let settled = settled.filter(|approval| approval.revision == revision);
    let known = settled.and_then(|approval| approval.decision_of(&vote.approver));
    if let Some(known) = known.filter(|known| known.kind == vote.decision) {
        let repeated = vote.repeating(known);
        // One that says more is meant for the revision that waits, if there is one.
        let waits = matches!(workflow.phase, Phase::AwaitingApproval(_));
        if !waits || matches!(repeated, Answer::Rejected(Rejection::Duplicate)) {
            return repeated;
        }
    }
    let approval = match &workflow.phase {
        Phase::AwaitingApproval(approval) => approval,
        Phase::Running(_) | Phase::Ended(_) => {
            let status = workflow.status().as_str();
            return Answer::illegal(
                Code::NotAwaitingApproval,
                format!("the workflow is {status}: nothing waits for a decision"),
            );
        }
    };
    if approval.revision != revision {
        let waiting = approval.revision;
        let detail =
            format!("the decision names revision {revision}, waiting is revision {waiting}");
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
        if known.kind == vote.decision {
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
    let most = workflow.policy(&approval.approval).max_revisions;
    if vote.decision == DecisionKind::RequestChanges && approval.round >= most {
        let detail = format!(
            "no further revision is allowed (at most {}); approve or reject",
            counted(most, "revision")
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
    let (name, revision) = (approval.approval.clone(), approval.revision);
    let required = workflow.policy(&name).required;
    let Vote {
        approver,
        comment,
        claimed_by,
        changes,
        ..
    } = vote;
    approval.decisions.push(Decision {
        approver: approver.clone(),
        kind: vote.decision,
        comment: comment.clone(),
        changes: changes.clone(),
        claimed_by: claimed_by.clone(),
        decided_at: now,
    });
    let approvals = count_approvals(&approval);
    let mut draft = Draft::of(rules, workflow, now);
    match vote.decision {
        DecisionKind::Approve if approvals < required => {
            draft.next.phase = Phase::AwaitingApproval(approval);
            draft.happened(Event::ApprovalRecorded {
                approval: name,
                revision,
                approver,
                decision: vote.decision,
                comment,
                claimed_by,
                approvals,
                required,
            });
        }
        DecisionKind::Approve => {
            draft.happened(Event::ApprovalGranted {
                approval: name,
                revision,
                approver,
                comment,
                claimed_by,
            });
            draft.grant(approval);
        }
        DecisionKind::Reject => {
            draft.next.settled = Some(approval.settled());
            draft.next.phase = Phase::Ended(Ended::Rejected);
            draft.happened(Event::WorkflowRejected {
                approval: name,
                revision,
                approver,
                comment,
                claimed_by,
            });
        }
        DecisionKind::RequestChanges => {
            let again = changes.as_ref().is_some_and(|wanted| wanted.search_again);
            let Some((redo, back)) = goes_back_to(workflow, &name, again) else {
                let detail = format!("the flow names no step that searches again for `{name}`");
                return Answer::illegal(Code::CannotSearchAgain, detail);
            };
            draft.next.keep_changes();
            draft.next.settled = Some(approval.settled());
            draft.next.revision += 1;
            draft.happened(Event::ChangesRequested {
                approval: name,
                revision,
                next_revision: draft.next.revision,
                redo,
                approver,
                comment,
                changes,
                claimed_by,
            });
            draft.go_to(&back);
        }
    }
    draft.seal()
}

/// The step that a change request leads to, and the entry that it is in.
fn goes_back_to(workflow: &Workflow, approval: &Name, search_again: bool) -> Option<(Name, Entry)> {
    let mut approvals = workflow.flow.approvals();
    let asked = approvals.find(|asked| asked.approval == *approval)?;
    let step = if search_again {
        asked.search_again.as_ref()?
    } else {
        asked.redo.as_ref()?
    };
    Some((step.clone(), workflow.entry_of(step)?.clone()))
}

impl Draft<'_> {
    /// What is approved needs no change any more, and the workflow goes on.
    pub(super) fn grant(&mut self, approval: Approval) {
        let name = approval.approval.clone();
        self.next.settled = Some(approval.settled());
        self.next.earlier_changes.clear();
        self.go_on_after(&name);
    }
}

pub(crate) fn count_approvals(approval: &Approval) -> u32 {
    let approvals = approval
        .decisions
        .iter()
        .filter(|decision| decision.kind == DecisionKind::Approve);
    u32::try_from(approvals.count()).unwrap_or(u32::MAX)
}
