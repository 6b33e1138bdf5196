//! Agents: the kit's own claims and publishing, and work that takes time, fails, lies or dies.

use std::sync::Arc;
use std::time::Duration;

use aegis_agent_kit::claim::{Begun, Claim, begin};
use aegis_agent_kit::health::{Health, Ping, Status};
use aegis_agent_kit::heartbeat::FIRST_REPORT;
use aegis_agent_kit::publish::publish;
use aegis_agent_kit::{Produced, WorkError};
use aegis_contracts::agent::AgentTask;
use aegis_contracts::artifact::CompletionRecord;
use aegis_contracts::callback::{AgentError, AgentReport};
use aegis_contracts::ids::SessionId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::usage::Usage;
use aegis_engine::ports::Clock;
use aegis_testkit::memory::{Invocation, Lineage};

use crate::conduct::Conduct;
use crate::harness::{Harness, Manners};
use crate::observed::session;
use crate::reports::callback;
use crate::store::Bucket;

/// `idleRuntimeSessionTimeout`, as Terraform sets it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// What the runtime makes of a ping: a session that is not busy is idle since the time that its agent tells, or since
/// it was invoked where the agent tells none.
fn ends_as_idle(ping: Ping, invoked_at: Timestamp, now: Timestamp) -> bool {
    let told = ping
        .time_of_last_update
        .map(|seconds| Timestamp::from_millis(seconds * 1_000));
    ping.status == Status::Healthy && now.since(told.unwrap_or(invoked_at)) >= IDLE_TIMEOUT
}

impl Harness {
    /// One invocation: what the agent's process does with it.
    pub async fn invoked(self: Arc<Self>, invocation: Invocation) {
        self.trace.count("agent invocations");
        let store = Bucket {
            artifacts: self.ports.artifacts.clone(),
            faults: self.ports.faults.clone(),
        };
        let task = invocation.task;
        let key = session(&task);
        // The runtime sends a session to the process that has it, which goes on with its work.
        if !self.observed(|observed| observed.held.insert(key.clone())) {
            return;
        }
        // These agents have the kit's answer to pings; when it begins to be busy is the kit's own test.
        let health = Health::default();
        let invoked_at = self.clock.true_now();
        if ends_as_idle(health.ping(invoked_at), invoked_at, invoked_at) {
            self.trace.count("agents ended as idle");
            self.observed(|observed| observed.ended_as_idle.insert(key.clone()));
        } else {
            let _busy = health.begin(invoked_at);
            self.hold(&store, &task, invocation.session).await;
        }
        if !self.observed(|observed| observed.hung.contains(&key)) {
            self.observed(|observed| observed.held.remove(&key));
        }
    }

    async fn hold(self: &Arc<Self>, store: &Bucket, task: &AgentTask, session: String) {
        if let Some(error) = self.known_failure(task) {
            return self.report_failure(task, error).await;
        }
        let claim = Claim {
            session,
            invocation: format!("{:016x}", self.dice.between(0, u64::MAX)),
            at: None,
        };
        let begun = loop {
            match self
                .on_a_machine(Lineage::default(), |_| begin(store, task, &claim))
                .await
            {
                Ok(Ok(begun)) => break begun,
                Ok(Err(_)) => self.clock.sleep(Duration::from_secs(1)).await,
                Err(_) => {
                    self.trace.count("agents dead while they claimed");
                    return;
                }
            }
        };
        match begun {
            Begun::Work { .. } => self.work(store, task).await,
            Begun::Completed(record) => self.report_success(task, record).await,
            Begun::Foreign { .. } => {}
            Begun::WornOut => {
                let error =
                    WorkError::transient("agent_died", "its process died of it three times");
                self.report_failure(task, error.report()).await;
            }
        }
    }

    /// What this process remembers of an attempt that failed in it.
    fn known_failure(&self, task: &AgentTask) -> Option<AgentError> {
        let key = session(task);
        self.observed(|observed| observed.sessions.get(&key)?.failed.clone())
    }

