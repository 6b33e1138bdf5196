//! Where a test begins: worlds in which the workflow has come to a certain point.

use std::collections::BTreeMap;

use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::flow::{Flow, Name};
use aegis_contracts::request::Budget;
use aegis_contracts::view::Status;
use aegis_engine::apply::Opened;
use aegis_engine::stored::StoredRequest;
use aegis_workflow::{ApprovalPolicy, Input, Pinned, Start, StepFailure};

use super::{Harness, at_once};
use crate::flow;
use crate::life::{policies, policy, start_request};

impl Harness {
    /// The first step was asked for, nobody picked it up.
    pub fn started() -> Self {
        Self::started_within(None)
    }

    pub fn started_within(budget: Option<Budget>) -> Self {
        Self::started_with(budget, policy())
    }

    fn started_with(budget: Option<Budget>, policy: ApprovalPolicy) -> Self {
        Self::empty().opened(flow::report(), policies(policy), budget)
    }

    /// In a flow of one's own, all approvals of which are anybody's and take one person.
    pub fn started_in(flow: Flow) -> Self {
        Self::knowing(vec![flow.clone()]).opened(Pinned::new(flow), BTreeMap::new(), None)
    }

    fn opened(
        self,
        flow: Pinned,
        policies: BTreeMap<Name, ApprovalPolicy>,
        budget: Option<Budget>,
    ) -> Self {
        let begin = Start {
            id: self.id.clone(),
            topic: "quantum computing".to_owned(),
            requested_by: "ada".to_owned(),
            flow,
            policies,
            budget,
        };
        let request = StoredRequest::new(&start_request("quantum computing"), "ada").unwrap();
        let opened = at_once(self.engine.open(request, begin));
        assert!(matches!(opened, Ok(Opened::New(_))), "{opened:?}");
        self
    }

    /// The agent whose turn it is has been invoked.
    pub fn dispatched() -> Self {
        let harness = Self::started();
        harness.dispatch();
        harness
    }

    pub fn awaiting_approval() -> Self {
        Self::started().researched_and_analyzed()
    }

    pub fn awaiting_approval_within(budget: Budget) -> Self {
        Self::started_within(Some(budget)).researched_and_analyzed()
    }

    pub fn awaiting_approval_by(approvers: &[&str]) -> Self {
        Self::awaiting_approvals_by(1, approvers)
    }

    pub fn awaiting_approvals_by(required: u32, approvers: &[&str]) -> Self {
        let approvers = approvers.iter().map(|name| (*name).to_owned()).collect();
        let policy = ApprovalPolicy {
            required,
            approvers,
            ..policy()
        };
        Self::started_with(None, policy).researched_and_analyzed()
    }

    /// Silence means `on_timeout`, after 72 hours.
    pub fn awaiting_approval_or(on_timeout: OnTimeout) -> Self {
        let policy = ApprovalPolicy {
            on_timeout,
            ..policy()
        };
        Self::started_with(None, policy).researched_and_analyzed()
    }

    fn researched_and_analyzed(self) -> Self {
        let harness = self;
        harness.succeed();
        harness.succeed();
        assert_eq!(harness.status(), Status::AwaitingApproval);
        harness
    }

    pub fn writing() -> Self {
        let harness = Self::awaiting_approval();
        harness.decide(DecisionKind::Approve);
        harness
    }

    pub fn completed() -> Self {
        let harness = Self::writing();
        harness.succeed();
        assert_eq!(harness.status(), Status::Completed);
        harness
    }

    pub fn failed() -> Self {
        let harness = Self::dispatched();
        let failure = StepFailure {
            code: "nothing_found".to_owned(),
            message: "the sources say nothing on this topic".to_owned(),
            transient: false,
            usage: None,
        };
        harness.apply(Input::StepFailed(flow::attempt("research", 1), failure));
        assert_eq!(harness.status(), Status::Failed);
        harness
    }

    pub fn cancelled() -> Self {
        let harness = Self::dispatched();
        harness.cancel();
        harness
    }
}
