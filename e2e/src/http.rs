//! Requests to the API, and their answers.

use aegis_contracts::problem::Problem;
use anyhow::{Context as _, Result, bail, ensure};
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Follows no redirect: that the API answers with one is for the tests to see.
pub struct Http {
    client: Client,
    endpoint: String,
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
    pub fn new(endpoint: String) -> Result<Self> {
        let client = Client::builder().redirect(Policy::none()).build()?;
        Ok(Self { client, endpoint })
    }

    /// # Errors
    /// Where no answer comes.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(self.client.get(self.url(path))).await
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
        let mut request = self.client.post(self.url(path)).body(body);
        request = request.header(CONTENT_TYPE, media_type);
        for (name, value) in headers {
            request = request.header(*name, *value);
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

    /// A request of any method, to be sent by [`Self::send`].
    pub fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
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
