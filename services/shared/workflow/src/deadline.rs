//! Waits that run out: when a state is due, and what happens then.

use std::time::Duration;

use aegis_contracts::approval::OnTimeout;
use aegis_contracts::command::{ApprovalCommand, Command};
use aegis_contracts::event::Event;
use aegis_contracts::time::Timestamp;

use crate::answer::Answer;
use crate::approval::grant;
use crate::codes;
use crate::decide::{touch, transition};
use crate::failure::{end_attempt, fail};
use crate::input::StepFailure;
use crate::rules::{RESEND_FLOOR, Rules};
use crate::state::{Approval, Failure, Phase, ResumeAt, Step, Workflow, working_status};

/// Recorded as the approver where silence means approval.
const TIMEOUT: &str = "timeout";

impl Workflow {
    /// When something happens even if nobody does anything. `None` only in a terminal state.
    pub fn due_at(&self, rules: &Rules) -> Option<Timestamp> {
        match &self.phase {
            Phase::Working(step) => Some(step.due_at(rules)),
            Phase::AwaitingApproval(approval) => Some(approval.due_at(rules)),
            Phase::Completed
            | Phase::Failed(_)
            | Phase::Cancelled(_)
            | Phase::Rejected
            | Phase::Expired => None,
        }
    }

    /// The step whose attempt is about to be given up: its completion record is worth a look.
    ///
    /// Also one that nobody noted as dispatched, once its sends are used: the note may be what is missing, not the work.
    pub fn silent_step(&self, rules: &Rules, now: Timestamp) -> Option<&Step> {
        match &self.phase {
            Phase::Working(step)
                if step.due_at(rules) <= now
                    && (step.dispatched_at.is_some() || step.sends >= rules.max_sends) =>
            {
                Some(step)
            }
            Phase::Working(_)
            | Phase::AwaitingApproval(_)
            | Phase::Completed
            | Phase::Failed(_)
            | Phase::Cancelled(_)
            | Phase::Rejected
            | Phase::Expired => None,
        }
    }
}

impl Step {
    fn due_at(&self, rules: &Rules) -> Timestamp {
        let Some(dispatched_at) = self.dispatched_at else {
            return self.deadline_at;
        };
        let silence = match self.last_heartbeat_at {
            Some(last) => last.plus(rules.heartbeat_timeout),
            None => dispatched_at.plus(rules.start_timeout),
        };
        silence.min(self.deadline_at)
    }
}

impl Approval {
    fn due_at(&self, rules: &Rules) -> Timestamp {
        // Once all sends are used the approval still waits: people can decide without having been told by us.
        match self.resend_at {
            Some(resend_at) if self.sends < rules.max_sends => resend_at.min(self.deadline_at),
            Some(_) | None => self.deadline_at,
        }
    }
}

pub(crate) fn passed(rules: &Rules, workflow: &Workflow, now: Timestamp) -> Answer {
    let Some(due) = workflow.due_at(rules) else {
        return Answer::duplicate();
    };
    if now < due {
        if workflow.wake_at == Some(due) {
            return Answer::duplicate();
        }
        // A touch moved the deadline since the index was written.
        return touch(
            rules,
            Workflow {
                wake_at: None,
                ..workflow.clone()
            },
            Vec::new(),
        );
    }
    match &workflow.phase {
        Phase::Working(step) if step.dispatched_at.is_none() => {
            resend_step(rules, workflow, step, now)
        }
        Phase::Working(step) => give_up(rules, workflow, step, now),
        Phase::AwaitingApproval(approval) if now >= approval.deadline_at => {
            timed_out(rules, workflow, approval, now)
        }
        Phase::AwaitingApproval(approval) => resend_approval(rules, workflow, approval, now),
        Phase::Completed
        | Phase::Failed(_)
        | Phase::Cancelled(_)
        | Phase::Rejected
        | Phase::Expired => Answer::duplicate(),
    }
}

/// A redelivered message: its first delivery may have died between commit and send.
pub(crate) fn resent(rules: &Rules, workflow: &Workflow, now: Timestamp) -> Answer {
    let long_ago = |sent_at: Option<Timestamp>| {
        sent_at.is_none_or(|sent_at| now.since(sent_at) >= RESEND_FLOOR)
    };
    match &workflow.phase {
        Phase::Working(step)
            if step.dispatched_at.is_none()
                && long_ago(step.sent_at)
                && step.sends < rules.max_sends =>
        {
            resend_step(rules, workflow, step, now)
        }
        Phase::AwaitingApproval(approval)
            if approval.notified_at.is_none()
                && long_ago(approval.sent_at)
                && approval.sends < rules.max_sends =>
        {
            resend_approval(rules, workflow, approval, now)
        }
        Phase::Working(_)
        | Phase::AwaitingApproval(_)
        | Phase::Completed
        | Phase::Failed(_)
        | Phase::Cancelled(_)
        | Phase::Rejected
        | Phase::Expired => Answer::duplicate(),
    }
}

