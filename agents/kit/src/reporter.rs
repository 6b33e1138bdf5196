//! Sends callbacks, and knows which answers mean "again", "stop" and "never".

use std::time::Duration;

use aegis_contracts::agent::AgentTask;
use aegis_contracts::callback::AgentReport;
use aegis_contracts::time::Timestamp;
use rand::Rng;
use reqwest::StatusCode;
use reqwest::redirect::Policy;
use url::Url;

use crate::telemetry;

/// Longest wait for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// What one callback came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Taken, or taken before.
    Taken,
    /// 409: another attempt counts now, or none. Stop working.
    Superseded,
    /// 401: the token is bad or has expired. Stop working: nothing that comes of it would be taken.
    Unauthorised,
    /// The report itself is not acceptable; it never will be.
    Refused(String),
    /// No answer or a passing fault.
    Unavailable(String),
}

impl Answer {
    fn of(status: StatusCode, body: String) -> Self {
        match status.as_u16() {
            200..=299 => Self::Taken,
            409 => Self::Superseded,
            401 => Self::Unauthorised,
            400 | 413 | 415 | 422 => Self::Refused(format!("{status}: {}", head(&body))),
            // All others, 403 and 404 too: a gateway in the middle of a deployment says such things.
            _ => Self::Unavailable(format!("{status}: {}", head(&body))),
        }
    }
}

fn head(body: &str) -> String {
    crate::text::shorten(body.trim(), 300)
}

/// Reports for one attempt.
#[derive(Clone)]
pub struct Reporter {
    http: reqwest::Client,
    url: Url,
    token: String,
    deadline_at: Timestamp,
}

/// One client for all attempts of a process. It follows no redirects: they would carry the token elsewhere.
///
/// # Errors
/// Where TLS cannot be set up.
pub fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    builder().build()
}

/// The same for a platform on this machine, between which and itself no proxy stands.
///
/// # Errors
/// Where TLS cannot be set up.
pub fn local_client() -> Result<reqwest::Client, reqwest::Error> {
    builder().no_proxy().build()
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .timeout(ANSWER_TIMEOUT)
}

impl Reporter {
    pub fn new(http: reqwest::Client, url: Url, task: &AgentTask) -> Self {
        Self {
            http,
            url,
            token: task.callback.token.clone(),
            deadline_at: task.deadline_at,
        }
    }

    /// One try.
    pub async fn send(&self, report: &AgentReport) -> Answer {
        let mut request = self
            .http
            .post(self.url.clone())
            .bearer_auth(&self.token)
            .json(report);
        if let Some(traceparent) = telemetry::current_traceparent() {
            request = request.header("traceparent", traceparent);
        }
        match request.send().await {
            Ok(response) => {
                let status = response.status();
                Answer::of(status, response.text().await.unwrap_or_default())
            }
            Err(error) => Answer::Unavailable(causes(&error)),
        }
    }

    /// Tries until there is an answer or the attempt's deadline has passed.
    pub async fn deliver(&self, report: &AgentReport) -> Answer {
        let mut ceiling = FIRST_BACKOFF;
        loop {
            let answer = self.send(report).await;
            let Answer::Unavailable(reason) = &answer else {
                return answer;
            };
            let pause = rand::rng().random_range(Duration::ZERO..=ceiling);
            if now().plus(pause) >= self.deadline_at {
                return answer;
            }
            tracing::warn!(reason, "callback not taken, trying again");
            tokio::time::sleep(pause).await;
            ceiling = (ceiling * 2).min(LONGEST_BACKOFF);
        }
    }
}

/// reqwest's message without its causes says only that sending failed.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::UNIX_EPOCH.plus(since.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_by_status() {
        let of = |code: u16| Answer::of(StatusCode::from_u16(code).unwrap(), "why".to_owned());
        assert_eq!(of(200), Answer::Taken);
        assert_eq!(of(202), Answer::Taken);
        assert_eq!(of(409), Answer::Superseded);
        assert_eq!(of(401), Answer::Unauthorised);
        for code in [400, 413, 415, 422] {
            assert!(matches!(of(code), Answer::Refused(_)), "{code}");
        }
        for code in [302, 403, 404, 408, 425, 429, 500, 502, 503, 504] {
            assert!(matches!(of(code), Answer::Unavailable(_)), "{code}");
        }
    }
}
