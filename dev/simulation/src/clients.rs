//! Clients who start workflows, people who decide, cancel and redrive, and systems that do the
//! same over the bus.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::approval::{ApprovalLink, DecisionKind};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use serde_json::{Value, json};

use crate::flows::{DROPPED, Edition, names};
use crate::harness::{Harness, Manners};
use crate::http::request;
use crate::queues::Owner;

const MINUTES: u64 = 60;
/// As intake names a caller whom nobody has proven.
const CLIENT: &str = "anonymous";
/// Who has no access to the API, and decides by links.
const BY_LINK: &str = "cid";
/// As intake names the other system of [`Harness::emit`].
const OTHER_SYSTEM: &str = "123456789012:partner.crm";

impl Harness {
    /// Client number `number` and its workflow.
    pub async fn client(self: Arc<Self>, number: usize) {
        let wait = self.dice.skewed(Duration::from_secs(20 * MINUTES));
        self.clock.sleep(wait).await;
        let key = format!("key-{number}");
        let body = self.drawn_request(number);
        let by_event = self.dice.chance(0.25);
        let id = WorkflowId::derive(if by_event { OTHER_SYSTEM } else { CLIENT }, &key);
        self.tell(|| format!("client {number} asks for {id}: {body}"));
        if by_event {
            let mut detail = body;
            detail["idempotency_key"] = key.into();
            // Who asks for what is about to be dropped is refused, and hears of it by the dead letter.
            if !self.drops(&detail) {
                self.observed(|observed| observed.asked_by_event.insert(id.clone()));
            }
            self.emit(Owner::Intake, "WorkflowRequested", &detail);
        } else {
            self.start_over_http(&key, &id, &body).await;
        }
        if self.dice.chance(0.12) {
            let harness = self.clone();
            self.stage
                .enter("canceller", async move { harness.canceller(id).await });
        }
    }

    /// One of a crowd that starts at once.
    pub async fn hasty_client(self: Arc<Self>, number: usize) {
        let wait = self.dice.time(Duration::ZERO, Duration::from_secs(1));
        self.clock.sleep(wait).await;
        let key = format!("key-{number}");
        let id = WorkflowId::derive(CLIENT, &key);
        let body = json!({"topic": format!("topic {number}")});
        let mut start = request("POST /workflows", None, &body);
        start.headers.insert("idempotency-key".to_owned(), key);
        if let Some(answer) = self.insist(&start).await
            && answer.status == 202
        {
            self.observed(|observed| observed.accepted.insert(id));
        }
    }

    async fn start_over_http(&self, key: &str, id: &WorkflowId, body: &Value) {
        let mut start = request("POST /workflows", None, body);
        start
            .headers
            .insert("idempotency-key".to_owned(), key.to_owned());
        let again = 1 + u32::from(self.dice.chance(0.2));
        for _ in 0..again {
            let Some(answer) = self.insist(&start).await else {
                continue;
            };
            if answer.status == 202 {
                self.observed(|observed| observed.accepted.insert(id.clone()));
            }
        }
        if self.dice.chance(0.05) {
            let other = json!({"topic": "another topic under the same key"});
            start.body = Ok(other.to_string().into_bytes());
            self.ask(&start).await;
        }
    }

    fn drops(&self, asked: &Value) -> bool {
        let next = self.deployment.as_ref();
        let next = next.is_some_and(|next| next.services.edition == Edition::Next);
        next && asked["flow"] == DROPPED
    }

    fn drawn_request(&self, number: usize) -> Value {
        let required = 1 + self.dice.below(2);
        let on_timeout = self.dice.pick(&["expire", "approve", "escalate"]);
        let mut approval = json!({
            "required": required,
            "timeout_hours": self.dice.between(1, 30) as f64 / 10.0,
            "on_timeout": on_timeout,
            "max_revisions": self.dice.below(3),
        });
        if on_timeout == Some(&"escalate") {
            approval["escalate_to"] = json!(["zoe"]);
        }
        if self.dice.chance(0.5) {
            approval["approvers"] = json!(["ann", "bob", "cid"]);
        }
        let flow = self.dice.pick(&names()).copied();
        let mut body = json!({
            "topic": format!("topic {number}"), "flow": flow, "approval": approval,
        });
        if flow == Some("triage") && self.dice.chance(0.5) {
            let quick = json!({"timeout_hours": 0.5, "max_revisions": 1});
            body["approvals"] = json!({"severity": quick});
        }
        if self.dice.chance(0.25) {
            body["budget"] = match self.dice.below(3) {
                0 => json!({"max_tokens": self.dice.between(100, 12_000)}),
                1 => json!({"max_cost_usd": self.dice.between(1, 5) as f64 / 1000.0}),
                _ => json!({"max_duration_minutes": self.dice.between(1, 120)}),
            };
        }
        body
    }

    async fn canceller(self: Arc<Self>, id: WorkflowId) {
        let wait = self.dice.skewed(Duration::from_secs(15 * MINUTES));
        self.clock.sleep(wait).await;
        self.trace.count("cancels");
        if self.dice.chance(0.3) {
            let detail = json!({"idempotency_key": "c", "workflow_id": id.to_string()});
            self.emit(Owner::Intake, "CancelRequested", &detail);
        } else {
            let cancel = request("POST /workflows/{id}/cancel", Some(&id), &json!({}));
            self.insist(&cancel).await;
        }
    }

