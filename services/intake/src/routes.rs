//! The routes of the API that intake serves.

use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::request::{self, StartRequest};
use aegis_contracts::view::{Links, WorkflowAccepted};
use aegis_engine::api::{
    Answer, ApiHandler, ApiRequest, ApiResponse, Authorization, NO_ROUTE, no_such_route, problem_of,
};
use aegis_engine::apply::Opened;
use aegis_engine::body;
use aegis_workflow::Workflow;
use async_trait::async_trait;

use crate::description::{describe, no_route};
use crate::reads::LIST_QUERY;
use crate::{ByGroup, Intake};

#[async_trait]
impl ApiHandler for Intake {
    async fn respond(&self, request: &ApiRequest) -> ApiResponse {
        match request.route.as_str() {
            "GET /openapi.json" => match request.check_form(&[]) {
                Ok(()) => describe(&self.authorization),
                Err(problem) => problem.into(),
            },
            NO_ROUTE => no_route(request),
            _ => self.route(request).await.unwrap_or_else(ApiResponse::from),
        }
    }
}

impl Intake {
    async fn route(&self, request: &ApiRequest) -> Answer {
        let ByGroup {
            start,
            read,
            operate,
            // Of another service, which asks for it.
            approve: _,
        } = &self.authorization;
        let now = self.engine.clock.now();
        // Before anything else of the request is looked at.
        let by = |demanded: &Authorization, query: &[&str]| {
            let caller = demanded.principal(&request.caller, now)?;
            request.check_form(query)?;
            Ok::<_, Box<Problem>>(caller)
        };
        match request.route.as_str() {
            "GET /flows" => {
                by(read, &[])?;
                Ok(self.flows())
            }
            "POST /workflows" => self.start(request, &by(start, &[])?).await,
            "POST /sources" => self.sources(request, &by(start, &[])?).await,
            "GET /workflows" => {
                by(read, &LIST_QUERY)?;
                self.list(request).await
            }
            "GET /workflows/{id}" => {
                by(read, &[])?;
                self.get(request).await
            }
            "GET /workflows/{id}/history" => {
                by(read, &[])?;
                self.history(request).await
            }
            "GET /workflows/{id}/artifacts/{name}" => {
                by(read, &[])?;
                self.artifact(request).await
            }
            "POST /workflows/{id}/cancel" => self.cancel(request, &by(operate, &[])?).await,
            "POST /workflows/{id}/redrive" => self.redrive(request, &by(operate, &[])?).await,
            other => Err(Box::new(no_such_route(other))),
        }
    }

    async fn start(&self, request: &ApiRequest, principal: &str) -> Answer {
        let key = idempotency_key(request)?;
        let wanted: StartRequest = body::read(request)?;
        let opened = self.open(principal, &key, &wanted).await;
        match opened.map_err(|error| problem_of(&error))?? {
            Opened::New(workflow) => {
                tracing::info!(workflow_id = %workflow.id, "workflow started");
                Ok(self.accepted(&workflow))
            }
            Opened::Again(workflow) => Ok(self.accepted(&workflow)),
            Opened::Conflict => {
                let detail = "this Idempotency-Key was used for another request";
                Err(Box::new(Problem::new(Code::IdempotencyConflict, detail)))
            }
        }
    }
}

/// The client's key; without one every request is a new one.
fn idempotency_key(request: &ApiRequest) -> Result<String, Box<Problem>> {
    let Some(key) = request.header("idempotency-key") else {
        return Ok(uuid::Uuid::new_v4().to_string());
    };
    request::usable_key(key, &()).map_err(|error| {
        let detail = format!("the Idempotency-Key {error}");
        Box::new(Problem::new(Code::InvalidIdempotencyKey, detail))
    })?;
    Ok(key.to_owned())
}

impl Intake {
    /// 202 with the place to look.
    pub(crate) fn accepted(&self, workflow: &Workflow) -> ApiResponse {
        let links = Links::of(&self.api_url, &workflow.id);
        let location = links.this.clone();
        let body = WorkflowAccepted {
            workflow_id: workflow.id.clone(),
            status: workflow.status(),
            links,
        };
        ApiResponse::json(202, &body).with_header("location", location)
    }
}
