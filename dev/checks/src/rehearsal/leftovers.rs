//! Reads back what an account holds, kind by kind.

use anyhow::{Context as _, Result};

use crate::rehearsal::site::Site;

/// A kind of resource, and how the command line of AWS lists the names of it.
const KINDS: [(&str, &str); 18] = [
    ("bucket", "s3api list-buckets --query Buckets[].Name"),
    ("table", "dynamodb list-tables --query TableNames"),
    ("queue", "sqs list-queues --query QueueUrls"),
    (
        "function",
        "lambda list-functions --query Functions[].FunctionName",
    ),
    (
        "mapping",
        "lambda list-event-source-mappings --query EventSourceMappings[].UUID",
    ),
    ("role", "iam list-roles --query Roles[].RoleName"),
    ("user", "iam list-users --query Users[].UserName"),
    (
        "log group",
        "logs describe-log-groups --query logGroups[].logGroupName",
    ),
    (
        "bus",
        "events list-event-buses --query EventBuses[?Name!=`default`].Name",
    ),
    ("rule", "events list-rules --query Rules[].Name"),
    ("API", "apigatewayv2 get-apis --query Items[].Name"),
    (
        "repository",
        "ecr describe-repositories --query repositories[].repositoryName",
    ),
    (
        "parameter",
        "ssm describe-parameters --query Parameters[].Name",
    ),
    (
        "alarm",
        "cloudwatch describe-alarms --query MetricAlarms[].AlarmName",
    ),
    (
        "dashboard",
        "cloudwatch list-dashboards --query DashboardEntries[].DashboardName",
    ),
    ("topic", "sns list-topics --query Topics[].TopicArn"),
    (
        "stack",
        "cloudformation list-stacks --query StackSummaries[?StackStatus!=`DELETE_COMPLETE`].StackName",
    ),
    (
        "schedule",
        "scheduler list-schedules --query Schedules[].Name",
    ),
];

/// Kind and name of everything that is there.
pub async fn find(site: &Site) -> Result<Vec<(&'static str, String)>> {
    let mut found = Vec::new();
    for (kind, list) in KINDS {
        found.extend(
            listed(site, list)
                .await?
                .into_iter()
                .map(|name| (kind, name)),
        );
    }
    Ok(found)
}

/// Whether there is one of a kind whose name begins like this.
pub async fn there_is(site: &Site, wanted: &str, start: &str) -> Result<bool> {
    let list = KINDS.iter().find(|(kind, _)| *kind == wanted);
    let (_, list) = list.with_context(|| format!("{wanted} is no kind"))?;
    let names = listed(site, list).await?;
    Ok(names.iter().any(|name| name.starts_with(start)))
}

async fn listed(site: &Site, list: &str) -> Result<Vec<String>> {
    let (call, query) = list.split_once(" --query ").unwrap_or((list, ""));
    // Named, because version 1 of the command line looks for queues elsewhere otherwise.
    let line =
        format!("aws --endpoint-url \"$AWS_ENDPOINT_URL\" {call} --output text --query '{query}'");
    let names = site.works(&line).await?.output;
    let names = names.split_whitespace().filter(|name| *name != "None");
    Ok(names.map(str::to_owned).collect())
}
