//! Reminds approvers while an approval waits, and sends `RequestApproval` again while nobody has picked it up.

use aegis_contracts::command::{ApprovalCommand, Command};
use aegis_contracts::event::Event;
use aegis_contracts::time::Timestamp;

use super::who_may_decide;
use crate::answer::{Answer, Owed};
use crate::draft::Draft;
use crate::rules::{MAX_REMINDERS, Rules};
use crate::state::{Approval, Phase, Workflow};

/// When the reminder after so many is due, if there is one before the deadline.
pub(super) fn next(
    rules: &Rules,
    reminders: u32,
    deadline_at: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let at = now.plus(rules.approval_reminder);
    (reminders < MAX_REMINDERS && now < at && at < deadline_at).then_some(at)
}

impl Approval {
    pub(crate) fn due_at(&self, rules: &Rules) -> Timestamp {
        // Once all sends are used the approval still waits: people can decide without having been told by us.
        let resend_at = self.resend_at.filter(|_| self.sends < rules.max_sends);
        let sooner = [resend_at, self.remind_at].into_iter().flatten().min();
        sooner.map_or(self.deadline_at, |at| at.min(self.deadline_at))
    }

    fn sent_again(self, rules: &Rules, now: Timestamp) -> (Self, Owed) {
        let sends = self.sends + 1;
        let command = Command::RequestApproval(ApprovalCommand {
            revision: self.revision,
        });
        let approval = Self {
            sends,
            sent_at: Some(now),
            resend_at: Some(now.plus(rules.resend_after(sends))),
            ..self
        };
        (approval, command.into())
    }
}

/// Before the deadline: one look does all that is due.
pub(crate) fn look(
    rules: &Rules,
    workflow: &Workflow,
    approval: &Approval,
    now: Timestamp,
) -> Answer {
    let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
    if !is_due(approval.remind_at) {
        return resend(rules, workflow, approval, now);
    }
    if is_due(approval.resend_at) && approval.sends < rules.max_sends {
        let (approval, owed) = approval.clone().sent_again(rules, now);
        return remind(rules, workflow, approval, vec![owed], now);
    }
    remind(rules, workflow, approval.clone(), Vec::new(), now)
}

/// Sends the command again, as a touch.
pub(crate) fn resend(
    rules: &Rules,
    workflow: &Workflow,
    approval: &Approval,
    now: Timestamp,
) -> Answer {
    let (approval, owed) = approval.clone().sent_again(rules, now);
    let mut draft = Draft::of(rules, workflow, now);
    draft.next.phase = Phase::AwaitingApproval(approval);
    draft.next.wake_at = None;
    draft.owes(owed);
    draft.seal()
}

/// The next one counts from now: after an outage people get one reminder, not all that were missed.
fn remind(
    rules: &Rules,
    workflow: &Workflow,
    approval: Approval,
    owed: Vec<Owed>,
    now: Timestamp,
) -> Answer {
    let reminders = approval.reminders + 1;
    let reminded = Event::ApprovalReminded {
        approval: approval.approval.clone(),
        revision: approval.revision,
        reminder: reminders,
        approvers: undecided(workflow, &approval),
        deadline_at: approval.deadline_at,
    };
    let approval = Approval {
        reminders,
        remind_at: next(rules, reminders, approval.deadline_at, now),
        ..approval
    };
    let mut draft = Draft::of(rules, workflow, now);
    draft.next.phase = Phase::AwaitingApproval(approval);
    draft.happened(reminded);
    draft.owed = owed;
    draft.seal()
}

/// Of those who may decide, who has not; empty means anyone. While it waits, somebody has not: as many as are needed were named.
fn undecided(workflow: &Workflow, approval: &Approval) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    for name in who_may_decide(workflow, approval) {
        let decided = approval.decisions.iter().any(|one| one.approver == name);
        if !decided && !open.contains(&name) {
            open.push(name);
        }
    }
    open
}