    /// Somebody who has read that `revision` waits for a decision.
    pub async fn approver(
        self: Arc<Self>,
        name: &'static str,
        id: WorkflowId,
        revision: u32,
        deadline_at: Timestamp,
    ) {
        if self.manners == Manners::Brisk {
            self.clock.sleep(Duration::from_secs(20)).await;
            let body = json!({"decision": "approve", "approver": name, "revision": revision});
            let vote = (id.clone(), revision, name.to_owned(), DecisionKind::Approve);
            self.observed(|observed| observed.votes.insert(vote));
            self.insist(&request("POST /approve/{id}", Some(&id), &body))
                .await;
            return;
        }
        let wait = self.dice.skewed(Duration::from_secs(12 * MINUTES));
        self.clock.sleep(wait).await;
        if self.dice.chance(0.15) {
            self.trace.count("decisions never made");
            return;
        }
        if self.dice.chance(0.1) {
            // The sweep notices up to a minute later that the time has ended.
            let wait = self.dice.time(Duration::ZERO, Duration::from_secs(MINUTES));
            self.clock.sleep_until(deadline_at.plus(wait)).await;
            self.trace.count("decisions behind the deadline");
        }
        let decision = self.drawn_decision();
        // Some look at an old page, some answer for a revision that is still to come.
        let revision = match self.dice.below(20) {
            0 => revision + 1,
            1 => revision.saturating_sub(1),
            _ => revision,
        };
        self.decide(name, &id, decision, revision).await;
        if self.dice.chance(0.1) {
            self.trace.count("contradictory decisions");
            let other = self.drawn_decision();
            self.decide(name, &id, other, revision).await;
        }
        if self.dice.chance(0.15) {
            let wait = self.dice.skewed(Duration::from_secs(10 * MINUTES));
            self.clock.sleep(wait).await;
            self.trace.count("decisions repeated later");
            self.decide(name, &id, decision, revision).await;
        }
    }

    fn drawn_decision(&self) -> DecisionKind {
        match self.dice.below(10) {
            0 => DecisionKind::Reject,
            1 | 2 => DecisionKind::RequestChanges,
            _ => DecisionKind::Approve,
        }
    }

    async fn decide(
        self: &Arc<Self>,
        name: &str,
        id: &WorkflowId,
        decision: DecisionKind,
        revision: u32,
    ) {
        self.trace.count("decisions");
        if name == BY_LINK && self.decide_by_link(name, id, decision).await {
            return;
        }
        let mut body = json!({
            "decision": decision.as_str(), "approver": name, "revision": revision,
            "comment": "more on lattices",
        });
        let unnamed = self.dice.chance(0.05);
        if unnamed {
            self.trace.count("decisions without a revision");
            body["revision"] = Value::Null;
        }
        // Without one it is about the first.
        let about = if unnamed { 0 } else { revision };
        self.observed(|observed| {
            let vote = (id.clone(), about, name.to_owned(), decision);
            observed.votes.insert(vote)
        });
        if decision == DecisionKind::RequestChanges && self.dice.chance(0.4) {
            self.trace.count("searches asked for again");
            body["changes"] = json!({"terms": ["lattices"], "search_again": true});
        }
        if self.dice.chance(0.25) {
            body["idempotency_key"] = "d".into();
            body["workflow_id"] = id.to_string().into();
            self.emit(Owner::Approval, "ApprovalDecided", &body);
        } else {
            self.insist(&request("POST /approve/{id}", Some(id), &body))
                .await;
        }
    }

    /// Asks for a link and fills in its page. `false`: there is none to be had.
    async fn decide_by_link(&self, name: &str, id: &WorkflowId, decision: DecisionKind) -> bool {
        let wanted = request(
            "POST /workflows/{id}/approval-links",
            Some(id),
            &json!({"approver": name}),
        );
        let answer = self.insist(&wanted).await;
        let made = answer.and_then(|made| serde_json::from_str::<ApprovalLink>(&made.body).ok());
        let Some(token) = made.as_ref().and_then(|link| link.url.rsplit('/').next()) else {
            return false;
        };
        self.trace.count("decisions by link");
        let about = made.as_ref().map_or(0, |link| link.revision);
        self.observed(|observed| {
            let vote = (id.clone(), about, name.to_owned(), decision);
            observed.votes.insert(vote)
        });
        let mut form = request("POST /approval-links/{token}", None, &Value::Null);
        form.path.insert("token".to_owned(), token.to_owned());
        let urlencoded = "application/x-www-form-urlencoded".to_owned();
        form.headers.insert("content-type".to_owned(), urlencoded);
        let form_body = format!("decision={}&comment=as+the+link+asks", decision.as_str());
        form.body = Ok(form_body.into_bytes());
        self.insist(&form).await;
        true
    }

    /// Somebody who takes a failed workflow up again.
    pub async fn redriver(self: Arc<Self>, id: WorkflowId, version: u64) {
        let wait = self.dice.skewed(Duration::from_secs(30 * MINUTES));
        self.clock.sleep(wait).await;
        self.trace.count("redrives");
        let body = json!({"version": version});
        let redrive = request("POST /workflows/{id}/redrive", Some(&id), &body);
        self.insist(&redrive).await;
    }
}
