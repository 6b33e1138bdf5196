//! Agents: the kit's own claims and publishing, and work that takes time, fails, lies or dies.

use std::sync::Arc;
use std::time::Duration;

use aegis_agent_kit::claim::{Begun, Claim, begin};
use aegis_agent_kit::publish::publish;
use aegis_agent_kit::{Produced, WorkError};
use aegis_contracts::agent::AgentTask;
use aegis_contracts::artifact::CompletionRecord;
use aegis_contracts::callback::{AgentError, AgentReport};
use aegis_contracts::ids::SessionId;
use aegis_contracts::usage::Usage;
use aegis_engine::memory::Invocation;
use aegis_engine::ports::Clock;

use crate::http::request;
use crate::queues::Owner;
use crate::store::Bucket;
use crate::world::{Manners, World};

/// How an agent spends its attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conduct {
    Works,
    FailsForNow,
    FailsForGood,
    /// Its process is killed while it works.
    DiesWorking,
    /// Killed after its result is stored and before it says so.
    DiesBeforeReport,
    /// Never heard of again, and never done.
    GoesSilent,
    /// Works on without a sign of life, and reports in the end.
    ForgetsHeartbeats,
    /// Reports a result that is not there.
    Lies,
}

const MISCONDUCT: [Conduct; 7] = [
    Conduct::FailsForNow,
    Conduct::FailsForGood,
    Conduct::DiesWorking,
    Conduct::DiesBeforeReport,
    Conduct::GoesSilent,
    Conduct::ForgetsHeartbeats,
    Conduct::Lies,
];

impl World {
    /// One invocation: what the agent's process does with it.
    pub async fn invoked(self: Arc<Self>, invocation: Invocation) {
        self.story.count("agent invocations");
        let store = Bucket {
            artifacts: self.ports.artifacts.clone(),
            faults: self.ports.faults.clone(),
        };
        let task = invocation.task;
        let key = (task.workflow_id.clone(), task.role, task.attempt);
        // The runtime sends a session to the process that has it, which goes on with its work.
        if !self.books(|books| books.held.insert(key.clone())) {
            return;
        }
        self.hold(&store, &task, invocation.session).await;
        if !self.books(|books| books.hung.contains(&key)) {
            self.books(|books| books.held.remove(&key));
        }
    }

