//! The API, reached over a network that loses things.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::ids::WorkflowId;
use aegis_engine::api::{ApiHandler, ApiRequest, ApiResponse, Caller};
use aegis_testkit::memory::Lineage;
use serde_json::Value;

use crate::harness::{Harness, Services};
use crate::queues::Owner;

const USUAL_LATENCY: Duration = Duration::from_millis(15);
/// How often a client of ours tries before it gives up.
const TRIES: u32 = 12;

/// `route` such as `POST /approve/{id}`.
pub fn request(route: &str, id: Option<&WorkflowId>, body: &Value) -> ApiRequest {
    let path = id.map(|id| ("id".to_owned(), id.to_string()));
    let headers = [("content-type".to_owned(), "application/json".to_owned())];
    ApiRequest {
        route: route.to_owned(),
        path: path.into_iter().collect(),
        query: Vec::new(),
        headers: headers.into_iter().collect(),
        body: Ok(body.to_string().into_bytes()),
        caller: Caller::Anonymous,
    }
}

impl Harness {
    /// One try. `None`: the client has no answer and cannot know whether there was an effect.
    pub async fn ask(&self, request: &ApiRequest) -> Option<ApiResponse> {
        self.trace.count("requests to the API");
        self.clock.sleep(self.dice.skewed(USUAL_LATENCY)).await;
        let lost = self.faults.rates.request_lost;
        if self.faults.strikes("requests lost", lost / 2.0) {
            return None;
        }
        let owner = door(&request.route);
        let lineage = Lineage::default().through(owner.function());
        let answered = self.on_a_machine(lineage, |services| {
            let handler = services.api(owner);
            async move { Some(handler?.respond(request).await) }
        });
        let answered = answered.await.ok()??;
        self.clock.sleep(self.dice.skewed(USUAL_LATENCY)).await;
        self.tell(|| format!("{} answers {}", request.route, answered.status));
        (!self.faults.strikes("answers of the API lost", lost / 2.0)).then_some(answered)
    }

    /// Asks until there is an answer that is not "try again".
    pub async fn insist(&self, request: &ApiRequest) -> Option<ApiResponse> {
        let mut wait = Duration::from_millis(500);
        for _ in 0..TRIES {
            match self.ask(request).await {
                Some(answer) if answer.status < 500 && answer.status != 429 => return Some(answer),
                Some(_) | None => {}
            }
            self.clock.sleep(self.dice.time(Duration::ZERO, wait)).await;
            wait = (wait * 2).min(Duration::from_secs(60));
        }
        None
    }
}

/// The service that has the route.
fn door(route: &str) -> Owner {
    if route.starts_with("POST /approve")
        || route.contains("/approval-links")
        || route.ends_with("/review")
    {
        Owner::Approval
    } else if route.starts_with("POST /callbacks") {
        Owner::Callback
    } else {
        Owner::Intake
    }
}

impl Services {
    fn api(&self, owner: Owner) -> Option<Arc<dyn ApiHandler>> {
        match owner {
            Owner::Intake => Some(self.intake.clone()),
            Owner::Approval => Some(self.approval.clone()),
            Owner::Callback => Some(self.callback.clone()),
            Owner::Dispatcher(_) => None,
        }
    }
}
