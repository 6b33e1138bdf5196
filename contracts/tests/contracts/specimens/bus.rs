//! Commands and our events.

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::command::{ApprovalCommand, Command, SessionCommand, StepCommand};
use aegis_contracts::envelope::Envelope;
use aegis_contracts::event::Event;

use super::{Specimen, artifact, at, name, specimen, traceparent, usage, workflow};

pub fn commands() -> Vec<Specimen> {
    let of = |name, version, command: Command| {
        let envelope = Envelope::new(&workflow(), version, 0, at(0), command);
        specimen(name, "command", envelope.traced(traceparent()))
    };
    let run = |step, agent, attempt, revision| {
        Command::RunStep(StepCommand {
            agent: name(agent),
            of: Attempt::once(name(step), attempt),
            revision,
        })
    };
    let branch = Command::RunStep(StepCommand {
        agent: name("researcher"),
        of: Attempt {
            branch: Some(3),
            ..Attempt::once(name("research"), 2)
        },
        revision: 0,
    });
    vec![
        of("command-run-step", 1, run("research", "researcher", 1, 0)),
        of("command-run-step-again", 2, run("analyze", "analyst", 2, 1)),
        of("command-run-step-branch", 3, branch),
        of(
            "command-request-approval",
            3,
            Command::RequestApproval(ApprovalCommand { revision: 1 }),
        ),
        of(
            "command-stop-session",
            5,
            Command::StopSession(SessionCommand {
                agent: name("writer"),
                of: Attempt::once(name("write"), 1),
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
                flow: name("report"),
                flow_version: 1,
                topic: "Impact of quantum computing on cryptography".to_owned(),
                requested_by: "arn:aws:iam::123456789012:user/ada".to_owned(),
            },
        ),
        (
            "event-step-completed",
            Event::StepCompleted {
                step: name("research"),
                branch: None,
                agent: name("researcher"),
                attempt: 1,
                revision: 0,
                summary: "12 passages from 5 sources".to_owned(),
                artifacts: vec![artifact("research", 1)],
                items: None,
                usage: usage(),
            },
        ),
        (
            "event-step-completed-with-items",
            Event::StepCompleted {
                step: name("plan"),
                branch: None,
                agent: name("planner"),
                attempt: 1,
                revision: 0,
                summary: "12 questions".to_owned(),
                artifacts: vec![artifact("research", 1)],
                items: Some(12),
                usage: usage(),
            },
        ),
        (
            "event-branch-failed",
            Event::BranchFailed {
                step: name("research"),
                branch: 3,
                agent: name("researcher"),
                attempt: 2,
                code: "nothing_found".to_owned(),
                message: "the sources hold nothing on the question".to_owned(),
            },
        ),
        (
            "event-step-retried",
            Event::StepRetried {
                step: name("analyze"),
                branch: None,
                agent: name("analyst"),
                failed_attempt: 1,
                next_attempt: 2,
                code: "agent_silent".to_owned(),
                message: "attempt 1 of `analyze` was silent for 300 s".to_owned(),
            },
        ),
        (
            "event-workflow-redriven",
            Event::WorkflowRedriven {
                redriven_by: "ada".to_owned(),
                failed_version: 4,
                at: name("analyze"),
            },
        ),
    ]
}

fn approval_events() -> Vec<(&'static str, Event)> {
    vec![
        (
            "event-approval-requested",
            Event::ApprovalRequested {
                approval: name("findings"),
                revision: 0,
                required: 2,
                approvers: vec!["ada".to_owned(), "bob".to_owned()],
                deadline_at: at(60),
            },
        ),
        (
            "event-approval-recorded",
            Event::ApprovalRecorded {
                approval: name("findings"),
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
                approval: name("findings"),
                revision: 0,
                approver: "bob".to_owned(),
                comment: None,
                claimed_by: None,
            },
        ),
        (
            "event-approval-granted-by-link",
            Event::ApprovalGranted {
                approval: name("findings"),
                revision: 0,
                approver: "ada@example.com".to_owned(),
                comment: None,
                claimed_by: Some("link:arn:aws:iam::123456789012:user/grace".to_owned()),
            },
        ),
        (
            "event-approval-reminded",
            Event::ApprovalReminded {
                approval: name("findings"),
                revision: 0,
                reminder: 2,
                approvers: vec!["bob".to_owned()],
                deadline_at: at(60),
            },
        ),
        (
            "event-approval-escalated",
            Event::ApprovalEscalated {
                approval: name("findings"),
                revision: 0,
                escalated_to: vec!["grace".to_owned()],
                deadline_at: at(120),
            },
        ),
        (
            "event-changes-requested",
            Event::ChangesRequested {
                approval: name("findings"),
                revision: 0,
                next_revision: 1,
                redo: name("analyze"),
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
                result: artifact("write", 1),
                usage: usage(),
            },
        ),
        (
            "event-workflow-rejected",
            Event::WorkflowRejected {
                approval: name("findings"),
                revision: 1,
                approver: "ada".to_owned(),
                comment: Some("off topic".to_owned()),
                claimed_by: None,
            },
        ),
        (
            "event-workflow-expired",
            Event::WorkflowExpired {
                approval: name("findings"),
                revision: 1,
            },
        ),
        (
            "event-workflow-failed",
            Event::WorkflowFailed {
                code: "nothing_found".to_owned(),
                message: "the sources hold nothing on the topic".to_owned(),
                at: name("research"),
                branch: Some(3),
            },
        ),
        (
            "event-workflow-cancelled",
            Event::WorkflowCancelled {
                cancelled_by: "ada".to_owned(),
                reason: Some("no longer needed".to_owned()),
                at: name("findings"),
            },
        ),
    ]
}
