//! Policies of roles, as Terraform's state holds them, and each with one action less.

use anyhow::{Context as _, Result};
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
