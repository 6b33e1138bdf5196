//! Calls of AWS that nothing else in this repository makes: signed, in AWS's own JSON or query protocol. An SDK for each would
//! be compiled by everybody for this bench alone.

use std::time::Duration;

use aegis_aws::client::connection::signer;
use aegis_signing::RequestSigner;
use anyhow::{Context as _, Result, bail};
use aws_config::SdkConfig;
use serde_json::{Value, json};

const TIMEOUT: Duration = Duration::from_secs(30);

/// One service, as its protocol wants to be spoken to.
#[derive(Debug, Clone, Copy)]
struct Service {
    /// What requests are signed for.
    name: &'static str,
    /// In front of the operation's name, in JSON.
    target: &'static str,
}

const STATES: Service = Service {
    name: "states",
    target: "AWSStepFunctions",
};
const TABLES: Service = Service {
    name: "dynamodb",
    target: "DynamoDB_20120810",
};
/// In the query protocol, with the version that it wants to be told.
const STACKS: (&str, &str) = ("cloudformation", "2010-05-15");
const TOPICS: (&str, &str) = ("sns", "2010-03-31");

#[derive(Debug, Clone)]
pub struct Calls {
    http: reqwest::Client,
    endpoint: String,
    states: RequestSigner,
    tables: RequestSigner,
    stacks: RequestSigner,
    topics: RequestSigner,
}

impl Calls {
    /// # Errors
    /// Where the configuration lacks keys, or the HTTP client cannot be made.
    pub fn new(config: &SdkConfig, endpoint: &str) -> Result<Self> {
        Ok(Self {
            http: reqwest::Client::builder().timeout(TIMEOUT).build()?,
            endpoint: format!("{}/", endpoint.trim_end_matches('/')),
            states: signer(config, STATES.name)?,
            tables: signer(config, TABLES.name)?,
            stacks: signer(config, STACKS.0)?,
            topics: signer(config, TOPICS.0)?,
        })
    }

    /// # Errors
    /// Where Step Functions refuses or cannot be reached.
    pub async fn start(&self, machine: &str, name: &str, input: &Value) -> Result<String> {
        let body = json!({"stateMachineArn": machine, "name": name, "input": input.to_string()});
        let answer = self
            .json(STATES, &self.states, "StartExecution", &body)
            .await?;
        text(&answer, "executionArn")
    }

    /// # Errors
    /// As of [`Self::start`].
    pub async fn succeed(&self, token: &str, output: &Value) -> Result<()> {
        let body = json!({"taskToken": token, "output": output.to_string()});
        self.json(STATES, &self.states, "SendTaskSuccess", &body)
            .await
            .map(|_| ())
    }

    /// # Errors
    /// As of [`Self::start`].
    pub async fn execution(&self, arn: &str) -> Result<Value> {
        self.json(
            STATES,
            &self.states,
            "DescribeExecution",
            &json!({"executionArn": arn}),
        )
        .await
    }

    /// The token of an approval that waits, if it does already.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub async fn approval_token(&self, table: &str, workflow: &str) -> Result<Option<String>> {
        let body = json!({"TableName": table, "ConsistentRead": true, "Key": {"workflow_id": {"S": workflow}}});
        let answer = self.json(TABLES, &self.tables, "GetItem", &body).await?;
        Ok(answer
            .pointer("/Item/token/S")
            .and_then(Value::as_str)
            .map(str::to_owned))
    }

    async fn json(
        &self,
        service: Service,
        signer: &RequestSigner,
        operation: &str,
        body: &Value,
    ) -> Result<Value> {
        let target = format!("{}.{operation}", service.target);
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", target.as_str()),
        ];
        let answer = self
            .send(signer, operation, &headers, body.to_string())
            .await?;
        serde_json::from_str(&answer).with_context(|| format!("{operation} answered `{answer}`"))
    }

    /// CloudFormation's answer, which is XML.
    ///
    /// # Errors
    /// Where it refuses or cannot be reached.
    pub async fn stack(&self, action: &str, fields: &[(String, String)]) -> Result<String> {
        self.query(&self.stacks, STACKS.1, action, fields).await
    }

    /// Asks SNS to post what is published on `topic` to `url`.
    ///
    /// # Errors
    /// As of [`Self::stack`].
    pub async fn subscribe(&self, topic: &str, url: &str) -> Result<()> {
        let fields = [("TopicArn", topic), ("Protocol", "http"), ("Endpoint", url)];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.query(&self.topics, TOPICS.1, "Subscribe", &fields)
            .await
            .map(|_| ())
    }

    async fn query(
        &self,
        signer: &RequestSigner,
        version: &str,
        action: &str,
        fields: &[(String, String)],
    ) -> Result<String> {
        let mut body = reqwest::Url::parse("http://form/")?;
        body.query_pairs_mut()
            .append_pair("Action", action)
            .append_pair("Version", version)
            .extend_pairs(fields);
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let body = body.query().unwrap_or_default().to_owned();
        self.send(signer, action, &headers, body).await
    }

    async fn send(
        &self,
        signer: &RequestSigner,
        operation: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<String> {
        let proof = signer
            .headers("POST", &self.endpoint, headers, body.as_bytes())
            .await?;
        let mut request = self.http.post(&self.endpoint);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        for (name, value) in proof {
            request = request.header(name, value);
        }
        let answer = request
            .body(body)
            .send()
            .await
            .context(operation.to_owned())?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("{operation} answered {status}: {text}");
        }
        Ok(text)
    }
}

fn text(answer: &Value, field: &str) -> Result<String> {
    let text = answer.get(field).and_then(Value::as_str);
    text.map(str::to_owned)
        .with_context(|| format!("the answer holds no `{field}`: {answer}"))
}
