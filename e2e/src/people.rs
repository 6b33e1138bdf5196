//! Several people who decide. Where the API asks for signatures each is an IAM user and known by its ARN; where it asks
//! for nothing, whoever calls says who decides.

use anyhow::Result;
use serde_json::json;

use crate::client::Client;
use crate::http::Answer;
use crate::run::Run;
use crate::stack::Stack;

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
