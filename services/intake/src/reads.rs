//! Reading workflows: list, one, history, artifacts.

use aegis_contracts::flow::{Flow, Name};
use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::text::visible_line;
use aegis_contracts::view::{FlowList, History, HistoryEvent, Status, WorkflowPage};
use aegis_engine::api::{Answer, ApiRequest, ApiResponse, not_found, problem_of};
use aegis_engine::ports::{ListPosition, ListQuery};
use aegis_engine::stored::HistoryEntry;
use aegis_workflow::{artifact_refs, main_artifact};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::Intake;

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;
/// The parameters of `GET /workflows`.
pub(crate) const LIST_QUERY: [&str; 5] = ["status", "flow", "at", "limit", "cursor"];

impl Intake {
    pub(crate) fn flows(&self) -> ApiResponse {
        let flows = self.engine.flows.all().map(|flow| Flow::clone(flow));
        let flows = flows.collect();
        ApiResponse::json(200, &FlowList { flows })
    }

    pub(crate) async fn list(&self, request: &ApiRequest) -> Answer {
        let query = list_query(request)?;
        let page = self
            .engine
            .table
            .list(&query)
            .await
            .map_err(|error| problem_of(&error))?;
        let next_cursor = page.next.map(|next| {
            BASE64_URL_SAFE_NO_PAD.encode(format!("{}#{}", next.created_at, next.workflow_id))
        });
        Ok(ApiResponse::json(
            200,
            &WorkflowPage {
                workflows: page.workflows,
                next_cursor,
            },
        ))
    }

    pub(crate) async fn get(&self, request: &ApiRequest) -> Answer {
        let id = request.workflow_id()?;
        let found = self
            .engine
            .load_with_request(&id)
            .await
            .map_err(|error| problem_of(&error))?;
        let (workflow, stored) = found.ok_or_else(|| not_found(id.as_str()))?;
        let view = self
            .view(&workflow, stored)
            .await
            .map_err(|error| problem_of(&error))?;
        Ok(ApiResponse::json(200, &view))
    }

    pub(crate) async fn history(&self, request: &ApiRequest) -> Answer {
        let id = request.workflow_id()?;
        let entries = self
            .engine
            .table
            .history(&id)
            .await
            .map_err(|error| problem_of(&error))?;
        if entries.is_empty() {
            return Err(Box::new(not_found(id.as_str())));
        }
        let events = entries.into_iter().flat_map(events_of).collect();
        Ok(ApiResponse::json(200, &History { events }))
    }

    pub(crate) async fn artifact(&self, request: &ApiRequest) -> Answer {
        let id = request.workflow_id()?;
        let name = request.path.get("name").map_or("", String::as_str);
        let found = self
            .engine
            .load(&id)
            .await
            .map_err(|error| problem_of(&error))?;
        let workflow = found.ok_or_else(|| not_found(id.as_str()))?;
        // Two steps may write files of one name: the latest that must write it, else the latest that did.
        let steps: Vec<_> = workflow.flow.agent_steps().collect();
        let mut must = steps.iter().rev().filter(|step| step.writes == name);
        let artifact = must.find_map(|step| main_artifact(&workflow, &step.step));
        let artifact = artifact.or_else(|| {
            let mut all = artifact_refs(&workflow).into_iter().rev();
            all.find(|artifact| artifact.name == name)
        });
        let Some(artifact) = artifact else {
            let detail = format!(
                "workflow `{id}` has no artifact `{}` yet",
                visible_line(name)
            );
            return Err(Box::new(Problem::new(Code::ArtifactNotFound, detail)));
        };
        let link = self
            .artifacts
            .presign(&artifact.key, self.result_url_valid)
            .await;
        let link = link.map_err(|error| problem_of(&error))?;
        Ok(ApiResponse {
            status: 302,
            headers: vec![("location", link.url)],
            body: String::new(),
        })
    }
}

fn events_of(entry: HistoryEntry) -> Vec<HistoryEvent> {
    let event = |envelope: aegis_contracts::envelope::EventEnvelope| {
        let kind = envelope.body.detail_type().to_owned();
        let mut body = serde_json::to_value(&envelope.body).unwrap_or_default();
        let data = body
            .get_mut("data")
            .map(serde_json::Value::take)
            .unwrap_or_default();
        HistoryEvent {
            version: envelope.version,
            kind,
            occurred_at: envelope.occurred_at,
            data,
        }
    };
    entry.events.into_iter().map(event).collect()
}

fn list_query(request: &ApiRequest) -> Result<ListQuery, Box<Problem>> {
    let invalid = |detail: String| Box::new(Problem::new(Code::InvalidQuery, detail));
    let parameter = |name: &str| request.query(name);
    let status = match parameter("status") {
        None => None,
        Some(text) => Some(Status::parse(text).ok_or_else(|| {
            let known = Status::ALL.map(Status::as_str).join(", ");
            invalid(format!(
                "status `{}` is none of {known}",
                visible_line(text)
            ))
        })?),
    };
    let limit = match parameter("limit") {
        None => DEFAULT_LIMIT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(|| {
                invalid(format!(
                    "limit `{}` is not a number from 1 to {MAX_LIMIT}",
                    visible_line(text)
                ))
            })?,
    };
    let before = match parameter("cursor") {
        None => None,
        Some(text) => {
            Some(read_cursor(text).ok_or_else(|| invalid("cursor is not one of ours".to_owned()))?)
        }
    };
    let name = |of: &str| match parameter(of) {
        None => Ok(None),
        Some(text) => {
            let name: Result<Name, _> = text.parse();
            let shown = visible_line(text);
            name.map(Some)
                .map_err(|error| invalid(format!("{of} `{shown}` {error}")))
        }
    };
    Ok(ListQuery {
        status,
        flow: name("flow")?,
        at: name("at")?,
        limit,
        before,
    })
}

fn read_cursor(cursor: &str) -> Option<ListPosition> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (created_at, id) = text.split_once('#')?;
    Some(ListPosition {
        created_at: created_at.parse().ok()?,
        workflow_id: id.parse().ok()?,
    })
}