    async fn work(self: &Arc<Self>, store: &Bucket, task: &AgentTask) {
        let conduct = self.drawn_conduct();
        self.note_begun(task, conduct);
        let usage = self.drawn_usage();
        let Some(()) = self.spend_time(task, conduct, usage).await else {
            return self.note_end(task, "agents told to stop");
        };
        let done = match conduct {
            Conduct::DiesWorking => return self.note_end(task, "agents killed"),
            Conduct::GoesSilent => {
                let key = session(task);
                self.observed(|observed| observed.hung.insert(key));
                return;
            }
            Conduct::FailsForNow => Err(WorkError::transient("model_overloaded", "try later")),
            Conduct::FailsForGood => Err(WorkError::permanent("nothing_found", "no evidence")),
            Conduct::Works
            | Conduct::DiesBeforeReport
            | Conduct::ForgetsHeartbeats
            | Conduct::Lies => self.store_result(store, task, usage).await,
        };
        match done {
            Ok(None) => self.note_end(task, "agents killed"),
            Ok(Some(_)) if conduct == Conduct::DiesBeforeReport => {
                self.note_end(task, "agents killed");
            }
            Ok(Some(mut record)) => {
                if conduct == Conduct::Lies {
                    for artifact in &mut record.artifacts {
                        artifact.sha256 = "0".repeat(64);
                    }
                }
                self.report_success(task, record).await;
            }
            Err(error) => {
                self.note_failure(task, error.report());
                self.report_failure(task, error.report()).await;
            }
        }
    }

    /// The time that the work takes, with signs of life. `None`: the platform said stop.
    async fn spend_time(&self, task: &AgentTask, conduct: Conduct, usage: Usage) -> Option<()> {
        let mut left = match self.manners {
            Manners::Drawn => self.dice.skewed(Duration::from_secs(90)),
            Manners::Brisk => Duration::from_secs(5),
        };
        if matches!(conduct, Conduct::ForgetsHeartbeats | Conduct::DiesWorking) {
            left *= 4;
        }
        let interval = Duration::from_secs(task.heartbeat_seconds.max(3)) / 3;
        let silent = matches!(conduct, Conduct::GoesSilent | Conduct::ForgetsHeartbeats);
        let mut pause = FIRST_REPORT.min(interval);
        loop {
            let step = left.min(pause);
            self.clock.sleep(step).await;
            left -= step;
            if left.is_zero() {
                return Some(());
            }
            let session = SessionId::derive(&task.workflow_id, &task.of());
            if self.ports.runtime.is_stopped(&session.runtime_session())
                || self.clock.now() > task.deadline_at
                || !silent && self.is_unwanted(task, usage).await
            {
                return None;
            }
            pause = interval;
        }
    }

    /// Says that the work goes on; whether the platform said that it need not.
    async fn is_unwanted(&self, task: &AgentTask, usage: Usage) -> bool {
        let report = AgentReport::Progress {
            step: task.step.clone(),
            branch: task.branch,
            attempt: task.attempt,
            message: "at work".to_owned(),
            percent: None,
            usage: Some(usage),
        };
        let answer = self.ask(&callback(task, &report)).await;
        matches!(answer, Some(answer) if [401, 409].contains(&answer.status))
    }

    /// `Ok(None)`: the process died while it stored.
    async fn store_result(
        &self,
        store: &Bucket,
        task: &AgentTask,
        usage: Usage,
    ) -> Result<Option<CompletionRecord>, WorkError> {
        let text = format!("{} of {}", task.of(), task.workflow_id);
        let items = task.max_items.and_then(|most| self.drawn_items(most));
        for _ in 0..5 {
            let produced = Produced {
                items,
                ..Produced::of(task, "done", text.clone().into_bytes())
            };
            let work = publish(store, task, produced, usage, self.clock.now());
            match self.on_a_machine(Lineage::default(), |_| work).await {
                Ok(Ok(record)) => return Ok(Some(record)),
                Ok(Err(error)) if error.retryable => {
                    self.clock.sleep(Duration::from_secs(1)).await;
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => return Ok(None),
            }
        }
        Err(WorkError::transient("storage_unavailable", "gave up"))
    }

    fn note_begun(&self, task: &AgentTask, conduct: Conduct) {
        self.trace.count("agents at work");
        self.tell(|| {
            let (of, id) = (task.of(), &task.workflow_id);
            format!("  {of} of {id} begins; conduct: {conduct:?}")
        });
        let key = session(task);
        self.observed(|observed| {
            let facts = observed.sessions.entry(key).or_default();
            facts.begun += 1;
            facts.revisions.insert(task.revision);
            facts.inputs.clone_from(&task.inputs);
            facts.gaps.clone_from(&task.gaps);
        });
    }

    fn note_end(&self, task: &AgentTask, how: &'static str) {
        self.trace.count(how);
        self.tell(|| format!("  {}: {how}", task.of()));
        let key = session(task);
        self.observed(|observed| observed.sessions.entry(key).or_default().ended += 1);
    }

    fn note_failure(&self, task: &AgentTask, error: AgentError) {
        let key = session(task);
        self.observed(|observed| observed.sessions.entry(key).or_default().failed = Some(error));
    }
}
