//! Requests and answers of the HTTP API, without the gateway that carries them.

use std::collections::{BTreeMap, BTreeSet};

use aegis_contracts::problem::{Code, Problem, is_passing};
use aegis_contracts::text::visible_line;
use async_trait::async_trait;
use serde::Serialize;

pub use crate::authorization::{Authorization, Caller, JwtRules, RouteGroup};
use crate::error::PortError;
use crate::headers;

/// The route of what no other route takes.
pub const NO_ROUTE: &str = "$default";

/// A handler's answer; a problem is one too.
pub type Answer = Result<ApiResponse, Box<Problem>>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRequest {
    /// Method and pattern, such as `POST /workflows/{id}/cancel`, or [`NO_ROUTE`].
    pub route: String,
    /// What the pattern's names stand for. Of [`NO_ROUTE`]: `path`, the whole path.
    pub path: BTreeMap<String, String>,
    /// In the order of the URL.
    pub query: Vec<(String, String)>,
    /// Names in lower case. Values as the gateway gave them, whatever is in them.
    pub headers: BTreeMap<String, String>,
    pub body: Result<Vec<u8>, NotBase64>,
    pub caller: Caller,
}

/// The gateway said that the body is base64, and it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotBase64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiResponse {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

#[async_trait]
pub trait ApiHandler: Send + Sync {
    async fn respond(&self, request: &ApiRequest) -> ApiResponse;
}

impl ApiRequest {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// What the body is said to be, in lower case and without parameters.
    pub fn media_type(&self) -> Option<String> {
        let essence = self.header("content-type")?.split(';').next()?;
        Some(essence.trim().to_ascii_lowercase())
    }

    /// # Errors
    /// 400, if the body is not what the gateway says that it is.
    pub fn body(&self) -> Result<&[u8], Box<Problem>> {
        self.body.as_deref().map_err(|NotBase64| {
            let detail = "the body is said to be base64, and is not";
            Box::new(Problem::new(Code::InvalidBody, detail))
        })
    }

    /// Whether headers and query are as they can be, on a route that takes the query parameters `known`. To be asked
    /// once the caller is known, and before the rest of the request is looked at.
    ///
    /// # Errors
    /// 400, with the header or the parameter.
    pub fn check_form(&self, known: &[&str]) -> Result<(), Box<Problem>> {
        headers::check_values(&self.headers)?;
        let invalid = |detail: String| Err(Box::new(Problem::new(Code::InvalidQuery, detail)));
        let mut seen = BTreeSet::new();
        for (name, _) in &self.query {
            if self.signs(name) {
                continue;
            }
            let shown = visible_line(name);
            if !known.contains(&name.as_str()) {
                let takes = match known {
                    [] => "takes none".to_owned(),
                    known => format!("takes {}", known.join(", ")),
                };
                return invalid(format!(
                    "there is no query parameter `{shown}`: this route {takes}"
                ));
            }
            if !seen.insert(name) {
                return invalid(format!("the query parameter `{shown}` is there twice"));
            }
        }
        Ok(())
    }

    /// A signature of AWS may stand in the query, and is the gateway's to look at.
    fn signs(&self, parameter: &str) -> bool {
        matches!(self.caller, Caller::Iam(_)) && parameter.starts_with("X-Amz-")
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        let mut found = self.query.iter().filter(|(given, _)| given == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// The workflow that the path names.
    ///
    /// # Errors
    /// 404: what is not an id names nothing.
    pub fn workflow_id(&self) -> Result<aegis_contracts::ids::WorkflowId, Box<Problem>> {
        let text = self.path.get("id").map_or("", String::as_str);
        text.parse().map_err(|_| Box::new(not_found(text)))
    }
}

/// 404 for a workflow.
pub fn not_found(id: &str) -> Problem {
    Problem::new(
        Code::WorkflowNotFound,
        format!("there is no workflow `{}`", visible_line(id)),
    )
}

/// The gateway handed on a route that the handler does not serve.
pub fn no_such_route(route: &str) -> Problem {
    let detail = format!("there is no route `{route}`");
    Problem::new(Code::RouteNotFound, detail)
}

impl ApiResponse {
    pub fn json<T: Serialize>(status: u16, body: &T) -> Self {
        match serde_json::to_string(body) {
            Ok(body) => Self {
                status,
                headers: vec![("content-type", "application/json".to_owned())],
                body,
            },
            Err(error) => {
                tracing::error!(%error, "answer cannot be written as JSON");
                Problem::new(Code::Internal, "the answer could not be written").into()
            }
        }
    }

    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Where trying again may help.
    #[must_use]
    pub fn with_retry_after(self) -> Self {
        if is_passing(self.status) {
            self.with_header("retry-after", "1".to_owned())
        } else {
            self
        }
    }
}

impl From<Problem> for ApiResponse {
    fn from(problem: Problem) -> Self {
        let body = serde_json::to_string(&problem).unwrap_or_default();
        let response = Self {
            status: problem.status,
            headers: vec![("content-type", "application/problem+json".to_owned())],
            body,
        };
        response.with_retry_after()
    }
}

impl From<Box<Problem>> for ApiResponse {
    fn from(problem: Box<Problem>) -> Self {
        (*problem).into()
    }
}

/// Logs a port's error, which is handled here by telling the client.
pub fn problem_of(error: &PortError) -> Problem {
    match error {
        PortError::Throttled(_) => {
            tracing::warn!(%error, "request throttled");
            Problem::new(
                Code::Throttled,
                "too many requests at the moment; try again",
            )
        }
        PortError::Transient(_) => {
            tracing::warn!(%error, "request failed");
            Problem::new(
                Code::Unavailable,
                "a service that is needed did not answer; try again",
            )
        }
        PortError::Permanent(_) => {
            tracing::error!(%error, "request failed");
            Problem::new(
                Code::Internal,
                "the request cannot be served; the log of this service says why",
            )
        }
    }
}
