//! What is on its way: commands, reports of agents, wishes of people.

use std::fmt;

use aegis_contracts::agent::Role;
use aegis_contracts::approval::DecisionKind;
use aegis_contracts::command::Command;

/// Whoever decides about an approval.
pub const APPROVERS: [&str; 2] = ["ada", "bob"];

/// One message. It is delivered at any time after it was sent, or never before a deadline: delays are arbitrary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    Step {
        role: Role,
        attempt: u32,
        revision: u32,
    },
    RequestApproval {
        revision: u32,
    },
    Progress {
        role: Role,
        attempt: u32,
    },
    Succeeded {
        role: Role,
        attempt: u32,
    },
    Failed {
        role: Role,
        attempt: u32,
        transient: bool,
    },
    Decision {
        /// Index into [`APPROVERS`].
        approver: usize,
        kind: DecisionKind,
        revision: u32,
    },
    Cancel,
    Redrive {
        version: u64,
    },
}

impl Message {
    /// `None` for what nobody waits for: a session that is not stopped is told by the answer to its next report.
    pub fn of(command: &Command) -> Option<Self> {
        Some(match command {
            Command::Research(step) => Self::step(Role::Researcher, step.attempt, step.revision),
            Command::Analyze(step) => Self::step(Role::Analyst, step.attempt, step.revision),
            Command::Write(step) => Self::step(Role::Writer, step.attempt, step.revision),
            Command::RequestApproval(asked) => Self::RequestApproval {
                revision: asked.revision,
            },
            Command::StopSession(_) => return None,
        })
    }
}

impl Message {
    fn step(role: Role, attempt: u32, revision: u32) -> Self {
        Self::Step {
            role,
            attempt,
            revision,
        }
    }

    /// Reports travel over HTTP and can get lost for good; what is in a queue cannot.
    pub fn is_report(self) -> bool {
        match self {
            Self::Progress { .. } | Self::Succeeded { .. } | Self::Failed { .. } => true,
            Self::Step { .. }
            | Self::RequestApproval { .. }
            | Self::Decision { .. }
            | Self::Cancel
            | Self::Redrive { .. } => false,
        }
    }

    /// A number of its own for every message: the order of the queue, and what is hashed.
    pub fn code(self) -> u64 {
        let (kind, a, b, c) = match self {
            Self::Step {
                role,
                attempt,
                revision,
            } => (1, role as u64, u64::from(attempt), u64::from(revision)),
            Self::RequestApproval { revision } => (2, u64::from(revision), 0, 0),
            Self::Progress { role, attempt } => (3, role as u64, u64::from(attempt), 0),
            Self::Succeeded { role, attempt } => (4, role as u64, u64::from(attempt), 0),
            Self::Failed {
                role,
                attempt,
                transient,
            } => (5, role as u64, u64::from(attempt), u64::from(transient)),
            Self::Decision {
                approver,
                kind,
                revision,
            } => (6, approver as u64, kind as u64, u64::from(revision)),
            Self::Cancel => (7, 0, 0, 0),
            Self::Redrive { version } => (8, version, 0, 0),
        };
        kind << 48 | a << 32 | b << 16 | c
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { role, attempt, .. } => write!(f, "the command for {role} {attempt}"),
            Self::RequestApproval { revision } => write!(f, "RequestApproval({revision})"),
            Self::Progress { role, attempt } => write!(f, "the progress of {role} {attempt}"),
            Self::Succeeded { role, attempt } => write!(f, "the success of {role} {attempt}"),
            Self::Failed {
                role,
                attempt,
                transient,
            } => {
                let kind = if *transient { "transient" } else { "permanent" };
                write!(f, "the {kind} failure of {role} {attempt}")
            }
            Self::Decision {
                approver,
                kind,
                revision,
            } => {
                let name = APPROVERS.get(*approver).copied().unwrap_or("nobody");
                write!(f, "{name}'s `{}` of revision {revision}", kind.as_str())
            }
            Self::Cancel => f.write_str("the cancellation"),
            Self::Redrive { version } => write!(f, "the redrive of version {version}"),
        }
    }
}
