//! What a handler wants of the workflow, and the real input that says so.

use aegis_contracts::agent::Role;
use aegis_contracts::approval::DecisionKind;
use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::usage::Usage;
use aegis_workflow::{Input, StepFailure};

use crate::message::{APPROVERS, Message};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Dispatched {
        role: Role,
        attempt: u32,
    },
    /// A dispatcher that found no free session.
    Throttled {
        role: Role,
        attempt: u32,
    },
    Notified {
        revision: u32,
    },
    Message(Message),
    /// The sweep found a completion record.
    Believe {
        role: Role,
        attempt: u32,
    },
    DeadlinePassed,
}

/// What every attempt uses, so that counting one twice shows.
const USED: Usage = Usage {
    input_tokens: 1,
    output_tokens: 0,
    cost_usd: 0.0,
};

impl Ask {
    pub fn code(self) -> u64 {
        match self {
            Self::Message(message) => message.code(),
            Self::Dispatched { role, attempt } => 20 << 48 | named(role, attempt),
            Self::Notified { revision } => 21 << 48 | u64::from(revision),
            Self::Believe { role, attempt } => 22 << 48 | named(role, attempt),
            Self::DeadlinePassed => 23 << 48,
            Self::Throttled { role, attempt } => 24 << 48 | named(role, attempt),
        }
    }

    /// `None` for a command to a dispatcher, which asks nothing of the workflow by itself.
    pub fn input(self, id: &WorkflowId) -> Option<Input> {
        Some(match self {
            Self::Dispatched { role, attempt } => Input::Dispatched { role, attempt },
            Self::Throttled { role, attempt } => Input::Throttled { role, attempt },
            Self::Notified { revision } => Input::Notified { revision },
            Self::Believe { role, attempt } => succeeded(id, role, attempt),
            Self::DeadlinePassed => Input::DeadlinePassed,
            Self::Message(message) => return of_message(id, message),
        })
    }
}

fn named(role: Role, attempt: u32) -> u64 {
    (role as u64) << 32 | u64::from(attempt)
}

fn of_message(id: &WorkflowId, message: Message) -> Option<Input> {
    Some(match message {
        Message::Step { .. } => return None,
        Message::RequestApproval { revision } => Input::Notified { revision },
        Message::Progress { role, attempt } => Input::Progress {
            role,
            attempt,
            message: String::new(),
            percent: None,
            usage: Some(USED),
        },
        Message::Succeeded { role, attempt } => succeeded(id, role, attempt),
        Message::Failed {
            role,
            attempt,
            transient,
        } => failed(role, attempt, transient),
        Message::Decision {
            approver,
            kind,
            revision,
        } => decided(approver, kind, revision),
        Message::Cancel => Input::Cancel {
            by: String::new(),
            reason: None,
        },
        Message::Redrive { version } => Input::Redrive {
            by: String::new(),
            version,
        },
    })
}

fn succeeded(id: &WorkflowId, role: Role, attempt: u32) -> Input {
    let name = role.artifact_name();
    let artifact = ArtifactRef {
        name: name.to_owned(),
        key: format!("{}{name}", attempt_prefix(id, role, attempt)),
        size: 1,
        media_type: role.media_type().to_owned(),
        sha256: String::new(),
    };
    Input::StepSucceeded {
        role,
        attempt,
        summary: String::new(),
        artifacts: vec![artifact],
        usage: USED,
    }
}

fn failed(role: Role, attempt: u32, transient: bool) -> Input {
    let failure = StepFailure {
        code: "failed".to_owned(),
        message: String::new(),
        transient,
    };
    Input::StepFailed {
        role,
        attempt,
        failure,
        usage: Some(USED),
    }
}

fn decided(approver: usize, decision: DecisionKind, revision: u32) -> Input {
    let name = APPROVERS.get(approver).copied().unwrap_or("nobody");
    Input::Decide {
        approver: name.to_owned(),
        proven: false,
        claimed_by: None,
        decision,
        comment: None,
        changes: None,
        revision,
    }
}
