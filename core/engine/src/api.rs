//! Requests and answers of the HTTP API, without the gateway that carries them.

use std::collections::{BTreeMap, BTreeSet};

use aegis_contracts::problem::{Code, Problem, is_passing};
use aegis_contracts::text::{visible_json, visible_line};
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

    /// The charset that the body is said to be in, where that is none that UTF-8 can be read as. No body is read in
    /// another.
    pub fn foreign_charset(&self) -> Option<&str> {
        let parameters = self.header("content-type")?.split(';').skip(1);
        let mut charsets = parameters.filter_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let charset = name.trim().eq_ignore_ascii_case("charset");
            charset.then(|| value.trim().trim_matches('"'))
        });
        let known = |name: &&str| {
            let names = ["utf-8", "utf8", "us-ascii"];
            names.iter().any(|known| name.eq_ignore_ascii_case(known))
        };
        charsets.find(|name| !known(name))
    }

    /// # Errors
    /// 400, if the body is not what the gateway says that it is.
    pub fn body(&self) -> Result<&[u8], Box<Problem>> {
        self.body.as_deref().map_err(|NotBase64| {
            let detail = "the body is said to be base64, and is not";
            Box::new(Problem::new(Code::InvalidBody, detail))
        })
    }

    /// Whether headers are as they can be. To be asked once the caller is known, and before the rest of the request is
    /// looked at.
    ///
    /// # Errors
    /// 400, with the header.
    pub fn check_headers(&self) -> Result<(), Box<Problem>> {
        headers::check_values(&self.headers)
    }

    /// The same, and of a query whether it has none but the parameters `known`, each of them once.
    ///
    /// # Errors
    /// 400, with the header or the parameter.
    pub fn check_form(&self, known: &[&str]) -> Result<(), Box<Problem>> {
        self.check_headers()?;
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
            Ok(body) => Self::of_json(status, "application/json", &body),
            Err(error) => {
                tracing::error!(%error, "answer cannot be written as JSON");
                Problem::new(Code::Internal, "the answer could not be written").into()
            }
        }
    }

    /// Documents and agents may have put in characters that hide or turn text on a screen: a terminal shows what `curl`
    /// prints.
    fn of_json(status: u16, media_type: &str, json: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type", media_type.to_owned())],
            body: visible_json(json).into_owned(),
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
        let response = Self::of_json(problem.status, "application/problem+json", &body);
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
