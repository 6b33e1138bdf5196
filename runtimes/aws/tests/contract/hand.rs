//! Writes into the table past all code of ours.

use aegis_contracts::ids::WorkflowId;
use aegis_testkit::contract::quarantine::Vandal;
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::stack::Stack;

pub struct Hand {
    client: Client,
    table: String,
}

impl Hand {
    pub fn of(stack: &Stack) -> Self {
        Self {
            client: Client::new(&stack.config),
            table: stack.output("workflow_table_name"),
        }
    }
}

#[async_trait]
impl Vandal for Hand {
    async fn overwrite(&self, id: &WorkflowId, json: &str) {
        let update = self.client.update_item().table_name(&self.table);
        let update = update
            .key("pk", AttributeValue::S(format!("WF#{id}")))
            .key("sk", AttributeValue::S("STATE".to_owned()))
            .update_expression("SET body = :body")
            .expression_attribute_values(":body", AttributeValue::S(json.to_owned()));
        update.send().await.unwrap();
    }
}
