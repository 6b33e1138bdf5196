//! Where a test begins: worlds in which the workflow has come to a certain point.

use aegis_contracts::agent::Role;
use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::request::Budget;
use aegis_contracts::view::Status;
use aegis_engine::stored::StoredRequest;
use aegis_engine::turn::Opened;
use aegis_workflow::{ApprovalPolicy, Input, Start, StepFailure};

use super::{World, at_once};
use crate::life::{policy, start_request};

impl World {
    /// `Research` was sent, nobody picked it up.
    pub fn started() -> Self {
        Self::started_within(None)
    }

    pub fn started_within(budget: Option<Budget>) -> Self {
        Self::started_with(budget, policy())
    }

    fn started_with(budget: Option<Budget>, policy: ApprovalPolicy) -> Self {
        let world = Self::empty();
        let begin = Start {
            id: world.id.clone(),
            topic: "quantum computing".to_owned(),
            requested_by: "ada".to_owned(),
            policy,
            budget,
        };
        let request = StoredRequest::new(&start_request("quantum computing"), "ada").unwrap();
        let opened = at_once(world.engine.open(request, begin));
        assert!(matches!(opened, Ok(Opened::New(_))), "{opened:?}");
        world
    }

    /// The agent whose turn it is has been invoked.
    pub fn dispatched() -> Self {
        let world = Self::started();
        world.dispatch();
        world
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
        let world = self;
        world.succeed();
        world.succeed();
        assert_eq!(world.status(), Status::AwaitingApproval);
        world
    }

    pub fn writing() -> Self {
        let world = Self::awaiting_approval();
        world.decide(DecisionKind::Approve);
        world
    }

    pub fn completed() -> Self {
        let world = Self::writing();
        world.succeed();
        assert_eq!(world.status(), Status::Completed);
        world
    }

    pub fn failed() -> Self {
        let world = Self::dispatched();
        let failure = StepFailure {
            code: "nothing_found".to_owned(),
            message: "the sources say nothing on this topic".to_owned(),
            transient: false,
        };
        world.apply(Input::StepFailed {
            role: Role::Researcher,
            attempt: 1,
            failure,
            usage: None,
        });
        assert_eq!(world.status(), Status::Failed);
        world
    }

    pub fn cancelled() -> Self {
        let world = Self::dispatched();
        world.cancel();
        world
    }
}
