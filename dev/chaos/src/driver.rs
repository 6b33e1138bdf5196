//! One workflow as its clients see it: started, decided, looked at until it has ended.
//!
//! Clients are persistent: what met a passing trouble is asked again, with the same idempotency key.

use std::time::{Duration, Instant};

use aegis_aws::client::bus::BusClient;
use aegis_contracts::approval::{ApprovalView, DecisionKind};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::{CancelBody, RedriveBody};
use aegis_contracts::view::{Status, WorkflowAccepted, WorkflowView};
use anyhow::{Context as _, Result, bail};
use futures::future::try_join_all;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::scenario::Scenario;
use aegis_client::api::{Api, Ask};
use aegis_client::failure::ApiError;

const PAUSE: Duration = Duration::from_millis(700);
const TOPIC: &str = "Impact of quantum computing on cryptography";
const SOURCE: &str = "partner.chaos";
/// An event that has no effect for so long is put on the bus again.
const EVENT_PATIENCE: Duration = Duration::from_secs(20);
/// How often a person would take a workflow up again that failed.
const MAX_REDRIVES: u32 = 3;

/// What clients need.
pub struct Clients<'a> {
    pub api: &'a Api,
    pub bus: BusClient,
    pub account: String,
    /// When they give up.
    pub until: Instant,
}

/// One workflow from start to end.
#[derive(Debug)]
pub struct Life {
    pub scenario: Scenario,
    pub id: WorkflowId,
    key: String,
    pub redrives: u32,
    decided_by_event: Option<Instant>,
}

impl Life {
    pub fn new(scenario: Scenario, account: &str) -> Self {
        let key = uuid::Uuid::new_v4().to_string();
        let principal = match scenario {
            Scenario::ByEvent => format!("{account}:{SOURCE}"),
            _ => "anonymous".to_owned(),
        };
        Self {
            scenario,
            id: WorkflowId::derive(&principal, &key),
            key,
            redrives: 0,
            decided_by_event: None,
        }
    }

    /// # Errors
    /// Where it has not ended in time, or the API says what it must not say.
    pub async fn live(&mut self, clients: &Clients<'_>, cancel_after: Duration) -> Result<()> {
        let cancel_at = Instant::now() + cancel_after;
        self.start(clients).await?;
        loop {
            let view = self.look(clients).await?;
            if view.as_ref().is_some_and(|view| self.has_ended(view)) {
                return Ok(());
            }
            if Instant::now() > clients.until {
                let seen = view.map(|view| view.status.as_str().replace('_', " "));
                bail!(
                    "has not ended in time: is {}",
                    seen.as_deref().unwrap_or("not there")
                );
            }
            if let Some(view) = view {
                self.act(clients, &view, cancel_at).await?;
            }
            sleep(PAUSE).await;
        }
    }

    fn has_ended(&self, view: &WorkflowView) -> bool {
        let redriven = view.status == Status::Failed && self.redrives < MAX_REDRIVES;
        view.status.is_terminal() && !redriven
    }

    async fn start(&self, clients: &Clients<'_>) -> Result<()> {
        let body = json!({"topic": TOPIC, "parameters": {"depth": "quick"}});
        if self.scenario == Scenario::ByEvent {
            let mut detail = body;
            detail["idempotency_key"] = json!(self.key);
            return self.emit(clients, "WorkflowRequested", &detail).await;
        }
        let times = if self.scenario == Scenario::Thrice {
            3
        } else {
            1
        };
        let body = &body.to_string();
        let requests = (0..times).map(|_| async move {
            let answer: WorkflowAccepted = self
                .persistently(clients, Method::POST, "/workflows", Some(body.clone()))
                .await?
                .context("a start was refused")?;
            anyhow::ensure!(
                answer.workflow_id == self.id,
                "another id: {}",
                answer.workflow_id
            );
            Ok(())
        });
        try_join_all(requests).await.map(|_| ())
    }

