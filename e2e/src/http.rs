//! Requests to the API, and their answers. Where a route asks who calls, the caller of the stage file proves it.

use aegis_client::proof::{Group, Proofs};
use aegis_contracts::problem::Problem;
use aegis_contracts::transfer::{Transfer, TransferMethod};
use anyhow::{Context as _, Result, bail, ensure};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Their callers show a token of their own, or nothing, however clients are authorised.
const NOT_FOR_CLIENTS: [&str; 3] = ["/callbacks/", "/approval-links/", "/openapi.json"];

/// Follows no redirect: that the API answers with one is for the tests to see.
pub struct Http {
    client: Client,
    endpoint: String,
    proofs: Proofs,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Http {
    /// # Errors
    /// Where the client cannot be set up.
    pub fn new(endpoint: String, proofs: Proofs) -> Result<Self> {
        let client = Client::builder().redirect(Policy::none()).build()?;
        Ok(Self {
            client,
            endpoint,
            proofs,
        })
    }

    /// # Errors
    /// Where no answer comes.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.call(Method::GET, path, &[], String::new()).await
    }

    /// # Errors
    /// Where no answer comes.
    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Result<Answer> {
        self.post_text(path, headers, "application/json", body.to_string())
            .await
    }

    /// # Errors
    /// Where no answer comes.
    pub async fn post_text(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        media_type: &str,
        body: String,
    ) -> Result<Answer> {
        let headers = [headers, &[(CONTENT_TYPE.as_str(), media_type)]].concat();
        self.call(Method::POST, path, &headers, body).await
    }

    /// A request with exactly these headers, and the proof that its route asks for.
    ///
    /// # Errors
    /// Where no answer comes, or nothing can be proven.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer> {
        let group = Group::of(&method, path);
        let bare = NOT_FOR_CLIENTS.iter().any(|start| path.starts_with(start));
        let proof = match bare {
            true => Vec::new(),
            false => {
                let url = self.url(path);
                let proof = self
                    .proofs
                    .headers(group, &method, &url, headers, body.as_bytes());
                proof.await?
            }
        };
        self.call_with(method, path, headers, &proof, body).await
    }

    /// A request with exactly these headers, and a proof that may have been made for another one.
    ///
    /// # Errors
    /// Where no answer comes.
    pub async fn call_with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        proof: &[(String, String)],
        body: String,
    ) -> Result<Answer> {
        let mut request = self.request(method, path);
        let own = headers.iter().map(|(name, value)| (*name, *value));
        let added = proof
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.chain(added) {
            // Not only ASCII.
            request = request.header(name, HeaderValue::from_bytes(value.as_bytes())?);
        }
        if !body.is_empty() {
            request = request.body(body);
        }
        self.send(request).await
    }

    /// An address outside the API, such as a presigned one.
    ///
    /// # Errors
    /// Where no answer comes.
    pub async fn download(&self, url: &str) -> Result<Answer> {
        self.send(self.client.get(url)).await
    }

    /// What a signed address is for.
    ///
    /// # Errors
    /// Where no answer comes.
    pub async fn transfer(&self, transfer: &Transfer, bytes: &[u8]) -> Result<Answer> {
        let method = match transfer.method {
            TransferMethod::Get => Method::GET,
            TransferMethod::Put => Method::PUT,
        };
        let mut request = self.client.request(method, &transfer.url);
        for (name, value) in &transfer.headers {
            request = request.header(name, value);
        }
        self.send(request.body(bytes.to_vec())).await
    }

    /// # Errors
    /// Where no answer comes.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer> {
        let response = request.send().await.context("no answer")?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.text().await?;
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    /// A request that proves nothing, to be sent by [`Self::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// The path of a link that the API gave.
    ///
    /// # Errors
    /// Where the link leads elsewhere.
    pub fn path_of<'a>(&self, link: &'a str) -> Result<&'a str> {
        let path = link.strip_prefix(&self.endpoint);
        path.with_context(|| format!("{link} is not below {}", self.endpoint))
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.endpoint)
    }
}

impl Answer {
    pub fn header(&self, name: impl reqwest::header::AsHeaderName) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    pub fn location(&self) -> &str {
        self.header(LOCATION)
    }

    /// The body of an answer of this status.
    ///
    /// # Errors
    /// Where it is another status, or not of this shape.
    pub fn read<T: DeserializeOwned>(&self, status: u16) -> Result<T> {
        self.is(status)?;
        serde_json::from_str(&self.body).with_context(|| format!("unexpected body: {}", self.body))
    }

    /// # Errors
    /// Where it is another status.
    pub fn is(&self, status: u16) -> Result<&Self> {
        if self.status == status {
            return Ok(self);
        }
        bail!("expected {status}, got {}: {}", self.status, self.body)
    }

    /// The problem details of an answer that refuses with this status and code.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn problem(&self, status: u16, code: &str) -> Result<Problem> {
        self.is(status)?;
        let media_type = self.header(CONTENT_TYPE);
        ensure!(
            media_type.starts_with("application/problem+json"),
            "a problem of the media type `{media_type}`: {}",
            self.body
        );
        let problem: Problem = serde_json::from_str(&self.body).context(self.body.clone())?;
        let same = problem.status == status && problem.code == code;
        ensure!(same, "expected the code `{code}`: {}", self.body);
        let complete = !problem.title.is_empty() && !problem.detail.is_empty();
        ensure!(complete, "title or detail is missing: {}", self.body);
        Ok(problem)
    }
}
