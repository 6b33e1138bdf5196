//! Commands and our events.

use aegis_contracts::agent::Role;
use aegis_contracts::approval::DecisionKind;
use aegis_contracts::command::{ApprovalCommand, Command, SessionCommand};
use aegis_contracts::envelope::Envelope;
use aegis_contracts::event::Event;
use aegis_contracts::view::Status;

use super::{Specimen, artifact, at, specimen, traceparent, usage, workflow};

pub fn commands() -> Vec<Specimen> {
    let of = |name, version, command: Command| {
        let envelope = Envelope::new(&workflow(), version, 0, at(0), command);
        specimen(name, "command", envelope.traced(traceparent()))
    };
    vec![
        of("command-research", 1, Command::step(Role::Researcher, 1, 0)),
        of("command-analyze", 2, Command::step(Role::Analyst, 2, 1)),
        of(
            "command-request-approval",
            3,
            Command::RequestApproval(ApprovalCommand { revision: 1 }),
        ),
        of("command-write", 4, Command::step(Role::Writer, 1, 1)),
        of(
            "command-stop-session",
            5,
            Command::StopSession(SessionCommand {
                role: Role::Writer,
                attempt: 1,
            }),
        ),
    ]
}

pub fn events() -> Vec<Specimen> {
    let of = |name, event: Event| {
        let mut envelope = Envelope::new(&workflow(), 5, 1, at(3), event).traced(traceparent());
        envelope.tenant = Some("acme".to_owned());
        specimen(name, "event", envelope)
    };
    [step_events(), approval_events(), endings()]
        .concat()
        .into_iter()
        .map(|(name, event)| of(name, event))
        .collect()
}

fn step_events() -> Vec<(&'static str, Event)> {
    vec![
        (
            "event-workflow-started",
            Event::WorkflowStarted {
                topic: "Impact of quantum computing on cryptography".to_owned(),
                requested_by: "arn:aws:iam::123456789012:user/ada".to_owned(),
            },
        ),
        (
            "event-step-completed",
            Event::StepCompleted {
                role: Role::Researcher,
                attempt: 1,
                revision: 0,
                summary: "12 passages from 5 sources".to_owned(),
                artifacts: vec![artifact(Role::Researcher, 1)],
                usage: usage(),
            },
        ),
        (
            "event-step-retried",
            Event::StepRetried {
                role: Role::Analyst,
                failed_attempt: 1,
                next_attempt: 2,
                code: "agent_silent".to_owned(),
                message: "attempt 1 of the analyst was silent for 300 s".to_owned(),
            },
        ),
        (
            "event-workflow-redriven",
            Event::WorkflowRedriven {
                redriven_by: "ada".to_owned(),
                failed_version: 4,
                status: Status::Analyzing,
            },
        ),
    ]
}

fn approval_events() -> Vec<(&'static str, Event)> {
    vec![
        (
            "event-approval-requested",
            Event::ApprovalRequested {
                revision: 0,
                required: 2,
                approvers: vec!["ada".to_owned(), "bob".to_owned()],
                deadline_at: at(60),
            },
        ),
        (
            "event-approval-recorded",
            Event::ApprovalRecorded {
                revision: 0,
                approver: "ada".to_owned(),
                decision: DecisionKind::Approve,
                comment: Some("well founded".to_owned()),
                claimed_by: None,
                approvals: 1,
                required: 2,
            },
        ),
        (
            "event-approval-granted",
            Event::ApprovalGranted {
                revision: 0,
                approver: "bob".to_owned(),
                comment: None,
                claimed_by: None,
            },
        ),
        (
            "event-approval-granted-by-link",
            Event::ApprovalGranted {
                revision: 0,
                approver: "ada@example.com".to_owned(),
                comment: None,
                claimed_by: Some("link:arn:aws:iam::123456789012:user/grace".to_owned()),
            },
        ),
        (
            "event-approval-reminded",
            Event::ApprovalReminded {
                revision: 0,
                reminder: 2,
                approvers: vec!["bob".to_owned()],
                deadline_at: at(60),
            },
        ),
        (
            "event-approval-escalated",
            Event::ApprovalEscalated {
                revision: 0,
                escalated_to: vec!["grace".to_owned()],
                deadline_at: at(120),
            },
        ),
        (
            "event-changes-requested",
            Event::ChangesRequested {
                revision: 0,
                next_revision: 1,
                approver: "ada".to_owned(),
                comment: Some("say more on lattices".to_owned()),
                changes: Some(super::agents::changes()),
                claimed_by: None,
            },
        ),
    ]
}

fn endings() -> Vec<(&'static str, Event)> {
    vec![
        (
            "event-workflow-completed",
            Event::WorkflowCompleted {
                report: artifact(Role::Writer, 1),
                usage: usage(),
            },
        ),
        (
            "event-workflow-rejected",
            Event::WorkflowRejected {
                revision: 1,
                approver: "ada".to_owned(),
                comment: Some("off topic".to_owned()),
                claimed_by: None,
            },
        ),
        (
            "event-workflow-expired",
            Event::WorkflowExpired { revision: 1 },
        ),
        (
            "event-workflow-failed",
            Event::WorkflowFailed {
                code: "nothing_found".to_owned(),
                message: "the sources hold nothing on the topic".to_owned(),
                status: Status::Researching,
            },
        ),
        (
            "event-workflow-cancelled",
            Event::WorkflowCancelled {
                cancelled_by: "ada".to_owned(),
                reason: Some("no longer needed".to_owned()),
                status: Status::AwaitingApproval,
            },
        ),
    ]
}