fn resend_step(rules: &Rules, workflow: &Workflow, step: &Step, now: Timestamp) -> Answer {
    if step.sends >= rules.max_sends {
        let failure = Failure {
            code: codes::UNDELIVERABLE.to_owned(),
            message: format!(
                "the {} did not pick up attempt {} after {} sends; mend its dispatcher, then redrive",
                step.role, step.attempt, step.sends
            ),
            status: working_status(step.role),
            resume: ResumeAt::Step(step.role),
            attempt: Some(step.attempt),
        };
        return fail(rules, workflow.clone(), failure, Vec::new(), now);
    }
    let sends = step.sends + 1;
    let resend_at = now.plus(rules.resend_after(sends));
    let step = Step {
        sends,
        sent_at: Some(now),
        resend_at: Some(resend_at),
        deadline_at: resend_at,
        ..step.clone()
    };
    let command = Command::step(step.role, step.attempt, step.revision);
    let next = Workflow {
        phase: Phase::Working(step),
        wake_at: None,
        ..workflow.clone()
    };
    touch(rules, next, vec![command.into()])
}

fn resend_approval(
    rules: &Rules,
    workflow: &Workflow,
    approval: &Approval,
    now: Timestamp,
) -> Answer {
    let sends = approval.sends + 1;
    let resend_at = now.plus(rules.resend_after(sends));
    let approval = Approval {
        sends,
        sent_at: Some(now),
        resend_at: Some(resend_at),
        ..approval.clone()
    };
    let command = Command::RequestApproval(ApprovalCommand {
        revision: approval.revision,
    });
    let next = Workflow {
        phase: Phase::AwaitingApproval(approval),
        wake_at: None,
        ..workflow.clone()
    };
    touch(rules, next, vec![command.into()])
}

fn give_up(rules: &Rules, workflow: &Workflow, step: &Step, now: Timestamp) -> Answer {
    let (code, message) = if now >= step.deadline_at {
        let limit = rules.step_timeout.as_secs();
        (
            codes::STEP_TIMEOUT,
            format!(
                "attempt {} of the {} took longer than {limit} s; ask for less or allow more, then redrive",
                step.attempt, step.role
            ),
        )
    } else if step.last_heartbeat_at.is_some() {
        let limit = rules.heartbeat_timeout.as_secs();
        (
            codes::AGENT_SILENT,
            format!(
                "attempt {} of the {} was silent for {limit} s; the agent's log says why, then redrive",
                step.attempt, step.role
            ),
        )
    } else {
        let limit = rules.start_timeout.as_secs();
        (
            codes::AGENT_NOT_STARTED,
            format!(
                "attempt {} of the {} gave no sign of life in {limit} s; the agent's log says why, then redrive",
                step.attempt, step.role
            ),
        )
    };
    let mut next = workflow.clone();
    next.usage = next.usage.plus(step.usage);
    end_attempt(
        rules,
        next,
        step,
        StepFailure {
            code: code.to_owned(),
            message,
            transient: true,
        },
        now,
    )
}

fn timed_out(rules: &Rules, workflow: &Workflow, approval: &Approval, now: Timestamp) -> Answer {
    let revision = approval.revision;
    let mut next = workflow.clone();
    match workflow.policy.on_timeout {
        OnTimeout::Approve => grant(rules, next, approval.clone(), TIMEOUT.to_owned(), None, now),
        OnTimeout::Escalate if !approval.escalated => {
            let deadline_at = now.plus(Duration::from_secs(workflow.policy.timeout_seconds));
            next.phase = Phase::AwaitingApproval(Approval {
                escalated: true,
                deadline_at,
                sends: 1,
                sent_at: Some(now),
                resend_at: Some(now.plus(rules.resend_after(1))),
                notified_at: None,
                ..approval.clone()
            });
            let escalated_to = workflow.policy.escalate_to.clone();
            let escalated = Event::ApprovalEscalated {
                revision,
                escalated_to,
                deadline_at,
            };
            let command = Command::RequestApproval(ApprovalCommand { revision });
            transition(rules, next, now, vec![escalated], vec![command.into()])
        }
        OnTimeout::Expire | OnTimeout::Escalate => {
            next.settled = Some(approval.clone().settled());
            next.phase = Phase::Expired;
            transition(
                rules,
                next,
                now,
                vec![Event::WorkflowExpired { revision }],
                Vec::new(),
            )
        }
    }
}
