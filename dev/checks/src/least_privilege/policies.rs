//! Policies of roles: as Terraform's state holds them, each with one action less, and put in its place in IAM. And what is
//! known of permissions beforehand: those that only AWS asks for, and those that stay though no test misses them.

use std::time::Duration;

use aegis_aws::client::connection::signer;
use aegis_local_aws::description::Description;
use aegis_signing::RequestSigner;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// The policy of a role.
#[derive(Debug, Clone, PartialEq)]
pub struct RolePolicy {
    pub role: String,
    pub name: String,
    pub document: Value,
}

/// One action of one statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Permission {
    pub policy: RolePolicy,
    pub sid: String,
    pub action: String,
}

/// All policies in the answer of `terraform show -json`.
///
/// # Errors
/// Where one of them is not as Terraform writes it.
pub fn policies(state: &Value) -> Result<Vec<RolePolicy>> {
    let root = state.pointer("/values/root_module");
    let mut found = Vec::new();
    collect(root.context("the state is empty")?, &mut found)?;
    found.sort_by(|a, b| (&a.role, &a.name).cmp(&(&b.role, &b.name)));
    Ok(found)
}

fn collect(module: &Value, found: &mut Vec<RolePolicy>) -> Result<()> {
    for resource in items(&module["resources"]) {
        if resource["type"] == "aws_iam_role_policy" && resource["mode"] == "managed" {
            let text = |name: &str| {
                let value = resource["values"][name].as_str();
                value.with_context(|| format!("a role's policy has no `{name}`"))
            };
            found.push(RolePolicy {
                role: text("role")?.to_owned(),
                name: text("name")?.to_owned(),
                document: serde_json::from_str(text("policy")?)?,
            });
        }
    }
    for child in items(&module["child_modules"]) {
        collect(child, found)?;
    }
    Ok(())
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

impl RolePolicy {
    /// Each action that it allows. A denial is no permission.
    pub fn permissions(&self) -> Vec<Permission> {
        let allowed = items(&self.document["Statement"]).filter(|one| one["Effect"] == "Allow");
        allowed
            .flat_map(|statement| {
                let sid = statement["Sid"].as_str().unwrap_or_default().to_owned();
                actions(statement)
                    .into_iter()
                    .map(move |action| (sid.clone(), action))
            })
            .map(|(sid, action)| Permission {
                policy: self.clone(),
                sid,
                action,
            })
            .collect()
    }
}

/// A single action may stand without brackets.
fn actions(statement: &Value) -> Vec<String> {
    match &statement["Action"] {
        Value::String(one) => vec![one.clone()],
        many => items(many)
            .filter_map(|one| Some(one.as_str()?.to_owned()))
            .collect(),
    }
}

impl Permission {
    /// `role statement action`
    pub fn name(&self) -> String {
        format!("{} {} {}", self.policy.role, self.sid, self.action)
    }

    /// The policy without this permission. A statement that allows nothing more goes; `None`: nothing is left.
    pub fn withdrawn(&self) -> Option<Value> {
        let mut document = self.policy.document.clone();
        let statements = document["Statement"].as_array()?.iter();
        let left: Vec<Value> = statements
            .filter_map(|statement| {
                let concerned = statement["Effect"] == "Allow"
                    && statement["Sid"].as_str().unwrap_or_default() == self.sid;
                if !concerned {
                    return Some(statement.clone());
                }
                let mut actions = actions(statement);
                actions.retain(|action| *action != self.action);
                let mut statement = statement.clone();
                statement["Action"] = Value::from(actions.clone());
                (!actions.is_empty()).then_some(statement)
            })
            .collect();
        if left.is_empty() {
            return None;
        }
        document["Statement"] = Value::from(left);
        Some(document)
    }
}

/// Permissions that the emulator never asks for, and where AWS says that it does.
const ASKED_BY_AWS_ALONE: [(&str, &str); 5] = [
    // A stand-in takes the runtime's place here.
    (
        "bedrock-agentcore:",
        "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-permissions.html",
    ),
    (
        "logs:",
        "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html",
    ),
    (
        "xray:",
        "https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html",
    ),
    (
        "kms:",
        "https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html",
    ),
    (
        "ecr:",
        "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-permissions.html",
    ),
];
/// The same, of what Lambda does in the name of a function for its queue or stream.
const BY_MAPPINGS: [&str; 7] = [
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:DescribeStream",
    "dynamodb:ListStreams",
];
const MAPPINGS: &str = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html";

/// What is tried like all others and may be missed by nobody.
struct Kept {
    /// How the names of the roles end.
    roles: &'static str,
    statement: &'static str,
    action: &'static str,
    why: &'static str,
}

const ABSENT_OR_FORBIDDEN: &str = "without it AWS answers 403 for an object that is not there: \
     https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html";

const KEPT: [Kept; 5] = [
    Kept {
        roles: "",
        statement: "WorkOffOwnQueue",
        action: "sqs:ChangeMessageVisibility",
        why: "it sets how soon a message comes back after a passing error, which no test makes happen on the stack",
    },
    Kept {
        roles: "",
        statement: "TellMissingArtifacts",
        action: "s3:ListBucket",
        why: ABSENT_OR_FORBIDDEN,
    },
    Kept {
        roles: "-agent",
        statement: "List",
        action: "s3:ListBucket",
        why: ABSENT_OR_FORBIDDEN,
    },
    Kept {
        roles: "-dispatch",
        statement: "ChangeWorkflows",
        action: "dynamodb:PutItem",
        why: "a runtime that refuses a task for good fails the step, with an item of history; no test makes one \
              refuse on the stack (`engine`: `a_permanent_refusal_fails_the_workflow`)",
    },
    Kept {
        roles: "researcher-dispatch",
        statement: "MakeTokenKeys",
        action: "ssm:PutParameter",
        why: "used before the first dispatch of a stage alone: `cargo xtask test deploy` waits for what it makes",
    },
];

/// Where AWS says that it asks for this permission, where the emulator does not.
pub fn asked_by_aws_alone(permission: &Permission) -> Option<&'static str> {
    let action = permission.action.as_str();
    if BY_MAPPINGS.contains(&action) {
        return Some(MAPPINGS);
    }
    let mut known = ASKED_BY_AWS_ALONE.iter();
    known
        .find(|(begin, _)| action.starts_with(begin))
        .map(|(_, page)| *page)
}

