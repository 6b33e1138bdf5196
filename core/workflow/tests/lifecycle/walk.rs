//! A workflow walked through its life by the real decisions, so that every state in these tests can be reached.

use std::sync::LazyLock;
use std::time::Duration;

use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::attempt::Attempt;
use aegis_contracts::changes::Changes;
use aegis_contracts::flow::{Flow, Name, media_type};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::Budget;
use aegis_contracts::time::Timestamp;
use aegis_contracts::usage::{MAX_COST_USD, Usage};
use aegis_workflow::{
    Answer, ApprovalPolicy, Heartbeat, Input, Phase, Pinned, Redrive, Rejection, Retries,
    RetryPolicy, Rules, Start, StepFailure, Success, Vote, Workflow, decide, start,
};
use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub struct Walk {
    pub rules: Rules,
    pub workflow: Workflow,
    pub now: Timestamp,
}

/// The flow that ships.
pub fn report() -> Pinned {
    static REPORT: LazyLock<Pinned> = LazyLock::new(|| {
        let file = include_bytes!("../../../../flows/report/1.json");
        Pinned::new(Flow::parse(file).unwrap())
    });
    REPORT.clone()
}

/// Five steps and two approvals: the first step, one in the middle, one before an approval, one between two, and the
/// last, after an approval.
pub fn triage() -> Pinned {
    flow(json!({
        "flow": "triage", "version": 3, "title": "Triage of incidents",
        "steps": [
            {"step": "gather", "agent": "collector", "writes": "facts.json"},
            {"step": "sort", "agent": "sorter", "reads": ["gather"], "writes": "sorted.json"},
            {"step": "weigh", "agent": "sorter", "reads": ["gather", "sort"], "writes": "plan.md"},
            {"approval": "plan", "shows": "weigh", "redo": "sort", "search_again": "gather"},
            {"step": "act", "agent": "actor", "reads": ["weigh"], "writes": "done.md"},
            {"approval": "close", "shows": "act", "redo": "act"},
            {"step": "publish", "agent": "writer", "reads": ["act"], "writes": "notice.html"},
        ],
        "result": "publish",
    }))
}

pub fn flow(definition: Value) -> Pinned {
    let flow = Flow::from_value(definition.clone());
    Pinned::new(flow.unwrap_or_else(|faults| panic!("{faults:?}: {definition}")))
}

pub fn name(name: &str) -> Name {
    name.parse().unwrap()
}

pub fn attempt(step: &str, attempt: u32) -> Attempt {
    Attempt::once(name(step), attempt)
}

