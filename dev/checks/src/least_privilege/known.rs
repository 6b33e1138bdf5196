//! What is known of permissions beforehand: those that only AWS asks for, and those that stay though no test misses
//! them.

use crate::least_privilege::policies::Permission;

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