/// Why a permission stays that no test misses.
pub fn kept(permission: &Permission) -> Option<&'static str> {
    let found = KEPT.iter().find(|kept| {
        permission.policy.role.ends_with(kept.roles)
            && permission.sid == kept.statement
            && permission.action == kept.action
    });
    found.map(|kept| kept.why)
}

const FORM: &str = "application/x-www-form-urlencoded";
const VERSION: &str = "2010-05-08";

pub struct Account {
    http: reqwest::Client,
    signer: RequestSigner,
    url: String,
}

impl Account {
    pub async fn of(stack: &Description) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30));
        Ok(Self {
            http: http.build()?,
            signer: signer(&stack.connection().load().await, "iam")?,
            url: format!("{}/", stack.aws_endpoint_url),
        })
    }

    /// Puts `document` in the place of the policy; nothing takes it away.
    pub async fn put(&self, policy: &RolePolicy, document: Option<&Value>) -> Result<()> {
        let text = document.map(ToString::to_string).unwrap_or_default();
        let mut form = vec![
            ("Version", VERSION),
            ("RoleName", &policy.role),
            ("PolicyName", &policy.name),
        ];
        match document {
            Some(_) => form.extend([("Action", "PutRolePolicy"), ("PolicyDocument", &text)]),
            None => form.push(("Action", "DeleteRolePolicy")),
        }
        // What stands behind the `?` of a URL has the form of such a body.
        let body = reqwest::Url::parse_with_params(&self.url, form)?;
        let body = body.query().unwrap_or_default().to_owned();
        let headers = [("content-type", FORM)];
        let proof = self
            .signer
            .headers("POST", &self.url, &headers, body.as_bytes());
        let mut request = self.http.post(&self.url).header("content-type", FORM);
        for (name, value) in proof.await? {
            request = request.header(name, value);
        }
        let answer = request
            .body(body)
            .send()
            .await
            .context("IAM does not answer")?;
        let status = answer.status();
        let said = answer.text().await.unwrap_or_default();
        ensure!(status.is_success(), "IAM answers {status}: {said}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy() -> RolePolicy {
        let document = json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "a"},
            {"Sid": "Send", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "b"},
            {"Sid": "Never", "Effect": "Deny", "Action": ["s3:GetObject"], "Resource": "c"},
        ]});
        let state = json!({"values": {"root_module": {
            "resources": [{"type": "aws_iam_role", "mode": "managed", "values": {}}],
            "child_modules": [{"child_modules": [{"resources": [{
                "type": "aws_iam_role_policy", "mode": "managed",
                "values": {"role": "r", "name": "n", "policy": document.to_string()},
            }]}]}],
        }}});
        policies(&state).unwrap().remove(0)
    }

    #[test]
    fn each_allowed_action_is_a_permission() {
        let found = policy().permissions();
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.sid.as_str(), one.action.as_str()))
            .collect();
        let expected = [
            ("Read", "s3:GetObject"),
            ("Read", "s3:ListBucket"),
            ("Send", "sqs:SendMessage"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn one_action_is_withdrawn_and_all_else_stays() {
        let permissions = policy().permissions();
        let left = permissions[0].withdrawn().unwrap();
        assert_eq!(left["Statement"][0]["Action"], json!(["s3:ListBucket"]));
        assert_eq!(
            left["Statement"][2]["Action"],
            json!(["s3:GetObject"]),
            "a denial stays"
        );
        let left = permissions[2].withdrawn().unwrap();
        assert_eq!(left["Statement"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn the_last_permission_takes_the_policy_with_it() {
        let policy = RolePolicy {
            document: json!({"Statement": [{"Sid": "Only", "Effect": "Allow", "Action": ["a:B"], "Resource": "*"}]}),
            ..policy()
        };
        assert_eq!(policy.permissions()[0].withdrawn(), None);
    }
}