pub fn branch(step: &str, branch: u32, number: u32) -> Attempt {
    Attempt {
        branch: Some(branch),
        ..attempt(step, number)
    }
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
pub fn attempts(attempts: u32) -> Retries {
    Retries::all(RetryPolicy {
        attempts,
        ..RetryPolicy::default()
    })
}

/// One retry, so that the second failure of a step is its last. No reminders.
pub fn rules() -> Rules {
    Rules {
        retries: attempts(2),
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
        Self::of(report(), rules, policy, budget)
    }

    /// Of a flow, with the same policy for each of its approvals.
    pub fn of(flow: Pinned, rules: Rules, policy: ApprovalPolicy, budget: Option<Budget>) -> Self {
        let policies = flow.approvals();
        let policies = policies.map(|asked| (asked.approval.clone(), policy.clone()));
        let now = Timestamp::from_millis(1_795_456_800_000);
        let asked = Start {
            id: WorkflowId::derive("ada", "k1"),
            policies: policies.collect(),
            flow,
            topic: "quantum computing".to_owned(),
            requested_by: "ada".to_owned(),
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

    /// Takes `input`, which must change the state, and sends the stops that are owed then.
    pub fn then(self, input: Input) -> Self {
        self.owing(input).stops_sent()
    }

    /// Strikes off the stops that are owed, as the engine does once it has sent them.
    pub fn stops_sent(self) -> Self {
        match self.workflow.stops.clone() {
            Some(stops) => self.owing(Input::StopsSent(stops.of)),
            None => self,
        }
    }

    /// Takes `input`, which must change the state, and sends no stops.
    pub fn owing(mut self, input: Input) -> Self {
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

    /// What an agent is asked for, or works at: the first of several.
    pub fn current(&self) -> Attempt {
        let work = self.workflow.work().first();
        work.unwrap_or_else(|| panic!("no step under way: {:?}", self.workflow.phase))
            .of
            .clone()
    }

    /// All that is asked for, or at work.
    pub fn at_work(&self) -> Vec<Attempt> {
        let work = self.workflow.work().iter();
        work.map(|work| work.of.clone()).collect()
    }

    pub fn dispatched(self) -> Self {
        let of = self.current();
        self.wait(Duration::from_secs(1))
            .then(Input::Dispatched(of))
    }

    pub fn running(self) -> Self {
        let of = self.current();
        self.dispatched()
            .wait(Duration::from_secs(20))
            .then(progress(of))
    }

    pub fn succeeded(self) -> Self {
        let done = succeeded(&self.workflow, self.current());
        self.running().wait(Duration::from_secs(20)).then(done)
    }

    pub fn failed(self, transient: bool) -> Self {
        let of = self.current();
        self.running().then(failed(of, transient))
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

pub fn progress(of: Attempt) -> Input {
    progress_after(of, 500)
}

pub fn progress_after(of: Attempt, tokens: u64) -> Input {
    Input::Progress(Heartbeat {
        of,
        message: "ranking 310 passages of 24 documents".to_owned(),
        percent: Some(40),
        usage: Some(used(tokens)),
    })
}

pub fn succeeded(workflow: &Workflow, of: Attempt) -> Input {
    Input::StepSucceeded(success(workflow, of))
}

pub fn success(workflow: &Workflow, of: Attempt) -> Success {
    Success {
        artifacts: vec![artifact(workflow, &of)],
        items: workflow.flow.max_items(&of.step),
        of,
        summary: "done".to_owned(),
        usage: used(1000),
    }
}

/// With other items than the most.
pub fn found(workflow: &Workflow, of: Attempt, items: Option<u32>) -> Input {
    Input::StepSucceeded(Success {
        items,
        ..success(workflow, of)
    })
}

/// What an attempt must write.
pub fn artifact(workflow: &Workflow, of: &Attempt) -> ArtifactRef {
    let flow = &workflow.flow;
    let writes = flow.step(&of.step).unwrap().writes.clone();
    let prefix = attempt_prefix(&flow.flow, &workflow.id, of);
    ArtifactRef {
        key: format!("{prefix}{writes}"),
        size: 48_211,
        media_type: media_type(&writes).to_owned(),
        name: writes,
        sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
    }
}

pub fn failed(of: Attempt, transient: bool) -> Input {
    let failure = StepFailure {
        code: "model_unavailable".to_owned(),
        message: "the model did not answer".to_owned(),
        transient,
        usage: Some(used(700)),
    };
    Input::StepFailed(of, failure)
}

pub fn decision_of(approver: &str, decision: DecisionKind, revision: u32) -> Input {
    Input::Decide(vote(approver, decision, Some(revision)))
}

pub fn vote(approver: &str, decision: DecisionKind, revision: Option<u32>) -> Vote {
    Vote {
        approver: approver.to_owned(),
        proven: false,
        claimed_by: None,
        decision,
        comment: Some("say more on lattices".to_owned()),
        changes: None,
        revision,
    }
}

/// A change request that asks to search again.
pub fn search_again(approver: &str, revision: u32) -> Input {
    let changes = Changes {
        search_again: true,
        ..Changes::default()
    };
    Input::Decide(Vote {
        changes: Some(changes),
        ..vote(approver, DecisionKind::RequestChanges, Some(revision))
    })
}

pub fn redrive(version: u64) -> Input {
    Input::Redrive(Redrive {
        by: "ada".to_owned(),
        version,
        found: Vec::new(),
    })
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
        let done = succeeded(&self.workflow, self.current());
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
