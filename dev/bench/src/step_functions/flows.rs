//! One workflow from its start to its end, on each side, approved as soon as it may be.
//!
//! The end is when the last result is committed: for aegis, when its API has taken the writer's report; for Step
//! Functions, the `stopDate` of the execution.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use aegis_client::api::{Api, Ask};
use aegis_contracts::agent::Role;
use aegis_contracts::approval::ApprovalView;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{Status, WorkflowAccepted};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::calls::Calls;
use super::deployment::Deployment;
use super::life::Life;
use super::timeline::{Timeline, What};

const TOPIC: &str = "Impact of quantum computing on cryptography";
/// Between two looks of the approver, and of whoever waits for the end of an execution.
const PAUSE: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    Aegis,
    /// On Step Functions, as a team on AgentCore would build it.
    Team,
    /// On Step Functions, with nothing but its tokens.
    Shortest,
}

impl Flow {
    pub const ALL: [Self; 3] = [Self::Aegis, Self::Team, Self::Shortest];

    /// In an order that begins with another one each time, so that none always follows the same.
    pub fn in_turn(turn: u32) -> [Self; 3] {
        let mut flows = Self::ALL;
        flows.rotate_left(turn as usize % Self::ALL.len());
        flows
    }

    /// Calls of AWS that our functions make for one workflow, as they are counted elsewhere.
    pub fn calls(self) -> usize {
        match self {
            Self::Aegis => aegis_cost::path::CALLS.len(),
            Self::Team => 3,
            Self::Shortest => 0,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Aegis => "aegis",
            Self::Team => "Step Functions, as a team would",
            Self::Shortest => "Step Functions, lower bound",
        }
    }
}

/// What flows run on.
#[derive(Clone)]
pub struct Ground {
    pub api: Api,
    pub calls: Calls,
    pub timeline: Arc<Timeline>,
    pub deployment: Deployment,
}

impl Ground {
    /// One workflow, from its start to its end.
    ///
    /// # Errors
    /// Where it does not come to its end in time.
    pub async fn live(&self, flow: Flow) -> Result<Life> {
        let life = async {
            match flow {
                Flow::Aegis => self.aegis().await,
                Flow::Team => self.step_functions(&self.deployment.team, flow).await,
                Flow::Shortest => self.step_functions(&self.deployment.shortest, flow).await,
            }
        };
        let lived = tokio::time::timeout(PATIENCE, life).await;
        lived.with_context(|| format!("a workflow of {} did not end", flow.name()))?
    }

    async fn aegis(&self) -> Result<Life> {
        let key = uuid::Uuid::new_v4().to_string();
        let began = Instant::now();
        let body = json!({"topic": TOPIC, "parameters": {"depth": "quick"}}).to_string();
        let start = Ask {
            method: Method::POST,
            path: "/workflows",
            idempotency_key: Some(&key),
            body: Some(body),
        };
        let id = self
            .api
            .json::<WorkflowAccepted>(&start)
            .await?
            .value
            .workflow_id;
        self.timeline.wait(&id, What::Taken(Role::Analyst)).await;
        let decision = json!({"decision": "approve", "revision": 0}).to_string();
        self.api
            .post::<ApprovalView>(&format!("/approve/{id}"), decision)
            .await?;
        let decided = Instant::now();
        let (ended, _) = self.timeline.wait(&id, What::Taken(Role::Writer)).await;
        let status = self.api.workflow(&id).await?.value.status;
        ensure!(status == Status::Completed, "{id} is {}", status.as_str());
        Ok(Life {
            began,
            decided,
            ended,
            notes: self.timeline.take(&id),
        })
    }

    async fn step_functions(&self, machine: &str, flow: Flow) -> Result<Life> {
        let id = WorkflowId::derive("bench", &uuid::Uuid::new_v4().to_string());
        let (began, now) = (Instant::now(), since_epoch(SystemTime::now()));
        let deadline =
            Timestamp::from_millis(i64::try_from(now.as_millis())?).plus(Duration::from_secs(3600));
        let input = json!({"workflow_id": id, "topic": TOPIC, "deadline_at": deadline});
        let execution = self.calls.start(machine, id.as_str(), &input).await?;
        let token = self.token(&id, flow).await?;
        self.calls
            .succeed(&token, &json!({"decision": "approve"}))
            .await?;
        let decided = Instant::now();
        self.timeline.wait(&id, What::Taken(Role::Writer)).await;
        let ended = began + self.stopped(&execution).await?.saturating_sub(now);
        Ok(Life {
            began,
            decided,
            ended,
            notes: self.timeline.take(&id),
        })
    }

    /// The approval's token, as soon as there is one.
    async fn token(&self, id: &WorkflowId, flow: Flow) -> Result<String> {
        if flow == Flow::Shortest {
            let (_, token) = self.timeline.wait(id, What::Asked).await;
            self.timeline.wait(id, What::Taken(Role::Analyst)).await;
            return Ok(token);
        }
        self.timeline.wait(id, What::Taken(Role::Analyst)).await;
        loop {
            if let Some(token) = self
                .calls
                .approval_token(&self.deployment.tokens, id.as_str())
                .await?
            {
                return Ok(token);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// When the execution has ended, since 1970.
    async fn stopped(&self, execution: &str) -> Result<Duration> {
        loop {
            let found = self.calls.execution(execution).await?;
            match found["status"].as_str() {
                Some("RUNNING") => tokio::time::sleep(PAUSE).await,
                Some("SUCCEEDED") => return stop_date(&found),
                _ => anyhow::bail!("the execution did not succeed: {found}"),
            }
        }
    }
}

fn stop_date(execution: &Value) -> Result<Duration> {
    let seconds = execution["stopDate"].as_f64();
    let seconds = seconds.with_context(|| format!("no stopDate: {execution}"))?;
    Ok(Duration::from_secs_f64(seconds))
}

fn since_epoch(at: SystemTime) -> Duration {
    at.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
