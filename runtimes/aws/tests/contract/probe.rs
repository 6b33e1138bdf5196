//! What the contract looks at: queues of this run alone, and the bucket as agents and readers see it.

use std::collections::BTreeMap;

use aegis_aws::client::objects::S3Objects;
use aegis_aws::ports::{QueueUrls, SqsDeadLetters, SqsQueues};
use aegis_contracts::command::Destination;
use aegis_contracts::envelope::CommandEnvelope;
use aegis_contracts::ids::WorkflowId;
use aegis_testkit::contract::artifacts::Agent;
use aegis_testkit::contract::messages::Probe;
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::Message;

use crate::stack::Stack;

/// The stack's own queues have readers; these have none but this test.
pub struct Queues {
    client: Client,
    urls: BTreeMap<Destination, String>,
    letters: String,
}

impl Queues {
    pub async fn create(stack: &Stack) -> Self {
        let client = Client::new(&stack.config);
        let run = uuid::Uuid::new_v4();
        let create = async |name: &str| {
            let name = format!("contract-{name}-{run}");
            let made = client.create_queue().queue_name(name).send().await.unwrap();
            made.queue_url.unwrap()
        };
        let urls = BTreeMap::from([
            (Destination::Researcher, create("researcher").await),
            (Destination::Analyst, create("analyst").await),
            (Destination::Approval, create("approval").await),
            (Destination::Writer, create("writer").await),
        ]);
        let letters = create("letters").await;
        Self {
            client,
            urls,
            letters,
        }
    }

    pub fn commands(&self) -> SqsQueues {
        SqsQueues::new(self.client.clone(), QueueUrls(self.urls.clone()))
    }

    pub fn letters(&self) -> SqsDeadLetters {
        SqsDeadLetters::new(self.client.clone(), self.letters.clone(), "contract")
    }

    pub async fn delete(self) {
        for url in self.urls.values().chain([&self.letters]) {
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
    async fn commands(&self, destination: Destination, id: &WorkflowId) -> Vec<CommandEnvelope> {
        let messages = self.receive(&self.urls[&destination]).await;
        let commands = messages.iter().map(|message| message.body().unwrap());
        let commands = commands.map(|body| serde_json::from_str(body).unwrap());
        commands
            .filter(|command: &CommandEnvelope| command.workflow_id == *id)
            .collect()
    }

    async fn reason_of(&self, body: &str) -> Option<String> {
        let messages = self.receive(&self.letters).await;
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
}
