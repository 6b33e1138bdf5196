//! One harness over the in-memory ports, and a workflow moved to any point of its life in it.

pub mod files;
mod messages;
mod starts;

pub use messages::{external, received, received_text};

use std::sync::Arc;
use std::time::Duration;

use crate::flow::flows_of;
use crate::memory::MemoryPorts;
use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::approval::DecisionKind;
use aegis_contracts::artifact::{ArtifactRef, COMPLETION, CompletionRecord, attempt_prefix};
use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::Flow;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::usage::Usage;
use aegis_contracts::view::Status;
use aegis_engine::apply::{Applied, Engine, Outcome};
use aegis_engine::ports::{Clock, Table};
use aegis_engine::token::TokenKeys;
use aegis_workflow::{Input, Rules, Success, Vote, Workflow};
use futures::FutureExt;

/// 2026-11-23, so that JSON in failures can be read.
pub const NOW: Timestamp = Timestamp::from_millis(1_795_456_800_000);

pub struct Harness {
    pub ports: MemoryPorts,
    pub engine: Engine,
    pub id: WorkflowId,
    pub tokens: TokenKeys,
}

impl Default for Harness {
    fn default() -> Self {
        Self::empty()
    }
}

/// In-memory ports never wait: what is not ready at once never will be.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    future
        .now_or_never()
        .expect("in-memory ports answer at once")
}

impl Harness {
    /// No workflow yet; the token keys exist.
    pub fn empty() -> Self {
        let ports = MemoryPorts::at(NOW);
        let tokens = TokenKeys::generate();
        ports.keys.replace(tokens.clone());
        Self {
            engine: ports.engine(Rules::default()),
            id: WorkflowId::derive("ada", "k1"),
            ports,
            tokens,
        }
    }

    /// No workflow yet, in a deployment with these flows.
    pub fn knowing(flows: Vec<Flow>) -> Self {
        let mut harness = Self::empty();
        harness.engine.flows = Arc::new(flows_of(flows));
        harness
    }
}

impl Harness {
    pub fn workflow(&self) -> Workflow {
        at_once(self.engine.load(&self.id)).unwrap().unwrap()
    }

    pub fn status(&self) -> Status {
        self.workflow().status()
    }

    /// Detail types of all events so far.
    pub fn events(&self) -> Vec<&'static str> {
        let history = at_once(self.ports.table.history(&self.id)).unwrap();
        let events = history.iter().flat_map(|entry| &entry.events);
        events.map(|event| event.body.detail_type()).collect()
    }

    pub fn wait(&self, seconds: u64) {
        self.ports.clock.advance(Duration::from_secs(seconds));
    }

    /// Applies what must change the state.
    pub fn apply(&self, input: Input) -> Applied {
        let turn = at_once(self.engine.apply(&self.id, input)).unwrap();
        assert!(matches!(turn.outcome, Outcome::Applied(_)), "{turn:?}");
        turn
    }

    /// The attempt under way, the first one of several.
    pub fn current(&self) -> Attempt {
        let workflow = self.workflow();
        let work = workflow.work().first();
        work.unwrap_or_else(|| panic!("no step is under way: {:?}", workflow.phase))
            .of
            .clone()
    }

    /// All that the attempt may write lies below this.
    pub fn prefix(&self, of: &Attempt) -> String {
        let flow = &self.workflow().flow.flow;
        attempt_prefix(flow, &self.id, of)
    }

    pub fn dispatch(&self) {
        self.apply(Input::Dispatched(self.current()));
    }

    /// Stores the result of the step under way and reports it.
    pub fn succeed(&self) {
        self.succeed_with(&files::of(&self.id, &self.current()));
    }

    /// The same with a file of one's own.
    pub fn succeed_with(&self, file: &[u8]) {
        let artifacts = vec![self.put_result(&self.current(), file)];
        self.apply(Input::StepSucceeded(Success {
            of: self.current(),
            summary: "done".to_owned(),
            artifacts,
            items: self.workflow().flow.max_items(&self.current().step),
            usage: Usage::default(),
        }));
    }

    /// Stores the artifact that the step of an attempt must write, and returns the reference to it.
    pub fn put_result(&self, of: &Attempt, file: &[u8]) -> ArtifactRef {
        let workflow = self.workflow();
        let writes = &workflow.flow.step(&of.step).unwrap().writes;
        self.ports
            .artifacts
            .put_result(&self.prefix(of), writes, file)
    }

    /// Stores the result of the step under way, as its agent does.
    pub fn result(&self) -> ArtifactRef {
        let of = self.current();
        self.put_result(&of, &files::of(&self.id, &of))
    }

    /// What the agent of the step under way writes last.
    pub fn completion(&self) -> CompletionRecord {
        CompletionRecord {
            schema_version: SCHEMA_VERSION,
            workflow_id: self.id.clone(),
            of: self.current(),
            completed_at: self.now(),
            summary: "done".to_owned(),
            artifacts: vec![self.result()],
            items: None,
            usage: Usage::default(),
        }
    }

    /// Puts `record` where that of the step under way belongs.
    pub fn put_completion(&self, record: &CompletionRecord) {
        let key = format!("{}{COMPLETION}", self.prefix(&self.current()));
        let bytes = serde_json::to_vec(record).unwrap();
        self.ports.artifacts.put(&key, &bytes);
    }

    pub fn decide(&self, decision: DecisionKind) {
        let revision = self.workflow().revision;
        self.apply(Input::Decide(Vote {
            approver: "ada".to_owned(),
            proven: false,
            claimed_by: None,
            decision,
            comment: Some("say more on lattices".to_owned()),
            changes: None,
            revision: Some(revision),
        }));
    }

    pub fn cancel(&self) {
        let by = "ada".to_owned();
        self.apply(Input::Cancel { by, reason: None });
    }

    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }
}
