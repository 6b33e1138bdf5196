//! Messages that nobody should have sent: forged, foreign, early and broken.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::ids::WorkflowId;
use serde_json::json;

use crate::harness::Harness;
use crate::http::request;
use crate::queues::Owner;

impl Harness {
    pub async fn forger(self: Arc<Self>, targets: Vec<WorkflowId>) {
        for _ in 0..targets.len() {
            let wait = self.dice.skewed(Duration::from_secs(600));
            self.clock.sleep(wait).await;
            let Some(target) = self.dice.pick(&targets) else {
                return;
            };
            match self.dice.below(5) {
                0 => self.report_without_right(target).await,
                1 => self.report_for_another(target).await,
                2 => self.decide_early(target).await,
                3 => self.put(Owner::Intake, "{not json".to_owned(), Duration::ZERO),
                _ => {
                    let detail = json!({"topic": "no key, no workflow"});
                    self.emit(Owner::Intake, "WorkflowRequested", &detail);
                }
            }
        }
    }

    /// For an attempt that is under way, with a token that nobody gave.
    async fn report_without_right(&self, target: &WorkflowId) {
        let last = self.observed(|observed| {
            let mut attempts = observed.sessions.keys();
            attempts.rfind(|(id, _)| id == target).cloned()
        });
        let row = self.ports.table.row_of(target);
        let flow = row.and_then(|row| row.workflow().ok());
        let (Some((_, of)), Some(workflow)) = (last, flow) else {
            return;
        };
        let (flow, step, attempt) = (workflow.flow.flow, of.step, of.attempt);
        self.trace.count("forged reports");
        let body = json!({"kind": "failed", "step": step, "attempt": attempt,
            "error": {"code": "forged", "message": "forged", "retryable": false}});
        let mut forged = request("POST /callbacks/{id}", Some(target), &body);
        let signature = "A".repeat(43);
        let token = format!("Bearer v1.00000000.9999999999.{flow}.{step}.{attempt}.{signature}");
        forged.headers.insert("authorization".to_owned(), token);
        if self.ask(&forged).await.is_some_and(|a| a.status < 300) {
            self.observed(|observed| observed.forgeries_taken.push(target.clone()));
        }
    }

    /// With a real token, of another attempt.
    async fn report_for_another(&self, target: &WorkflowId) {
        let Some(token) = self.observed(|observed| observed.last_token.clone()) else {
            return;
        };
        self.trace.count("forged reports");
        let body = json!({"kind": "failed", "step": "write", "attempt": 99,
            "error": {"code": "forged", "message": "forged", "retryable": false}});
        let mut forged = request("POST /callbacks/{id}", Some(target), &body);
        forged
            .headers
            .insert("authorization".to_owned(), format!("Bearer {token}"));
        if self.ask(&forged).await.is_some_and(|a| a.status < 300) {
            self.observed(|observed| observed.forgeries_taken.push(target.clone()));
        }
    }

    async fn decide_early(&self, target: &WorkflowId) {
        self.trace.count("early decisions");
        let body = json!({"decision": "approve", "approver": "mallory", "revision": 7});
        let vote = (
            target.clone(),
            7,
            "mallory".to_owned(),
            DecisionKind::Approve,
        );
        self.observed(|observed| observed.votes.insert(vote));
        self.ask(&request("POST /approve/{id}", Some(target), &body))
            .await;
    }
}
