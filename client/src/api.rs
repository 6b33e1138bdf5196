//! One stage's HTTP API: sends, proves who sends, and tells answers from problems.
//!
//! Every request of the API is idempotent, so one that met a passing trouble is
//! sent again a few times.

use std::path::Path;
use std::time::Duration;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::problem::Problem;
use aegis_contracts::text::{Lines, check};
use aegis_contracts::transfer::{TRANSFER_VALID, Transfer};
use aegis_contracts::view::WorkflowView;
use anyhow::Context as _;
use bytes::Bytes;
use reqwest::{Method, RequestBuilder, StatusCode, Url, header, redirect};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::failure::ApiError;
use crate::proof::{Group, Proofs};
use crate::stage::Stage;

/// Longer than the gateway's own limit of 30 s.
const TIMEOUT: Duration = Duration::from_secs(35);
/// Waits before the second, third and fourth try.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_millis(600),
    Duration::from_millis(1500),
];

#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    endpoint: String,
    /// The endpoint in a sentence: a name and password in it are left out.
    shown: String,
    proofs: Proofs,
    /// Said when nothing answers.
    hint: String,
}

/// What came back: as a value to work with, and the very text to print.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    pub value: T,
    pub raw: String,
}

/// A request before it is signed or given a token.
#[derive(Debug)]
pub struct Ask<'a> {
    pub method: Method,
    pub path: &'a str,
    pub idempotency_key: Option<&'a str>,
    pub body: Option<String>,
}

impl Api {
    /// # Errors
    /// Where the machine's TLS certificates cannot be read.
    pub fn new(endpoint: &str, proofs: Proofs, hint: &str) -> Result<Self, reqwest::Error> {
        Ok(Self {
            http: http_client(endpoint)?,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            shown: without_password(endpoint.trim_end_matches('/')),
            proofs,
            hint: hint.to_owned(),
        })
    }

    /// The API of a stage; `hint` is said when nothing answers.
    ///
    /// # Errors
    /// Where nothing can be proved to it, or the machine's TLS certificates cannot be read.
    pub async fn of(stage: &Stage, token_file: Option<&Path>, hint: &str) -> anyhow::Result<Self> {
        let proofs = Proofs::of(stage, token_file).await?;
        Self::new(&stage.api_endpoint, proofs, hint).context("cannot set up the HTTP client")
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>, ApiError> {
        self.json(&Ask {
            method: Method::GET,
            path,
            idempotency_key: None,
            body: None,
        })
        .await
    }

    /// The workflow as it is now.
    ///
    /// # Errors
    /// Where the API refuses or does not answer.
    pub async fn workflow(&self, id: &WorkflowId) -> Result<Answer<WorkflowView>, ApiError> {
        self.get(&format!("/workflows/{id}")).await
    }

    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: String,
    ) -> Result<Answer<T>, ApiError> {
        self.json(&Ask {
            method: Method::POST,
            path,
            idempotency_key: None,
            body: Some(body),
        })
        .await
    }

    pub async fn json<T: DeserializeOwned>(&self, ask: &Ask<'_>) -> Result<Answer<T>, ApiError> {
        let (_, raw) = self.persistently(ask).await?;
        let value = read(ask, &raw)?;
        Ok(Answer { value, raw })
    }

    /// Like [`Self::json`], but sent once: for those who measure, and count what fails.
    ///
    /// # Errors
    /// Where the API refuses or does not answer.
    pub async fn attempt<T: DeserializeOwned>(&self, ask: &Ask<'_>) -> Result<T, ApiError> {
        let (_, raw) = self.once(ask).await?;
        read(ask, &raw)
    }

    /// Follows a route that answers with a redirect to a presigned URL. What authorises us at the
    /// API is not sent there: the URL carries its own proof, and S3 refuses two of them.
    pub async fn download(&self, path: &str) -> Result<Vec<u8>, ApiError> {
        let ask = Ask {
            method: Method::GET,
            path,
            idempotency_key: None,
            body: None,
        };
        let (location, _) = self.persistently(&ask).await?;
        let location = location.ok_or_else(|| ApiError::Unreadable {
            path: path.to_owned(),
            reason: "a redirect was expected".to_owned(),
        })?;
        self.fetch(&location).await
    }

    /// Reads a presigned URL.
    pub async fn fetch(&self, url: &str) -> Result<Vec<u8>, ApiError> {
        self.elsewhere(url, self.http.get(url)).await
    }

    /// Puts a file by the request that was told for it. That one is there already is no error.
    ///
    /// # Errors
    /// Where it is refused, or nothing answers.
    pub async fn put(&self, transfer: &Transfer, content: Vec<u8>) -> Result<(), ApiError> {
        let (url, content) = (&transfer.url, Bytes::from(content));
        let mut pauses = PAUSES.into_iter();
        loop {
            let mut request = self.http.put(url).timeout(TRANSFER_VALID);
            for (name, value) in &transfer.headers {
                request = request.header(name, value);
            }
            let error = match self.elsewhere(url, request.body(content.clone())).await {
                Err(error) if error.status() != Some(412) => error,
                Ok(_) | Err(_) => return Ok(()),
            };
            // 409: somebody else puts the same file at this moment.
            let passing = error.is_transient() || error.status() == Some(409);
            match pauses.next().filter(|_| passing) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
        }
    }

