//! A workflow walked through its life by the real decisions, so that every state in these tests can be reached.

use std::time::Duration;

use aegis_contracts::agent::Role;
use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::changes::Changes;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::Budget;
use aegis_contracts::time::Timestamp;
use aegis_contracts::usage::{MAX_COST_USD, Usage};
use aegis_workflow::{
    Answer, ApprovalPolicy, Input, Phase, Rejection, RetryPolicy, Rules, Start, StepFailure,
    StepRetries, Workflow, decide, start,
};

#[derive(Debug, Clone)]
pub struct Walk {
    pub rules: Rules,
    pub workflow: Workflow,
    pub now: Timestamp,
}

pub fn policy() -> ApprovalPolicy {
    ApprovalPolicy {
        required: 1,
        approvers: vec!["ada".to_owned(), "bob".to_owned()],
        timeout_seconds: 72 * 3600,
        on_timeout: OnTimeout::Expire,
        escalate_to: vec!["grace".to_owned()],
        max_revisions: 1,
    }
}

/// So many attempts at each step.
pub fn attempts(attempts: u32) -> StepRetries {
    StepRetries::all(RetryPolicy {
        attempts,
        ..RetryPolicy::default()
    })
}

/// One retry, so that the second failure of a step is its last. No reminders.
pub fn rules() -> Rules {
    Rules {
        step_retries: attempts(2),
        approval_reminder: Duration::ZERO,
        ..Rules::default()
    }
}

impl Walk {
    pub fn begin() -> Self {
        Self::with(policy(), None)
    }

    pub fn with(policy: ApprovalPolicy, budget: Option<Budget>) -> Self {
        Self::under(rules(), policy, budget)
    }

    pub fn under(rules: Rules, policy: ApprovalPolicy, budget: Option<Budget>) -> Self {
        let now = Timestamp::from_millis(1_795_456_800_000);
        let asked = Start {
            id: WorkflowId::derive("ada", "k1"),
            topic: "quantum computing".to_owned(),
            requested_by: "ada".to_owned(),
            policy,
            budget,
        };
        let workflow = start(&rules, asked, now).next;
        Self {
            rules,
            workflow,
            now,
        }
    }

    pub fn wait(mut self, time: Duration) -> Self {
        self.now = self.now.plus(time);
        self
    }

    pub fn until_due(mut self) -> Self {
        self.now = self.workflow.due_at(&self.rules).unwrap().max(self.now);
        self
    }

    pub fn answer(&self, input: Input) -> Answer {
        decide(&self.rules, &self.workflow, input, self.now)
    }

    /// Takes `input`, which must change the state.
    pub fn then(mut self, input: Input) -> Self {
        assert!(
            self.workflow.seq < 1000,
            "a life without end: {:?}",
            self.workflow
        );
        self.workflow = match self.answer(input.clone()) {
            Answer::Transition(transition) => transition.next,
            Answer::Touch(touch) => touch.next,
            Answer::Rejected(why) => panic!("{input:?} in {:?}: {why:?}", self.workflow.phase),
        };
        self
    }

    pub fn rejection(&self, input: Input) -> Rejection {
        match self.answer(input) {
            Answer::Rejected(why) => why,
            changed => panic!("not rejected: {changed:?}"),
        }
    }

    /// Role and attempt of the step under way.
    pub fn current(&self) -> (Role, u32) {
        match &self.workflow.phase {
            Phase::Working(step) => (step.role, step.attempt),
            other => panic!("no step under way: {other:?}"),
        }
    }

    pub fn dispatched(self) -> Self {
        let (role, attempt) = self.current();
        self.wait(Duration::from_secs(1))
            .then(Input::Dispatched { role, attempt })
    }

    pub fn running(self) -> Self {
        let (role, attempt) = self.current();
        self.dispatched()
            .wait(Duration::from_secs(20))
            .then(progress(role, attempt))
    }

    pub fn succeeded(self) -> Self {
        let (role, attempt) = self.current();
        let done = succeeded(&self.workflow.id, role, attempt);
        self.running().wait(Duration::from_secs(20)).then(done)
    }

    pub fn failed(self, transient: bool) -> Self {
        let (role, attempt) = self.current();
        self.running().then(failed(role, attempt, transient))
    }

    pub fn decided(self, approver: &str, decision: DecisionKind, revision: u32) -> Self {
        self.then(decision_of(approver, decision, revision))
    }
}

pub fn used(tokens: u64) -> Usage {
    Usage {
        input_tokens: tokens,
        output_tokens: tokens / 4,
        cost_usd: (tokens as f64 / 100_000.0).min(MAX_COST_USD),
    }
}

pub fn progress(role: Role, attempt: u32) -> Input {
    progress_after(role, attempt, 500)
}

pub fn progress_after(role: Role, attempt: u32, tokens: u64) -> Input {
    Input::Progress {
        role,
        attempt,
        message: "ranking 310 passages of 24 documents".to_owned(),
        percent: Some(40),
        usage: Some(used(tokens)),
    }
}

pub fn succeeded(id: &WorkflowId, role: Role, attempt: u32) -> Input {
    Input::StepSucceeded {
        role,
        attempt,
        summary: "done".to_owned(),
        artifacts: vec![artifact(id, role, attempt)],
        usage: used(1000),
    }
}

pub fn artifact(id: &WorkflowId, role: Role, attempt: u32) -> ArtifactRef {
    let name = role.artifact_name();
    ArtifactRef {
        name: name.to_owned(),
        key: format!("{}{name}", attempt_prefix(id, role, attempt)),
        size: 48_211,
        media_type: role.media_type().to_owned(),
        sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
    }
}

pub fn failed(role: Role, attempt: u32, transient: bool) -> Input {
    let failure = StepFailure {
        code: "model_unavailable".to_owned(),
        message: "the model did not answer".to_owned(),
        transient,
    };
    Input::StepFailed {
        role,
        attempt,
        failure,
        usage: Some(used(700)),
    }
}

pub fn decision_of(approver: &str, decision: DecisionKind, revision: u32) -> Input {
    Input::Decide {
        approver: approver.to_owned(),
        proven: false,
        claimed_by: None,
        decision,
        comment: Some("say more on lattices".to_owned()),
        changes: None,
        revision,
    }
}

/// A change request that goes back to the researcher.
pub fn search_again(approver: &str, revision: u32) -> Input {
    let mut asked = decision_of(approver, DecisionKind::RequestChanges, revision);
    if let Input::Decide { changes, .. } = &mut asked {
        *changes = Some(Changes {
            search_again: true,
            ..Changes::default()
        });
    }
    asked
}

pub fn redrive(version: u64) -> Input {
    Input::Redrive {
        by: "ada".to_owned(),
        version,
    }
}

pub fn cancel() -> Input {
    Input::Cancel {
        by: "ada".to_owned(),
        reason: None,
    }
}

/// Slow lives.
impl Walk {
    /// Reports success without any sign of life before.
    pub fn succeeded_now(self) -> Self {
        let (role, attempt) = self.current();
        let done = succeeded(&self.workflow.id, role, attempt);
        self.then(done)
    }

    /// Nobody hears of the attempt again.
    pub fn silent(self) -> Self {
        self.until_due().then(Input::DeadlinePassed)
    }

    pub fn escalated(&self) -> bool {
        matches!(&self.workflow.phase, Phase::AwaitingApproval(approval) if approval.escalated)
    }
}
