//! One workflow of one test, and how far it has got.

use crate::step::Step;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aegis_aws::client::logs::LogClient;
use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::flow::{DEFAULT_FLOW, Name};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::{History, HistoryEvent, Status, WorkflowAccepted, WorkflowView};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::sync::RwLockReadGuard;

use crate::http::Answer;
use crate::processes;
use crate::stack::Stack;
use crate::wait::{SOON, Seen, eventually};

/// The built-in corpus has something to say about it.
pub const TOPIC: &str = "Impact of quantum computing on cryptography";

/// A workflow whose id is known before it is started.
pub struct Run {
    pub stack: &'static Stack,
    pub id: WorkflowId,
    /// Its idempotency key.
    pub key: String,
    /// Sent with each request, where it is set.
    pub traceparent: Option<String>,
    /// Held while it is researched, so that no other test ends the researcher under it.
    calm: Mutex<Option<RwLockReadGuard<'static, ()>>>,
}

impl Stack {
    /// A workflow of the API that is yet to be started.
    pub fn plan(&'static self) -> Run {
        self.plan_of(&self.caller)
    }

    /// A workflow that `principal` is yet to start; of an event that is `<account>:<source>`.
    pub fn plan_of(&'static self, principal: &str) -> Run {
        let key = uuid::Uuid::new_v4().to_string();
        Run {
            stack: self,
            id: WorkflowId::derive(principal, &key),
            key,
            traceparent: None,
            calm: Mutex::new(None),
        }
    }

    /// # Errors
    /// Where the API does not accept it.
    pub async fn start(&'static self, request: Value) -> Result<Run> {
        let run = self.plan();
        run.start(&request).await?;
        Ok(run)
    }

    /// A workflow on the usual topic that waits for its first decision.
    ///
    /// # Errors
    /// Where it does not get there.
    pub async fn start_awaiting(&'static self, approval: Value) -> Result<Run> {
        let run = self
            .start(json!({"topic": TOPIC, "approval": approval}))
            .await?;
        run.reach(Status::AwaitingApproval).await?;
        Ok(run)
    }
}

impl Run {
    /// Waits until the dispatcher says that it has stopped a session of `step`.
    ///
    /// # Errors
    /// Where it does not.
    pub async fn session_is_stopped(&self, step: Step) -> Result<()> {
        let client = LogClient::new(&self.stack.config);
        let group = &self.stack.outputs.log_group_names[&format!("{}-dispatch", step.agent())];
        eventually("the end of the session", SOON, async || {
            let lines = client.read(group, self.stack.began_millis).await?;
            let mut lines = lines.iter().map(|line| line.message.as_str());
            let stopped = lines
                .any(|line| line.contains(self.id.as_str()) && line.contains("session stopped"));
            Ok(match stopped {
                true => Seen::Yes(()),
                false => Seen::NotYet(format!("nothing in {group}")),
            })
        })
        .await
    }

    /// To be called before anything that leads to research.
    pub async fn calm(&self) {
        self.release();
        let guard = processes::undisturbed().await;
        *self.calm.lock().unwrap_or_else(PoisonError::into_inner) = Some(guard);
    }

    /// While one guard is held, waiting for another could last for ever.
    fn release(&self) {
        let mut held = self.calm.lock().unwrap_or_else(PoisonError::into_inner);
        held.take();
    }

    /// # Errors
    /// Where the API does not accept it, or under another id.
    pub async fn start(&self, request: &Value) -> Result<WorkflowAccepted> {
        self.calm().await;
        let answer = self.post_start(request).await?;
        let accepted: WorkflowAccepted = answer.read(202)?;
        ensure!(
            accepted.workflow_id == self.id,
            "{} instead of {}",
            accepted.workflow_id,
            self.id
        );
        let expected = format!("/workflows/{}", self.id);
        ensure!(
            answer.location().ends_with(&expected),
            "Location: {}",
            answer.location()
        );
        Ok(accepted)
    }

    /// The bare request. It may be sent many times.
    ///
    /// # Errors
    /// Where no answer comes.
    pub async fn post_start(&self, request: &Value) -> Result<Answer> {
        let mut headers = vec![("idempotency-key", self.key.as_str())];
        headers.extend(self.trace_header());
        self.stack.http.post("/workflows", &headers, request).await
    }

    fn trace_header(&self) -> Option<(&'static str, &str)> {
        let traceparent = self.traceparent.as_deref()?;
        Some(("traceparent", traceparent))
    }

    /// # Errors
    /// Where the API does not answer with a workflow.
    pub async fn view(&self) -> Result<WorkflowView> {
        let view: WorkflowView = self.get("").await?.read(200)?;
        if view.at != Some(Step::Research.name()) {
            self.release();
        }
        Ok(view)
    }

    /// `GET` of the workflow, or of a path below it.
    ///
    /// # Errors
    /// Where no answer comes.
    pub async fn get(&self, below: &str) -> Result<Answer> {
        self.stack
            .http
            .get(&format!("/workflows/{}{below}", self.id))
            .await
    }

    /// # Errors
    /// Where no answer comes.
    pub async fn decide(&self, decision: Value) -> Result<Answer> {
        let headers: Vec<_> = self.trace_header().into_iter().collect();
        let path = format!("/approve/{}", self.id);
        self.stack.http.post(&path, &headers, &decision).await
    }

