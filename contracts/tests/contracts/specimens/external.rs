//! The events of others.

use aegis_contracts::approval::{DecisionKind, DecisionRequest};
use aegis_contracts::callback::AgentReport;
use aegis_contracts::external::{
    ApprovalDecided, CancelRequested, RedriveRequested, StepReported, WorkflowRequested,
};
use aegis_contracts::request::{CancelBody, RedriveBody};

use super::{Specimen, artifact, name, specimen, usage, workflow};

pub fn events() -> Vec<Specimen> {
    let idempotency_key = "crm-4711".to_owned();
    vec![
        specimen(
            "external-workflow-requested",
            "external-workflow-requested",
            WorkflowRequested {
                idempotency_key: idempotency_key.clone(),
                request: super::api::start_request(),
            },
        ),
        specimen(
            "external-approval-decided",
            "external-approval-decided",
            ApprovalDecided {
                idempotency_key: idempotency_key.clone(),
                workflow_id: workflow(),
                decision: decision(),
            },
        ),
        specimen(
            "external-cancel-requested",
            "external-cancel-requested",
            CancelRequested {
                idempotency_key: idempotency_key.clone(),
                workflow_id: workflow(),
                cancel: CancelBody {
                    reason: Some("order withdrawn".to_owned()),
                },
            },
        ),
        specimen(
            "external-redrive-requested",
            "external-redrive-requested",
            RedriveRequested {
                idempotency_key: idempotency_key.clone(),
                workflow_id: workflow(),
                redrive: RedriveBody { version: Some(4) },
            },
        ),
        specimen(
            "external-step-reported",
            "external-step-reported",
            step_reported(),
        ),
    ]
}

pub fn step_reported() -> StepReported {
    StepReported {
        idempotency_key: "crm-4711".to_owned(),
        workflow_id: workflow(),
        token: "v1.k1.1795460400.c2VjcmV0".to_owned(),
        report: AgentReport::Succeeded {
            step: name("research"),
            branch: None,
            attempt: 1,
            summary: "12 passages".to_owned(),
            artifacts: vec![artifact("research", 1)],
            items: None,
            usage: usage(),
        },
    }
}

pub fn decision() -> DecisionRequest {
    DecisionRequest {
        decision: DecisionKind::RequestChanges,
        comment: Some("say more on lattices".to_owned()),
        changes: Some(super::agents::changes()),
        approver: Some("ada".to_owned()),
        revision: Some(1),
    }
}
