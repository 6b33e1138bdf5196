//! The approval: asked for, told, asked again, decided by people or by silence.

mod reminder;
mod silence;
mod vote;

use std::time::Duration;

use aegis_contracts::approval::OnTimeout;
use aegis_contracts::command::{ApprovalCommand, Command};
use aegis_contracts::event::Event;
use aegis_contracts::flow::Name;
use aegis_contracts::problem::Code;
use aegis_contracts::time::Timestamp;

use crate::answer::{Answer, Illegal};
use crate::draft::Draft;
use crate::rules::Rules;
use crate::state::{Approval, Phase, Workflow};

pub(crate) use reminder::{look, resend};
pub(crate) use silence::{on_timeout, timed_out};
pub(crate) use vote::{count_approvals, decided};

impl Draft<'_> {
    /// Asks for the approval. A revision that was asked about is not asked about again: the next approval has the next
    /// one.
    pub fn ask(&mut self, name: &Name) {
        let policy = self.next.policy(name);
        let before = self.next.settled.as_ref();
        if before.is_some_and(|settled| settled.revision == self.next.revision) {
            self.next.revision += 1;
        }
        let before = before.filter(|settled| settled.approval == *name);
        let deadline_at = self.now.plus(Duration::from_secs(policy.timeout_seconds));
        let revision = self.next.revision;
        let asked = Approval {
            approval: name.clone(),
            revision,
            // What is asked about once more was sent back by those who were asked.
            round: before.map_or(0, |settled| settled.round + 1),
            decisions: Vec::new(),
            requested_at: self.now,
            deadline_at,
            escalated: false,
            sends: 0,
            sent_at: None,
            resend_at: None,
            notified_at: None,
            reminders: 0,
            remind_at: None,
        };
        let asked = asked.asked_until(self.rules, deadline_at, self.now);
        self.next.phase = Phase::AwaitingApproval(asked);
        self.happened(Event::ApprovalRequested {
            approval: name.clone(),
            revision,
            required: policy.required,
            approvers: policy.approvers,
            deadline_at,
        });
        self.owes(Command::RequestApproval(ApprovalCommand { revision }));
    }
}

pub(crate) fn notified(
    rules: &Rules,
    workflow: &Workflow,
    revision: u32,
    now: Timestamp,
) -> Answer {
    match &workflow.phase {
        Phase::AwaitingApproval(approval) if approval.revision == revision => {
            if approval.notified_at.is_some() {
                return Answer::duplicate();
            }
            let approval = Approval {
                notified_at: Some(now),
                sent_at: None,
                resend_at: None,
                ..approval.clone()
            };
            let mut draft = Draft::of(rules, workflow, now);
            draft.next.phase = Phase::AwaitingApproval(approval);
            draft.seal()
        }
        Phase::AwaitingApproval(_) | Phase::Running(_) | Phase::Ended(_) => {
            Answer::stale(format!("revision {revision} does not wait for approval"))
        }
    }
}

impl Approval {
    /// Nobody has heard of it yet: sends and reminders count from here.
    fn asked_until(self, rules: &Rules, deadline_at: Timestamp, now: Timestamp) -> Self {
        Self {
            deadline_at,
            sends: 1,
            sent_at: Some(now),
            resend_at: Some(now.plus(rules.resend_after(1))),
            notified_at: None,
            reminders: 0,
            remind_at: reminder::next(rules, 0, deadline_at, now),
            ..self
        }
    }

    /// Without what only mattered while it waited.
    pub(crate) fn settled(self) -> Self {
        Self {
            sends: 0,
            sent_at: None,
            resend_at: None,
            notified_at: None,
            remind_at: None,
            ..self
        }
    }
}

/// Why nobody can decide any more, although the sweep has not been there yet: the time ends at the deadline, not when
/// somebody notices. Whoever the approval escalates to may decide once they have been asked.
pub fn too_late(workflow: &Workflow, now: Timestamp) -> Option<Illegal> {
    let Phase::AwaitingApproval(approval) = &workflow.phase else {
        return None;
    };
    let follows = match on_timeout(workflow, approval) {
        OnTimeout::Approve => "it counts as approved",
        OnTimeout::Escalate => "others are asked to decide",
        OnTimeout::Expire => "the workflow expires",
    };
    let (revision, ended_at) = (approval.revision, approval.deadline_at);
    (now >= ended_at).then(|| Illegal {
        code: Code::DecisionTooLate,
        detail: format!(
            "the time to decide on revision {revision} ended at {ended_at}; within a minute {follows}"
        ),
    })
}

/// Who may decide; empty means anyone.
pub(crate) fn who_may_decide(workflow: &Workflow, approval: &Approval) -> Vec<String> {
    let policy = workflow.policy(&approval.approval);
    let mut names = policy.approvers;
    if approval.escalated && !names.is_empty() {
        names.extend(policy.escalate_to);
    }
    names
}
