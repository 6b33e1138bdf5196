//! Who is let in for the tests: an IAM user who may call the routes of clients and look after the stage, as a person that is
//! given access; and the agents on this machine.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::rehearsal::site::Site;
use aegis_local_aws::json::write_json;
use aegis_local_aws::terraform::variables::ACCOUNT;

const NAME: &str = "aegis-operator";
const POLICY: &str = "operator.json";
const TRUST: &str = "trust.json";
/// Whatever tests look into. The API is not among it: of that only the routes for clients.
const SERVICES: [&str; 8] = [
    "dynamodb", "events", "iam", "logs", "s3", "sqs", "ssm", "sts",
];

pub struct Keys {
    pub access_key_id: String,
    pub secret_access_key: String,
}

pub async fn make(site: &Site, outputs: &Value) -> Result<Keys> {
    let policy = policy(outputs).context("the API's address does not name it")?;
    write_json(&site.terraform().join(POLICY), &policy)?;
    site.works(&format!("aws iam create-user --user-name {NAME}"))
        .await?;
    site.works(&format!(
        "aws iam put-user-policy --user-name {NAME} --policy-name operator --policy-document file://{POLICY}"
    ))
    .await?;
    let made = format!("aws iam create-access-key --user-name {NAME} --output json");
    let made: Value = serde_json::from_str(&site.works(&made).await?.output)?;
    let field = |name: &str| {
        let text = made["AccessKey"][name].as_str().map(str::to_owned);
        text.with_context(|| format!("a key without {name}"))
    };
    Ok(Keys {
        access_key_id: field("AccessKeyId")?,
        secret_access_key: field("SecretAccessKey")?,
    })
}

/// `…/_aws/execute-api/<api>/$default`
fn policy(outputs: &Value) -> Option<Value> {
    let endpoint = outputs["api_endpoint"].as_str()?;
    let api = endpoint.trim_end_matches("/$default").rsplit('/').next()?;
    let routes =
        ["workflows*", "approve/*"].map(|path| format!("arn:aws:execute-api:*:*:{api}/*/*/{path}"));
    let services = SERVICES.map(|service| format!("{service}:*"));
    Some(json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": routes},
        {"Effect": "Allow", "Action": services, "Resource": "*"},
    ]}))
}

/// In AWS the service AgentCore takes the agents' roles on. Here the agent host does, in the name of the account; prod does
/// not let a variable say so.
pub async fn lend_roles(site: &Site, outputs: &Value) -> Result<()> {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}}]});
    write_json(&site.terraform().join(TRUST), &trust)?;
    let roles = outputs["agent_role_arns"].as_object();
    for arn in roles.context("there are no agents' roles")?.values() {
        let name = arn.as_str().and_then(|arn| arn.rsplit('/').next());
        let name = name.with_context(|| format!("{arn} names no role"))?;
        site.works(&format!(
            "aws iam update-assume-role-policy --role-name {name} --policy-document file://{TRUST}"
        ))
        .await?;
    }
    Ok(())
}

/// This user, and those that tests made: nobody else is in the account.
pub async fn remove_all(site: &Site) -> Result<()> {
    let line = r#"for user in $(aws iam list-users --query 'Users[].UserName' --output text); do
    for key in $(aws iam list-access-keys --user-name "$user" --query 'AccessKeyMetadata[].AccessKeyId' --output text); do
        aws iam delete-access-key --user-name "$user" --access-key-id "$key"
    done
    for policy in $(aws iam list-user-policies --user-name "$user" --query 'PolicyNames[]' --output text); do
        aws iam delete-user-policy --user-name "$user" --policy-name "$policy"
    done
    aws iam delete-user --user-name "$user"
done"#;
    site.works(line).await?;
    Ok(())
}

/// Rule and queue by which tests hear all events. Where no test asked for them there are none.
pub async fn remove_tap(site: &Site) -> Result<()> {
    let line = r#"set -euo pipefail
bus=$(terraform output -raw event_bus_name)
rules=$(aws events list-rules --event-bus-name "$bus" --name-prefix aegis-e2e --query 'Rules[].Name' --output text)
for rule in ${rules/None/}; do
    aws events remove-targets --event-bus-name "$bus" --rule "$rule" --ids "$rule" >/dev/null
    aws events delete-rule --event-bus-name "$bus" --name "$rule"
done
queues=$(aws --endpoint-url "$AWS_ENDPOINT_URL" sqs list-queues --queue-name-prefix aegis-e2e --query 'QueueUrls[]' --output text)
for queue in ${queues/None/}; do
    aws --endpoint-url "$AWS_ENDPOINT_URL" sqs delete-queue --queue-url "$queue"
done"#;
    site.works(line).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_may_call_routes_of_clients_of_one_api() {
        let outputs = json!({"api_endpoint": "http://127.0.0.1:1/_aws/execute-api/a1b2/$default"});
        let policy = policy(&outputs).unwrap();
        let routes = policy["Statement"][0]["Resource"].to_string();
        assert!(
            routes.contains("arn:aws:execute-api:*:*:a1b2/*/*/approve/*"),
            "{routes}"
        );
        let services = policy["Statement"][1]["Action"].to_string();
        assert!(!services.contains("execute-api"), "{services}");
    }
}
