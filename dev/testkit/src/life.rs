//! A workflow moved by the real decisions, without any port: what a table is given to store.

use std::collections::BTreeMap;

use crate::flow;
use aegis_contracts::approval::OnTimeout;
use aegis_contracts::flow::Name;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::StartRequest;
use aegis_contracts::time::Timestamp;
use aegis_engine::stored::{HistoryEntry, StoredRequest};
use aegis_workflow::{Answer, ApprovalPolicy, Input, Rules, Start, Workflow, decide, start};
use serde_json::json;

#[derive(Debug, Clone)]
pub struct Life {
    pub workflow: Workflow,
    pub request: StoredRequest,
    /// Of the latest transition.
    pub entry: HistoryEntry,
}

pub fn policy() -> ApprovalPolicy {
    ApprovalPolicy {
        required: 1,
        approvers: Vec::new(),
        timeout_seconds: 72 * 3600,
        on_timeout: OnTimeout::Expire,
        escalate_to: Vec::new(),
        max_revisions: 1,
    }
}

/// Of the flow `report`.
pub fn policies(of_findings: ApprovalPolicy) -> BTreeMap<Name, ApprovalPolicy> {
    BTreeMap::from([(flow::name("findings"), of_findings)])
}

pub fn start_request(topic: &str) -> StartRequest {
    serde_json::from_value(json!({ "topic": topic })).unwrap()
}

impl Life {
    /// A workflow that nobody else has, asked for at `now`.
    pub fn begin(topic: &str, now: Timestamp) -> Self {
        let key = uuid::Uuid::new_v4().to_string();
        let asked = Start {
            id: WorkflowId::derive("contract", &key),
            topic: topic.to_owned(),
            requested_by: "contract".to_owned(),
            flow: flow::report(),
            policies: policies(policy()),
            budget: None,
        };
        let transition = start(&Rules::default(), asked, now);
        Self {
            request: StoredRequest::new(&start_request(topic), "contract").unwrap(),
            entry: HistoryEntry::of(&transition, None),
            workflow: transition.next,
        }
    }

    pub fn id(&self) -> &WorkflowId {
        &self.workflow.id
    }

    /// After `input`, which must change the state.
    pub fn then(&self, input: Input, now: Timestamp) -> Self {
        let mut later = self.clone();
        match decide(&Rules::default(), &self.workflow, input, now) {
            Answer::Transition(transition) => {
                later.entry = HistoryEntry::of(&transition, None);
                later.workflow = transition.next;
            }
            Answer::Touch(touch) => later.workflow = touch.next,
            Answer::Rejected(why) => panic!("rejected: {why:?}"),
        }
        later
    }

    pub fn cancelled(&self, now: Timestamp) -> Self {
        let by = "contract".to_owned();
        self.then(Input::Cancel { by, reason: None }, now)
    }

    pub fn dispatched(&self, now: Timestamp) -> Self {
        self.then(Input::Dispatched(flow::attempt("research", 1)), now)
    }
}