    /// # Errors
    /// Where the decision is not taken.
    pub async fn approve(&self) -> Result<()> {
        let revision = self.view().await?.revision;
        let answer = self
            .decide(json!({"decision": "approve", "revision": revision}))
            .await?;
        answer.is(200).map(|_| ())
    }

    /// # Errors
    /// Where no answer comes.
    pub async fn cancel(&self, body: &Value) -> Result<Answer> {
        let path = format!("/workflows/{}/cancel", self.id);
        self.stack.http.post(&path, &[], body).await
    }

    /// # Errors
    /// Where no answer comes.
    pub async fn redrive(&self, body: &Value) -> Result<Answer> {
        let path = format!("/workflows/{}/redrive", self.id);
        self.stack.http.post(&path, &[], body).await
    }

    /// All events. Versions begin at 1 and leave no gap.
    ///
    /// # Errors
    /// Where the API does not answer with such a history.
    pub async fn history(&self) -> Result<Vec<HistoryEvent>> {
        let history: History = self.get("/history").await?.read(200)?;
        let mut last = 0;
        for event in &history.events {
            let follows = event.version == last || event.version == last + 1;
            ensure!(
                follows,
                "version {} follows {last} in {}",
                event.version,
                self.id
            );
            last = event.version;
        }
        Ok(history.events)
    }

    /// The types of all events, in order.
    ///
    /// # Errors
    /// As of [`Self::history`].
    pub async fn told(&self) -> Result<Vec<String>> {
        let events = self.history().await?;
        Ok(events.into_iter().map(|event| event.kind).collect())
    }

    /// The data of the only event of this type.
    ///
    /// # Errors
    /// Where there is none or more than one.
    pub async fn event(&self, kind: &str) -> Result<Value> {
        let events = self.history().await?;
        let mut found = events.into_iter().filter(|event| event.kind == kind);
        let first = found
            .next()
            .with_context(|| format!("no {kind} in {}", self.id))?;
        ensure!(found.next().is_none(), "{kind} twice in {}", self.id);
        Ok(first.data)
    }

    /// An artifact by its name, through the redirect.
    ///
    /// # Errors
    /// Where it cannot be downloaded.
    pub async fn artifact(&self, name: &str) -> Result<String> {
        let answer = self.get(&format!("/artifacts/{name}")).await?;
        let redirect = answer.is(302)?.location();
        let file = self.stack.http.download(redirect).await?;
        Ok(file.is(200)?.body.clone())
    }

    pub fn prefix(&self, step: Step, attempt: u32) -> String {
        let flow = DEFAULT_FLOW.parse().unwrap_or_else(|_| Name::unreadable());
        attempt_prefix(&flow, &self.id, &step.attempt(attempt))
    }
}

impl Run {
    /// Waits for a status. Ends at once where the workflow has ended in another one.
    ///
    /// # Errors
    /// Where it does not get there in time.
    pub async fn reach(&self, status: Status) -> Result<WorkflowView> {
        self.reach_within(status, SOON).await
    }

    /// # Errors
    /// Where it does not get there in time.
    pub async fn reach_within(&self, status: Status, within: Duration) -> Result<WorkflowView> {
        let what = format!("{} to be {}", self.id, status.as_str());
        eventually(&what, within, async || {
            let view = self.view().await?;
            if view.status == status {
                return Ok(Seen::Yes(view));
            }
            if view.status.is_terminal() {
                let (now, failure) = (view.status.as_str(), view.failure);
                bail!("waited for {what}, but it is {now}: {failure:?}");
            }
            Ok(Seen::NotYet(format!("{:?} {:?}", view.status, view.steps)))
        })
        .await
    }

    /// Waits until a step is at work or asked for.
    ///
    /// # Errors
    /// Where it does not get there in time.
    pub async fn reach_step(&self, step: Step) -> Result<WorkflowView> {
        let what = format!("{} to be at {step}", self.id);
        eventually(&what, SOON, async || {
            let view = self.view().await?;
            let there = view.status == Status::Running && view.at == Some(step.name());
            ensure!(
                !view.status.is_terminal(),
                "waited for {what}, but it has ended: {view:?}"
            );
            Ok(if there {
                Seen::Yes(view)
            } else {
                Seen::NotYet(format!("{:?}", view.at))
            })
        })
        .await
    }

    /// Waits until revision `revision` can be decided.
    ///
    /// # Errors
    /// Where it does not get there in time.
    pub async fn reach_revision(&self, revision: u32) -> Result<WorkflowView> {
        let what = format!("{} to wait with revision {revision}", self.id);
        eventually(&what, SOON, async || {
            let view = self.view().await?;
            let waits = view.status == Status::AwaitingApproval && view.revision == revision;
            ensure!(
                !view.status.is_terminal(),
                "waited for {what}, but it has ended: {view:?}"
            );
            let seen = format!("{:?} with revision {}", view.status, view.revision);
            Ok(if waits {
                Seen::Yes(view)
            } else {
                Seen::NotYet(seen)
            })
        })
        .await
    }
}
