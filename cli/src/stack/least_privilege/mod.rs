//! `aegis test iam`: takes each permission away from each role, and sees whether a test notices.
//!
//! What nobody misses is either not needed, or asked for by AWS alone: the emulator does not ask for everything.

mod account;
mod policies;
mod suite;

use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::stack::description::Description;
use crate::stack::folder::StackFolder;
use crate::stack::least_privilege::account::Account;
use crate::stack::least_privilege::policies::{Permission, policies};
use crate::stack::least_privilege::suite::Suite;

/// Permissions that the emulator never asks for, and where AWS says that it does.
const ASKED_BY_AWS_ALONE: [(&str, &str); 4] = [
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

/// What is tried like all others and may be missed by nobody: statement, action, and why it stays.
const KEPT: [(&str, &str, &str); 2] = [
    (
        "WorkOffOwnQueue",
        "sqs:ChangeMessageVisibility",
        "it sets how soon a message comes back after a passing error, which no test makes happen on the stack",
    ),
    (
        "TellMissingArtifacts",
        "s3:ListBucket",
        "without it AWS answers 403 for an object that is not there: \
         https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html",
    ),
];

/// Runs on the stack that `stack` describes. `only` picks roles by a part of their name.
///
/// # Errors
/// Where permissions are left that no test missed, or the tests fail with all of them.
pub async fn run(
    folder: &StackFolder,
    stack: &Description,
    state: &Value,
    only: &[String],
) -> Result<()> {
    let account = Account::of(stack).await?;
    let suite = Suite::built(folder).await?;
    let wanted = |role: &str| only.is_empty() || only.iter().any(|part| role.contains(part));
    let permissions: Vec<Permission> = policies(state)?
        .iter()
        .filter(|policy| wanted(&policy.role))
        .flat_map(policies::RolePolicy::permissions)
        .collect();
    let mut unnoticed = Vec::new();
    for (number, permission) in permissions.iter().enumerate() {
        let name = format!(
            "{} {} {}",
            permission.policy.role, permission.sid, permission.action
        );
        eprint!("{:>3} of {}: {name}: ", number + 1, permissions.len());
        if let Some(page) = asked_by_aws_alone(permission) {
            eprintln!("not asked for here: {page}");
            continue;
        }
        let began = Instant::now();
        let missed = without(&account, &suite, permission).await?;
        let seconds = began.elapsed().as_secs();
        match missed {
            Some(test) => eprintln!("missed by {test} after {seconds} s"),
            None if let Some(why) = kept(permission) => {
                eprintln!("nobody misses it after {seconds} s; {why}");
            }
            None => {
                eprintln!("NOBODY MISSES IT, {seconds} s");
                unnoticed.push(name);
            }
        }
    }
    if unnoticed.is_empty() {
        return Ok(());
    }
    bail!("no test misses: {}", unnoticed.join("; "))
}

/// The test that missed the permission. It is given back whatever comes of the tests, and then they must pass.
async fn without(
    account: &Account,
    suite: &Suite,
    permission: &Permission,
) -> Result<Option<String>> {
    let policy = &permission.policy;
    account.put(policy, permission.withdrawn().as_ref()).await?;
    let missed = suite.first_failure(&policy.role).await;
    let given_back = account.put(policy, Some(&policy.document)).await;
    given_back.with_context(|| format!("{} is left without {}", policy.role, permission.action))?;
    let missed = missed?;
    if missed.is_some() {
        // What was left behind must not be held against the next permission.
        for _ in 0..CALM_TRIES {
            if suite.first_failure(&policy.role).await?.is_none() {
                return Ok(missed);
            }
        }
        bail!(
            "the tests of {} fail with all of its permissions",
            policy.role
        );
    }
    Ok(None)
}

/// Workflows that stood still meanwhile come to their end during the first of these.
const CALM_TRIES: usize = 3;

fn asked_by_aws_alone(permission: &Permission) -> Option<&'static str> {
    let action = permission.action.as_str();
    if BY_MAPPINGS.contains(&action) {
        return Some(MAPPINGS);
    }
    let mut known = ASKED_BY_AWS_ALONE.iter();
    known
        .find(|(begin, _)| action.starts_with(begin))
        .map(|(_, page)| *page)
}

fn kept(permission: &Permission) -> Option<&'static str> {
    let mut known = KEPT.iter();
    let found =
        known.find(|(sid, action, _)| permission.sid == *sid && permission.action == *action);
    found.map(|(_, _, why)| *why)
}
