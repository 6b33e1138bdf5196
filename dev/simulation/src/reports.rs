//! What agents say of their attempt: over HTTP or over the bus, sometimes late, sometimes twice.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::agent::AgentTask;
use aegis_contracts::artifact::CompletionRecord;
use aegis_contracts::callback::{AgentError, AgentReport};
use aegis_engine::api::ApiRequest;

use crate::harness::{Harness, Manners};
use crate::http::request;
use crate::queues::Owner;

impl Harness {
    pub async fn report_success(self: &Arc<Self>, task: &AgentTask, record: CompletionRecord) {
        let report = AgentReport::Succeeded {
            step: record.of.step,
            branch: record.of.branch,
            attempt: record.of.attempt,
            summary: record.summary,
            artifacts: record.artifacts,
            items: record.items,
            usage: record.usage,
        };
        self.report(task, &report).await;
    }

    pub async fn report_failure(self: &Arc<Self>, task: &AgentTask, error: AgentError) {
        let report = AgentReport::Failed {
            step: task.step.clone(),
            branch: task.branch,
            attempt: task.attempt,
            error,
            usage: None,
        };
        self.report(task, &report).await;
    }

    /// Over HTTP or over the bus, sometimes late, sometimes twice.
    async fn report(self: &Arc<Self>, task: &AgentTask, report: &AgentReport) {
        if self.faults.strikes("results reported late", 0.05) {
            self.clock
                .sleep(self.dice.skewed(Duration::from_secs(900)))
                .await;
        }
        let times = 1 + u32::from(self.faults.strikes("results reported twice", 0.1));
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
}

pub fn callback(task: &AgentTask, report: &AgentReport) -> ApiRequest {
    let body = serde_json::to_value(report).unwrap_or_default();
    let mut request = request("POST /callbacks/{id}", Some(&task.workflow_id), &body);
    let bearer = format!("Bearer {}", task.callback.token);
    request.headers.insert("authorization".to_owned(), bearer);
    request
}
