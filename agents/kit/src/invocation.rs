//! What makes an invocation acceptable. Refusals are problem details with a stable code; all are final
//! except those of storage.

use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::agent::AgentTask;
use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::text::counted;
use http::HeaderMap;
use url::Url;

use crate::reporter::now;

pub const SESSION_HEADER: &str = "x-amzn-bedrock-agentcore-runtime-session-id";
/// <https://docs.aws.amazon.com/bedrock-agentcore/latest/APIReference/API_InvokeAgentRuntime.html>
const SESSION_LENGTH: std::ops::RangeInclusive<usize> = 33..=256;

/// An invocation that may be worked on.
#[derive(Debug)]
pub struct Invocation {
    pub session: String,
    pub task: AgentTask,
    pub callback: Url,
}

impl Invocation {
    /// # Errors
    /// A problem of status 400 that says what is wrong.
    pub fn new(session: String, task: AgentTask) -> Result<Self, Box<Problem>> {
        let callback = check(&task)?;
        Ok(Self {
            session,
            task,
            callback,
        })
    }
}

/// # Errors
/// A problem of status 400 that says what is wrong.
pub fn accept(headers: &HeaderMap, body: &[u8]) -> Result<Invocation, Box<Problem>> {
    let session = session(headers)?;
    let mut json = serde_json::Deserializer::from_slice(body);
    let task: AgentTask = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| Box::new(Problem::new(Code::InvalidTask, error.to_string())))?;
    Invocation::new(session, task)
}

fn session(headers: &HeaderMap) -> Result<String, Box<Problem>> {
    let value = headers.get(SESSION_HEADER).and_then(|v| v.to_str().ok());
    let problem = |detail: String| Box::new(Problem::new(Code::InvalidSession, detail));
    let Some(session) = value else {
        return Err(problem(format!("the header `{SESSION_HEADER}` is missing")));
    };
    if !SESSION_LENGTH.contains(&session.len()) {
        let length = counted(session.len(), "character");
        return Err(problem(format!(
            "`{SESSION_HEADER}` has {length}, it must have 33 to 256"
        )));
    }
    Ok(session.to_owned())
}

fn check(task: &AgentTask) -> Result<Url, Box<Problem>> {
    let problem = |detail: String| Err(Box::new(Problem::new(Code::InvalidTask, detail)));
    if task.schema_version > SCHEMA_VERSION {
        let version = task.schema_version;
        return problem(format!(
            "schema version {version} is newer than this agent, which knows {SCHEMA_VERSION}"
        ));
    }
    let own = attempt_prefix(&task.flow, &task.workflow_id, &task.of());
    if task.output_prefix != own {
        return problem(format!("`output_prefix` must be `{own}`"));
    }
    if task.deadline_at <= now() {
        return problem(format!("the deadline {} has passed", task.deadline_at));
    }
    match Url::parse(&task.callback.url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => problem("`callback.url` must be an http or https URL".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SESSION, task};
    use aegis_contracts::time::Timestamp;

    fn headers(session: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(SESSION_HEADER, session.parse().unwrap());
        headers
    }

    fn refused(session: &str, change: impl FnOnce(&mut AgentTask)) -> (String, String) {
        let mut task = task("analyze", "topic", "http://127.0.0.1:9/callbacks/x");
        change(&mut task);
        let body = serde_json::to_vec(&task).unwrap();
        let problem = accept(&headers(session), &body).unwrap_err();
        assert_eq!(problem.status, 400);
        (problem.code, problem.detail)
    }

    #[test]
    fn sessions_are_33_to_256_characters_long() {
        for bad in ["a".repeat(32), "a".repeat(257)] {
            assert_eq!(refused(&bad, |_| {}).0, "invalid_session");
        }
        let none = accept(&HeaderMap::new(), b"{}").unwrap_err();
        assert_eq!(none.code, "invalid_session");
    }

    #[test]
    fn tasks_that_are_not_ours_are_refused() {
        type Change = fn(&mut AgentTask);
        let cases: [(Change, &str); 4] = [
            (|t| t.schema_version = 99, "newer"),
            (
                |t| t.output_prefix = "workflows/".to_owned(),
                "output_prefix",
            ),
            (|t| t.deadline_at = Timestamp::UNIX_EPOCH, "passed"),
            (|t| t.callback.url = "file:///etc/passwd".to_owned(), "http"),
        ];
        for (change, expected) in cases {
            let (code, detail) = refused(SESSION, change);
            assert_eq!(code, "invalid_task");
            assert!(detail.contains(expected), "{detail}");
        }
    }

    #[test]
    fn broken_json_names_the_place() {
        let problem = accept(&headers(SESSION), b"{\"attempt\": \"x\"}");
        assert!(problem.unwrap_err().detail.contains("attempt"));
    }
}
