//! What is on its way: commands, reports of agents, wishes of people.

use std::fmt;

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::command::Command;
use aegis_contracts::flow::Flow;

use crate::attempt::Attempt;

/// Whoever decides about an approval.
pub const APPROVERS: [&str; 2] = ["ada", "bob"];

/// One message. It is delivered at any time after it was sent, or never before a deadline: delays are arbitrary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    Step {
        of: Attempt,
        revision: u32,
    },
    RequestApproval {
        revision: u32,
    },
    Progress(Attempt),
    Succeeded(Attempt),
    Failed {
        of: Attempt,
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
    pub fn of(flow: &Flow, command: &Command) -> Option<Self> {
        Some(match command {
            Command::RunStep(step) => Self::Step {
                of: Attempt::of(flow, &step.of),
                revision: step.revision,
            },
            Command::RequestApproval(asked) => Self::RequestApproval {
                revision: asked.revision,
            },
            Command::StopSession(_) => return None,
        })
    }

    /// Reports travel over HTTP and can get lost for good; what is in a queue cannot.
    pub fn is_report(self) -> bool {
        match self {
            Self::Progress(_) | Self::Succeeded(_) | Self::Failed { .. } => true,
            Self::Step { .. }
            | Self::RequestApproval { .. }
            | Self::Decision { .. }
            | Self::Cancel
            | Self::Redrive { .. } => false,
        }
    }

    /// A number of its own for every message: the order of the queue, and what is hashed.
    pub fn code(self) -> u64 {
        let (kind, what) = match self {
            Self::Step { of, revision } => (1, of.code() | u64::from(revision)),
            Self::RequestApproval { revision } => (2, u64::from(revision)),
            Self::Progress(of) => (3, of.code()),
            Self::Succeeded(of) => (4, of.code()),
            Self::Failed { of, transient } => (5, of.code() | u64::from(transient)),
            Self::Decision {
                approver,
                kind,
                revision,
            } => {
                let whose = (approver as u64) << 32 | (kind as u64) << 16;
                (6, whose | u64::from(revision))
            }
            Self::Cancel => (7, 0),
            Self::Redrive { version } => (8, version),
        };
        kind << 48 | what
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { of, .. } => write!(f, "the command for {of}"),
            Self::RequestApproval { revision } => write!(f, "RequestApproval({revision})"),
            Self::Progress(of) => write!(f, "the progress of {of}"),
            Self::Succeeded(of) => write!(f, "the success of {of}"),
            Self::Failed { of, transient } => {
                let kind = if *transient { "transient" } else { "permanent" };
                write!(f, "the {kind} failure of {of}")
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
