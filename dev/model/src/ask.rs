//! What a handler wants of the workflow, and the real input that says so.

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::attempt::Attempt as Named;
use aegis_contracts::flow::media_type;
use aegis_contracts::usage::Usage;
use aegis_workflow::{Heartbeat, Input, Redrive, StepFailure, Success, Vote, Workflow};

use crate::attempt::Attempt;
use crate::message::{APPROVERS, Message};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Dispatched(Attempt),
    /// A dispatcher that found no free session.
    Throttled(Attempt),
    Notified {
        revision: u32,
    },
    Message(Message),
    /// The sweep found a completion record.
    Believe {
        of: Attempt,
        /// Pieces whose records it has not yet looked for, one bit each.
        then: u8,
    },
    /// With what was found done of the attempts that the failure has ended: one bit each, in their order.
    Redrive {
        version: u64,
        found: u8,
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
            Self::Dispatched(of) => 20 << 48 | of.code(),
            Self::Notified { revision } => 21 << 48 | u64::from(revision),
            Self::Believe { of, then } => 22 << 48 | of.code() | u64::from(then),
            Self::DeadlinePassed => 23 << 48,
            Self::Throttled(of) => 24 << 48 | of.code(),
            Self::Redrive { version, found } => 25 << 48 | u64::from(found) << 32 | version,
        }
    }

    /// `None` for a command to a dispatcher, which asks nothing of the workflow by itself.
    pub fn input(self, workflow: &Workflow) -> Option<Input> {
        let flow = &workflow.flow;
        Some(match self {
            Self::Dispatched(of) => Input::Dispatched(of.real(flow)?),
            Self::Throttled(of) => Input::Throttled(of.real(flow)?),
            Self::Notified { revision } => Input::Notified { revision },
            Self::Believe { of, .. } => succeeded(workflow, of)?,
            Self::Redrive { version, found } => redriven(workflow, version, found),
            Self::DeadlinePassed => Input::DeadlinePassed,
            Self::Message(message) => return of_message(workflow, message),
        })
    }
}

fn of_message(workflow: &Workflow, message: Message) -> Option<Input> {
    let flow = &workflow.flow;
    Some(match message {
        Message::Step { .. } | Message::Redrive { .. } => return None,
        Message::RequestApproval { revision } => Input::Notified { revision },
        Message::Progress(of) => Input::Progress(Heartbeat {
            of: of.real(flow)?,
            message: String::new(),
            percent: None,
            usage: Some(USED),
        }),
        Message::Succeeded(of) => succeeded(workflow, of)?,
        Message::Failed { of, transient } => Input::StepFailed(of.real(flow)?, failure(transient)),
        Message::Decision {
            approver,
            kind,
            revision,
        } => decided(approver, kind, revision),
        Message::Cancel => Input::Cancel {
            by: String::new(),
            reason: None,
        },
    })
}

fn succeeded(workflow: &Workflow, of: Attempt) -> Option<Input> {
    let success = success(workflow, of.real(&workflow.flow)?)?;
    Some(Input::StepSucceeded(success))
}

fn redriven(workflow: &Workflow, version: u64, found: u8) -> Input {
    let stopped = workflow.stopped().enumerate();
    let done = stopped.filter(|(index, _)| found & 1 << index != 0);
    Input::Redrive(Redrive {
        by: String::new(),
        version,
        found: done
            .filter_map(|(_, of)| success(workflow, of.clone()))
            .collect(),
    })
}

fn success(workflow: &Workflow, of: Named) -> Option<Success> {
    let flow = &workflow.flow;
    let name = &flow.step(&of.step)?.writes;
    let prefix = attempt_prefix(&flow.flow, &workflow.id, &of);
    let artifact = ArtifactRef {
        name: name.clone(),
        key: format!("{prefix}{name}"),
        size: 1,
        media_type: media_type(name).to_owned(),
        sha256: String::new(),
    };
    let items = flow.max_items(&of.step);
    Some(Success {
        of,
        summary: String::new(),
        artifacts: vec![artifact],
        items,
        usage: USED,
    })
}

fn failure(transient: bool) -> StepFailure {
    StepFailure {
        code: "failed".to_owned(),
        message: String::new(),
        transient,
        usage: Some(USED),
    }
}

fn decided(approver: usize, decision: DecisionKind, revision: u32) -> Input {
    let name = APPROVERS.get(approver).copied().unwrap_or("nobody");
    Input::Decide(Vote {
        approver: name.to_owned(),
        proven: false,
        claimed_by: None,
        decision,
        comment: None,
        changes: None,
        revision: Some(revision),
    })
}
