//! What the contract looks at: queues of this run alone, and the bucket as agents and readers see it.

use aegis_aws::client::objects::S3Objects;
use aegis_aws::ports::{QueueUrls, SqsDeadLetters, SqsQueues};
use aegis_contracts::command::Destination;
use aegis_contracts::envelope::CommandEnvelope;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::transfer::Transfer;
use aegis_testkit::contract::artifacts::Agent;
use aegis_testkit::contract::messages::Probe;
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::Message;

use crate::stack::Stack;

/// The stack's own queues have readers; these have none but this test.
pub struct Queues {
    client: Client,
    urls: Vec<String>,
    run: String,
}

const APPROVAL: &str = "approval";
const LETTERS: &str = "letters";

impl Queues {
    pub async fn create(stack: &Stack) -> Self {
        let client = Client::new(&stack.config);
        let run = uuid::Uuid::new_v4().to_string();
        let mut urls = Vec::new();
        for name in ["researcher", "analyst", "writer", APPROVAL, LETTERS] {
            let name = format!("contract-{name}-{run}");
            let made = client.create_queue().queue_name(name).send().await.unwrap();
            urls.push(made.queue_url.unwrap());
        }
        Self { client, urls, run }
    }

    /// Of the queue of this name.
    fn url(&self, name: &str) -> String {
        let ending = format!("contract-{name}-{}", self.run);
        let mut urls = self.urls.iter();
        urls.find(|url| url.ends_with(&ending)).unwrap().clone()
    }

    pub fn commands(&self) -> SqsQueues {
        let urls = QueueUrls {
            agents: self.url("writer").replace("-writer-", "-{agent}-"),
            approval: self.url(APPROVAL),
        };
        SqsQueues::new(self.client.clone(), urls)
    }

    pub fn letters(&self) -> SqsDeadLetters {
        SqsDeadLetters::new(self.client.clone(), self.url(LETTERS), "contract")
    }

    pub async fn delete(self) {
        for url in &self.urls {
            let sent = self.client.delete_queue().queue_url(url).send().await;
            sent.unwrap();
        }
    }

    async fn receive(&self, url: &str) -> Vec<Message> {
        let received = self
            .client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10)
            .wait_time_seconds(1)
            .message_attribute_names("All")
            .send()
            .await;
        received.unwrap().messages.unwrap_or_default()
    }
}

#[async_trait]
impl Probe for Queues {
    async fn commands(
        &self,
        destination: Destination<'_>,
        id: &WorkflowId,
    ) -> Vec<CommandEnvelope> {
        let name = match destination {
            Destination::Agent(agent) => agent.as_str(),
            Destination::Approval => APPROVAL,
        };
        let messages = self.receive(&self.url(name)).await;
        let commands = messages.iter().map(|message| message.body().unwrap());
        let commands = commands.map(|body| serde_json::from_str(body).unwrap());
        commands
            .filter(|command: &CommandEnvelope| command.workflow_id == *id)
            .collect()
    }

    async fn reason_of(&self, body: &str) -> Option<String> {
        let messages = self.receive(&self.url(LETTERS)).await;
        let letter = messages
            .iter()
            .find(|message| message.body() == Some(body))?;
        let attributes = letter.message_attributes()?;
        assert_eq!(attributes["service"].string_value(), Some("contract"));
        attributes["reason"].string_value().map(str::to_owned)
    }
}

pub struct Bucket(pub S3Objects);

#[async_trait]
impl Agent for Bucket {
    async fn put(&self, key: &str, bytes: &[u8]) {
        let put = self
            .0
            .put_if_absent(key, bytes.to_vec(), "application/json");
        put.await.unwrap();
    }

    async fn fetch(&self, url: &str) -> Option<Vec<u8>> {
        let answer = reqwest::get(url).await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        Some(answer.bytes().await.unwrap().to_vec())
    }

    async fn send(&self, transfer: &Transfer, bytes: &[u8]) -> Option<u16> {
        let mut request = reqwest::Client::new().put(&transfer.url);
        for (name, value) in &transfer.headers {
            request = request.header(name, value);
        }
        let answer = request.body(bytes.to_vec()).send().await.unwrap();
        Some(answer.status().as_u16())
    }
}