    async fn look(&self, clients: &Clients<'_>) -> Result<Option<WorkflowView>> {
        let path = format!("/workflows/{}", self.id);
        self.persistently(clients, Method::GET, &path, None).await
    }

    async fn act(
        &mut self,
        clients: &Clients<'_>,
        view: &WorkflowView,
        cancel_at: Instant,
    ) -> Result<()> {
        if view.status == Status::Failed {
            let version = view.failure.as_ref().map(|failure| failure.version);
            self.redrives += 1;
            return self
                .send(clients, "redrive", &json!(RedriveBody { version }))
                .await;
        }
        let waits = view.status == Status::AwaitingApproval;
        match self.scenario {
            Scenario::Cancel if waits || Instant::now() > cancel_at => {
                let reason = Some("chaos".to_owned());
                self.send(clients, "cancel", &json!(CancelBody { reason }))
                    .await
            }
            Scenario::Cancel => Ok(()),
            _ if !waits => Ok(()),
            Scenario::ByEvent => self.decide_by_event(clients, view).await,
            Scenario::Reject => self.decide(clients, view, DecisionKind::Reject).await,
            Scenario::Revise if view.revision == 0 => {
                self.decide(clients, view, DecisionKind::RequestChanges)
                    .await
            }
            Scenario::Approve | Scenario::Revise | Scenario::Thrice => {
                self.decide(clients, view, DecisionKind::Approve).await
            }
        }
    }

    async fn decide(
        &self,
        clients: &Clients<'_>,
        view: &WorkflowView,
        decision: DecisionKind,
    ) -> Result<()> {
        let path = format!("/approve/{}", self.id);
        let body = json!({"decision": decision, "revision": view.revision, "comment": "say more on lattices"});
        let times = if self.scenario == Scenario::Thrice {
            3
        } else {
            1
        };
        let body = &body.to_string();
        let path = &path;
        let requests = (0..times).map(|_| async move {
            // A repeated one that comes too late is refused: what counts is what the next look shows.
            self.persistently::<ApprovalView>(clients, Method::POST, path, Some(body.clone()))
                .await
        });
        try_join_all(requests).await.map(|_| ())
    }

    async fn decide_by_event(&mut self, clients: &Clients<'_>, view: &WorkflowView) -> Result<()> {
        let patient = |since: Instant| since.elapsed() < EVENT_PATIENCE;
        if self.decided_by_event.is_some_and(patient) {
            return Ok(());
        }
        self.decided_by_event = Some(Instant::now());
        let key = format!("{}-approve", self.key);
        let detail = json!({"idempotency_key": key, "workflow_id": self.id, "decision": "approve",
            "revision": view.revision});
        self.emit(clients, "ApprovalDecided", &detail).await
    }

    async fn emit(&self, clients: &Clients<'_>, kind: &str, detail: &Value) -> Result<()> {
        for _ in 0..2 {
            while let Err(error) = clients.bus.put(SOURCE, kind, &detail.to_string()).await {
                if Instant::now() > clients.until {
                    return Err(error.into());
                }
                sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    async fn send(&self, clients: &Clients<'_>, verb: &str, body: &Value) -> Result<()> {
        let path = format!("/workflows/{}/{verb}", self.id);
        let body = Some(body.to_string());
        let sent = self.persistently::<WorkflowAccepted>(clients, Method::POST, &path, body);
        sent.await.map(|_| ())
    }

    /// `None`: refused as not there yet (404), or as late (409).
    async fn persistently<T: DeserializeOwned>(
        &self,
        clients: &Clients<'_>,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<Option<T>> {
        let ask = Ask {
            method,
            path,
            idempotency_key: Some(&self.key),
            body,
        };
        loop {
            match clients.api.json::<T>(&ask).await {
                Ok(answer) => return Ok(Some(answer.value)),
                Err(ApiError::Refused(problem)) if matches!(problem.status, 404 | 409) => {
                    return Ok(None);
                }
                Err(error) if error.is_transient() && Instant::now() < clients.until => {
                    sleep(PAUSE).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}
