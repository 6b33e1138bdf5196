//! Callers of the API who prove who they are, or fail to, and several people who decide.

use aegis_aws::client::connection::{Connection, Keys, signer};
use aegis_signing::{EXECUTE_API, RequestSigner};
use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};

use crate::http::Answer;
use crate::run::Run;
use crate::stack::Stack;

/// How a request is proven.
#[derive(Debug, Clone)]
pub enum Proof {
    Nothing,
    /// The value of the `Authorization` header.
    Header(String),
    Signature(RequestSigner),
}

/// Who calls.
#[derive(Clone)]
pub struct Client {
    pub stack: &'static Stack,
    pub proof: Proof,
}

impl Stack {
    pub fn client(&'static self, proof: Proof) -> Client {
        Client { stack: self, proof }
    }

    pub fn bearer(&'static self, token: &str) -> Client {
        self.client(Proof::Header(format!("Bearer {token}")))
    }

    /// Signs as whoever has these keys.
    ///
    /// # Errors
    /// Where nothing can be signed with them.
    pub async fn signing_as(&'static self, keys: Keys) -> Result<Client> {
        let connection = Connection {
            region: self.config.region().map(ToString::to_string),
            endpoint_url: Some(self.aws_endpoint_url.clone()),
            keys: Some(keys),
        };
        let signer = signer(&connection.load().await, EXECUTE_API)?;
        Ok(self.client(Proof::Signature(signer)))
    }
}

impl Client {
    /// # Errors
    /// Where no answer comes.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, &[], "").await
    }

    /// # Errors
    /// Where no answer comes.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send(Method::POST, path, &[], &body.to_string()).await
    }

    /// Starts a workflow under a key.
    ///
    /// # Errors
    /// Where no answer comes.
    pub async fn start(&self, key: &str, body: &Value) -> Result<Answer> {
        let headers = [("idempotency-key", key)];
        self.send(Method::POST, "/workflows", &headers, &body.to_string())
            .await
    }

    /// # Errors
    /// Where no answer comes.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer> {
        let proof = self.prove(&method, path, headers, body).await?;
        self.send_with(method, path, headers, body, &proof).await
    }

    /// What would be added to a request to prove it.
    ///
    /// # Errors
    /// Where it cannot be signed.
    pub async fn prove(
        &self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Vec<(String, String)>> {
        match &self.proof {
            Proof::Nothing => Ok(Vec::new()),
            Proof::Header(value) => Ok(vec![("authorization".to_owned(), value.clone())]),
            Proof::Signature(signer) => {
                let url = self.stack.http.url(path);
                let signed = signer.headers(method.as_str(), &url, headers, body.as_bytes());
                Ok(signed.await?)
            }
        }
    }

    /// A request with a proof that may have been made for another one.
    ///
    /// # Errors
    /// Where no answer comes.
    pub async fn send_with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
        proof: &[(String, String)],
    ) -> Result<Answer> {
        let headers = [headers, &[("content-type", "application/json")]].concat();
        let http = &self.stack.http;
        http.call_with(method, path, &headers, proof, body.to_owned())
            .await
    }
}

pub struct Person {
    /// By which the platform knows who decides.
    pub name: String,
    /// `None`: the body says the name.
    client: Option<Client>,
}

impl Stack {
    /// Somebody who may decide and do nothing else.
    ///
    /// # Errors
    /// Of IAM.
    pub async fn person(&'static self, name: &str) -> Result<Person> {
        if !self.signed {
            return Ok(Person {
                name: name.to_owned(),
                client: None,
            });
        }
        let user = self.user(&["POST/approve/*"]).await?;
        Ok(Person {
            name: user.arn,
            client: Some(user.client),
        })
    }
}

impl Person {
    /// # Errors
    /// Where no answer comes.
    pub async fn decides(&self, run: &Run, decision: &str) -> Result<Answer> {
        let path = format!("/approve/{}", run.id);
        match &self.client {
            Some(client) => client.post(&path, &json!({"decision": decision})).await,
            None => {
                let body = json!({"decision": decision, "approver": self.name});
                run.decide(body).await
            }
        }
    }
}