    /// Sends a request that proves itself. It need not be the API that answers.
    async fn elsewhere(&self, url: &str, request: RequestBuilder) -> Result<Vec<u8>, ApiError> {
        let unreachable = |error: reqwest::Error| self.unreachable(&host_of(url), &error);
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(unreachable)?;
        match status.is_success() {
            true => Ok(body.to_vec()),
            false => Err(refused(
                &host_of(url),
                status,
                &String::from_utf8_lossy(&body),
            )),
        }
    }

    async fn persistently(&self, ask: &Ask<'_>) -> Result<(Option<String>, String), ApiError> {
        for pause in PAUSES {
            match self.once(ask).await {
                Err(error) if error.is_transient() => tokio::time::sleep(pause).await,
                answer => return answer,
            }
        }
        self.once(ask).await
    }

    /// The redirect's target, if it is one, and the body.
    async fn once(&self, ask: &Ask<'_>) -> Result<(Option<String>, String), ApiError> {
        let request = self.request(ask).await?;
        let unreachable = |error: reqwest::Error| self.unreachable(&self.shown, &error);
        let answer = self.http.execute(request).await.map_err(unreachable)?;
        let status = answer.status();
        let location = answer
            .headers()
            .get(header::LOCATION)
            .filter(|_| status.is_redirection())
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = answer.text().await.map_err(unreachable)?;
        if status.is_success() || location.is_some() {
            return Ok((location, body));
        }
        Err(refused(&self.shown, status, &body))
    }

    async fn request(&self, ask: &Ask<'_>) -> Result<reqwest::Request, ApiError> {
        let url = format!("{}{}", self.endpoint, ask.path);
        // Parsed first, so that what is signed is what is sent, percent-encoding included.
        let url = Url::parse(&url).map_err(|error| ApiError::Unreadable {
            path: ask.path.to_owned(),
            reason: error.to_string(),
        })?;
        let mut headers = Vec::new();
        if ask.body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        if let Some(key) = ask.idempotency_key {
            sendable("the idempotency key", key)?;
            headers.push(("idempotency-key", key));
        }
        let body = ask.body.clone().unwrap_or_default();
        let group = Group::of(&ask.method, ask.path);
        let (method, text) = (&ask.method, url.as_str());
        let proof = self
            .proofs
            .headers(group, method, text, &headers, body.as_bytes())
            .await?;
        let mut request = self.http.request(ask.method.clone(), url).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        for (name, value) in proof {
            request = request.header(name, value);
        }
        request
            .build()
            .map_err(|error| self.unreachable(&self.shown, &error))
    }

    fn unreachable(&self, endpoint: &str, error: &reqwest::Error) -> ApiError {
        let mut reason: &dyn std::error::Error = error;
        while let Some(deeper) = reason.source() {
            reason = deeper;
        }
        ApiError::Unreachable {
            endpoint: endpoint.to_owned(),
            reason: reason.to_string(),
            hint: self.hint.clone(),
        }
    }
}

/// HTTP carries no control characters in a header: nobody would be asked, and the reason would be lost.
fn sendable(what: &'static str, value: &str) -> Result<(), ApiError> {
    check(value, Lines::One).map_err(|hostile| ApiError::Unsendable {
        what,
        reason: hostile.to_string(),
    })
}

fn refused(endpoint: &str, status: StatusCode, body: &str) -> ApiError {
    match serde_json::from_str::<Problem>(body) {
        Ok(problem) => ApiError::Refused(Box::new(problem)),
        Err(_) => ApiError::Foreign {
            endpoint: endpoint.to_owned(),
            status: status.as_u16(),
            body: gist(body),
        },
    }
}

fn read<T: DeserializeOwned>(ask: &Ask<'_>, raw: &str) -> Result<T, ApiError> {
    serde_json::from_str(raw).map_err(|error| ApiError::Unreadable {
        path: ask.path.to_owned(),
        reason: error.to_string(),
    })
}

fn http_client(endpoint: &str) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .timeout(TIMEOUT)
        .user_agent(concat!("aegis/", env!("CARGO_PKG_VERSION")));
    // A proxy for the outside must not be asked for what runs on this machine.
    if matches!(
        host_of(endpoint).as_str(),
        "127.0.0.1" | "localhost" | "[::1]"
    ) {
        builder = builder.no_proxy();
    }
    builder.build()
}

fn host_of(url: &str) -> String {
    let parsed = Url::parse(url).ok();
    parsed
        .as_ref()
        .and_then(Url::host_str)
        .unwrap_or(url)
        .to_owned()
}

fn without_password(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else {
        return "an address that is no URL".to_owned();
    };
    if parsed.username().is_empty() && parsed.password().is_none() {
        return url.to_owned();
    }
    // Of a URL that has a host this does not fail.
    let cleared = parsed
        .set_username("")
        .and_then(|()| parsed.set_password(None));
    match cleared {
        Ok(()) => parsed.to_string(),
        Err(()) => host_of(url),
    }
}

/// The gateway's own answers are `{"message": …}`, those of S3 have an element of this name; of anything else the first line says enough.
fn gist(body: &str) -> String {
    let fields = serde_json::from_str::<Map<String, Value>>(body).unwrap_or_default();
    let message = ["message", "Message"]
        .iter()
        .find_map(|name| fields.get(*name)?.as_str());
    let element = || Some(body.split_once("<Message>")?.1.split_once('<')?.0);
    let message = message.or_else(element);
    let line = message.or_else(|| body.lines().find(|line| !line.trim().is_empty()));
    line.unwrap_or("nothing").trim().chars().take(300).collect()
}