    async fn hold(self: &Arc<Self>, store: &Bucket, task: &AgentTask, session: String) {
        if let Some(error) = self.known_failure(task) {
            return self.report_failure(task, error).await;
        }
        let claim = Claim {
            session,
            invocation: format!("{:016x}", self.dice.between(0, u64::MAX)),
        };
        let begun = loop {
            match self.on_a_machine(begin(store, task, &claim)).await {
                Ok(Ok(begun)) => break begun,
                Ok(Err(_)) => self.clock.sleep(Duration::from_secs(1)).await,
                Err(_) => {
                    self.story.count("agents dead while they claimed");
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
        let key = (task.workflow_id.clone(), task.role, task.attempt);
        self.books(|books| books.sessions.get(&key)?.failed.clone())
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
                let key = (task.workflow_id.clone(), task.role, task.attempt);
                self.books(|books| books.hung.insert(key));
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

    fn drawn_conduct(&self) -> Conduct {
        let misbehaves = self.sky.climate.agent_misbehaves;
        if !self.sky.strikes("agents that misbehave", misbehaves) {
            return Conduct::Works;
        }
        let conduct = self.dice.pick(&MISCONDUCT).copied();
        conduct.unwrap_or(Conduct::Works)
    }

    fn drawn_usage(&self) -> Usage {
        Usage {
            input_tokens: self.dice.between(0, 4_000),
            output_tokens: self.dice.between(0, 1_000),
            cost_usd: 0.001,
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
        loop {
            if !silent {
                let report = AgentReport::Progress {
                    role: task.role,
                    attempt: task.attempt,
                    message: "at work".to_owned(),
                    percent: None,
                    usage: Some(usage),
                };
                let answer = self.ask(&callback(task, &report)).await;
                if matches!(answer, Some(answer) if [401, 409].contains(&answer.status)) {
                    return None;
                }
            }
            let step = left.min(interval);
            self.clock.sleep(step).await;
            left -= step;
            if left.is_zero() {
                return Some(());
            }
            let session = SessionId::derive(&task.workflow_id, task.role, task.attempt);
            if self.ports.runtime.is_stopped(&session.runtime_session())
                || self.clock.now() > task.deadline_at
            {
                return None;
            }
        }
    }

    /// `Ok(None)`: the process died while it stored.
    async fn store_result(
        &self,
        store: &Bucket,
        task: &AgentTask,
        usage: Usage,
    ) -> Result<Option<CompletionRecord>, WorkError> {
        let text = format!("{} {} of {}", task.role, task.attempt, task.workflow_id);
        for _ in 0..5 {
            let produced = Produced::by(task.role, "done", text.clone().into_bytes());
            let work = publish(store, task, produced, usage, self.clock.now());
            match self.on_a_machine(work).await {
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

    async fn report_success(self: &Arc<Self>, task: &AgentTask, record: CompletionRecord) {
        let report = AgentReport::Succeeded {
            role: record.role,
            attempt: record.attempt,
            summary: record.summary,
            artifacts: record.artifacts,
            usage: record.usage,
        };
        self.report(task, &report).await;
    }

    async fn report_failure(self: &Arc<Self>, task: &AgentTask, error: AgentError) {
        let report = AgentReport::Failed {
            role: task.role,
            attempt: task.attempt,
            error,
            usage: None,
        };
        self.report(task, &report).await;
    }

    /// Over HTTP or over the bus, sometimes late, sometimes twice.
    async fn report(self: &Arc<Self>, task: &AgentTask, report: &AgentReport) {
        if self.sky.strikes("results reported late", 0.05) {
            self.clock
                .sleep(self.dice.skewed(Duration::from_secs(900)))
                .await;
        }
        let times = 1 + u32::from(self.sky.strikes("results reported twice", 0.1));
        for _ in 0..times {
            if self.manners == Manners::Drawn && self.dice.chance(0.15) {
                self.report_by_event(task, report);
            } else {
                self.insist(&callback(task, report)).await;
            }
        }
    }

    fn report_by_event(self: &Arc<Self>, task: &AgentTask, report: &AgentReport) {
        let mut detail = serde_json::to_value(report).unwrap_or_default();
        detail["idempotency_key"] = "report".into();
        detail["workflow_id"] = task.workflow_id.to_string().into();
        detail["token"] = task.callback.token.clone().into();
        self.emit(Owner::Callback, "StepReported", &detail);
    }

    fn note_begun(&self, task: &AgentTask, conduct: Conduct) {
        self.story.count("agents at work");
        self.tell(|| {
            let AgentTask {
                role,
                attempt,
                workflow_id,
                ..
            } = task;
            format!("  {role} {attempt} of {workflow_id} begins; conduct: {conduct:?}")
        });
        let key = (task.workflow_id.clone(), task.role, task.attempt);
        self.books(|books| {
            let facts = books.sessions.entry(key).or_default();
            facts.begun += 1;
            facts.revisions.insert(task.revision);
        });
    }

    fn note_end(&self, task: &AgentTask, how: &'static str) {
        self.story.count(how);
        self.tell(|| format!("  {} {}: {how}", task.role, task.attempt));
        let key = (task.workflow_id.clone(), task.role, task.attempt);
        self.books(|books| books.sessions.entry(key).or_default().ended += 1);
    }

    fn note_failure(&self, task: &AgentTask, error: AgentError) {
        let key = (task.workflow_id.clone(), task.role, task.attempt);
        self.books(|books| books.sessions.entry(key).or_default().failed = Some(error));
    }
}

fn callback(task: &AgentTask, report: &AgentReport) -> aegis_engine::api::ApiRequest {
    let body = serde_json::to_value(report).unwrap_or_default();
    let mut request = request("POST /callbacks/{id}", Some(&task.workflow_id), &body);
    let bearer = format!("Bearer {}", task.callback.token);
    request.headers.insert("authorization".to_owned(), bearer);
    request
}
