//! The deployer's policy allows what each kind of resource in the Terraform sources takes to make, read, change and remove, on
//! the names that our resources have; and nothing that none of them takes.
//!
//! Which actions these are is written down here, from the Service Authorization Reference, from what the provider calls, and for
//! CloudFormation's types from the permissions in their schemas. No account has confirmed it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hcl_edit::structure::Body;
use serde_json::Value;
use walkdir::WalkDir;

/// An inline policy of a role; all of a role's together. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const INLINE_LIMIT: usize = 10_240;

const API: &str = "arn:aws:apigateway:us-east-1::/apis/a1b2c3d4e5";
const DOMAIN: &str = "arn:aws:apigateway:us-east-1::/domainnames/api.example.com";
const BUCKET: &str = "arn:aws:s3:::aegis-dev-artifacts-123456789012";
const STATE_BUCKET: &str = "arn:aws:s3:::aegis-state-123456789012";
const STATE: &str = "arn:aws:s3:::aegis-state-123456789012/env:/dev/aegis/terraform.tfstate";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:aegis-dev-intake";
const ROLE: &str = "arn:aws:iam::123456789012:role/aegis-dev-intake";
const RULE: &str = "arn:aws:events:us-east-1:123456789012:rule/aegis-dev-bus/aegis-dev-event-log";
const SCHEDULE: &str = "arn:aws:events:us-east-1:123456789012:rule/aegis-dev-deadlines";
const BUS: &str = "arn:aws:events:us-east-1:123456789012:event-bus/aegis-dev-bus";
const REPOSITORY: &str = "arn:aws:ecr:us-east-1:123456789012:repository/aegis-dev-writer-agent";
const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:aegis-dev-alarms";
const ALARM: &str = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:aegis-dev-health";
const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222";
const MAPPING: &str = "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:11111111-2222";
const RUNTIME: &str =
    "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/aegis_dev_writer-a1b2c3d4e5";
const ANY: &str = "*";

/// A kind, on what, and the actions: of one service, `service: Action Action`.
#[rustfmt::skip]
const NEEDS: &[(&str, &str, &str)] = &[
    ("aws_acm_certificate", ANY, "acm: RequestCertificate"),
    ("aws_acm_certificate", CERTIFICATE, "acm: DescribeCertificate DeleteCertificate ListTagsForCertificate AddTagsToCertificate RemoveTagsFromCertificate"),
    ("aws_acm_certificate_validation", CERTIFICATE, "acm: DescribeCertificate"),
    ("aws_apigatewayv2_api", "arn:aws:apigateway:us-east-1::/apis", "apigateway: POST"),
    ("aws_apigatewayv2_api", API, "apigateway: GET PATCH DELETE"),
    ("aws_apigatewayv2_api", "arn:aws:apigateway:us-east-1::/tags/arn", "apigateway: GET POST PUT DELETE TagResource UntagResource"),
    ("aws_apigatewayv2_api_mapping", DOMAIN, "apigateway: GET POST PATCH DELETE"),
    ("aws_apigatewayv2_authorizer", API, "apigateway: GET POST PATCH DELETE"),
    ("aws_apigatewayv2_domain_name", "arn:aws:apigateway:us-east-1::/domainnames", "apigateway: POST"),
    ("aws_apigatewayv2_domain_name", DOMAIN, "apigateway: GET PATCH DELETE"),
    ("aws_apigatewayv2_domain_name", "arn:aws:iam::123456789012:role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway", "iam: CreateServiceLinkedRole"),
    ("aws_apigatewayv2_integration", API, "apigateway: GET POST PATCH DELETE"),
    ("aws_apigatewayv2_route", API, "apigateway: GET POST PATCH DELETE"),
    ("aws_apigatewayv2_stage", API, "apigateway: GET POST PATCH DELETE"),
    // Its access log: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
    ("aws_apigatewayv2_stage", ANY, "logs: CreateLogDelivery GetLogDelivery UpdateLogDelivery DeleteLogDelivery ListLogDeliveries PutResourcePolicy DescribeResourcePolicies DescribeLogGroups"),
    ("aws_budgets_budget", "arn:aws:budgets::123456789012:budget/aegis-dev", "budgets: ModifyBudget ViewBudget ListTagsForResource TagResource UntagResource"),
    ("aws_cloudformation_stack", "arn:aws:cloudformation:us-east-1:123456789012:stack/aegis-dev-writer-runtime/1", "cloudformation: CreateStack DescribeStacks DescribeStackEvents GetTemplate UpdateStack DeleteStack TagResource UntagResource"),
    ("AWS::BedrockAgentCore::Runtime", RUNTIME, "bedrock-agentcore: CreateAgentRuntime CreateAgentRuntimeEndpoint GetAgentRuntime GetAgentRuntimeEndpoint UpdateAgentRuntime UpdateAgentRuntimeEndpoint DeleteAgentRuntime DeleteAgentRuntimeEndpoint ListTagsForResource TagResource UntagResource ListAgentRuntimes"),
    ("AWS::BedrockAgentCore::Runtime", "arn:aws:bedrock-agentcore:us-east-1:123456789012:workload-identity-directory/default", "bedrock-agentcore: CreateWorkloadIdentity DeleteWorkloadIdentity"),
    ("AWS::BedrockAgentCore::Runtime", "arn:aws:iam::123456789012:role/aegis-dev-writer-agent", "iam: PassRole"),
    ("AWS::BedrockAgentCore::Runtime", "arn:aws:iam::123456789012:role/aws-service-role/runtime-identity.bedrock-agentcore.amazonaws.com/AWSServiceRoleForBedrockAgentCoreRuntimeIdentity", "iam: CreateServiceLinkedRole"),
    // With agent_network.
    ("AWS::BedrockAgentCore::Runtime", ANY, "ec2: DescribeVpcs DescribeSubnets DescribeSecurityGroups CreateNetworkInterface"),
    ("AWS::BedrockAgentCore::RuntimeEndpoint", RUNTIME, "bedrock-agentcore: CreateAgentRuntimeEndpoint GetAgentRuntimeEndpoint UpdateAgentRuntimeEndpoint DeleteAgentRuntimeEndpoint ListAgentRuntimeEndpoints TagResource"),
    ("aws_cloudwatch_composite_alarm", ALARM, "cloudwatch: PutCompositeAlarm DeleteAlarms ListTagsForResource TagResource UntagResource"),
    ("aws_cloudwatch_composite_alarm", ANY, "cloudwatch: DescribeAlarms"),
    ("aws_cloudwatch_dashboard", "arn:aws:cloudwatch::123456789012:dashboard/aegis-dev", "cloudwatch: PutDashboard GetDashboard DeleteDashboards"),
    ("aws_cloudwatch_event_bus", BUS, "events: CreateEventBus DescribeEventBus UpdateEventBus DeleteEventBus ListTagsForResource TagResource UntagResource"),
    ("aws_cloudwatch_event_bus_policy", BUS, "events: PutPermission DescribeEventBus RemovePermission"),
    ("aws_cloudwatch_event_rule", RULE, "events: PutRule DescribeRule DeleteRule ListTagsForResource TagResource UntagResource"),
    ("aws_cloudwatch_event_rule", SCHEDULE, "events: PutRule DescribeRule DeleteRule ListTagsForResource TagResource UntagResource"),
    ("aws_cloudwatch_event_target", RULE, "events: PutTargets ListTargetsByRule RemoveTargets"),
    ("aws_cloudwatch_event_target", SCHEDULE, "events: PutTargets ListTargetsByRule RemoveTargets"),
    ("aws_cloudwatch_log_group", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/aegis-dev-intake", "logs: CreateLogGroup DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy AssociateKmsKey DisassociateKmsKey ListTagsForResource TagResource UntagResource"),
    ("aws_cloudwatch_log_group", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/apigateway/aegis-dev-api:*", "logs: CreateLogGroup DeleteLogGroup"),
    ("aws_cloudwatch_log_group", ANY, "logs: DescribeLogGroups"),
    ("aws_cloudwatch_log_resource_policy", ANY, "logs: PutResourcePolicy DescribeResourcePolicies DeleteResourcePolicy"),
    ("aws_cloudwatch_metric_alarm", ALARM, "cloudwatch: PutMetricAlarm DeleteAlarms ListTagsForResource TagResource UntagResource"),
    ("aws_cloudwatch_metric_alarm", ANY, "cloudwatch: DescribeAlarms"),
    ("aws_dynamodb_table", "arn:aws:dynamodb:us-east-1:123456789012:table/aegis-dev-workflows", "dynamodb: CreateTable DescribeTable UpdateTable DeleteTable UpdateTimeToLive DescribeTimeToLive UpdateContinuousBackups DescribeContinuousBackups ListTagsOfResource TagResource UntagResource"),
    ("aws_ecr_lifecycle_policy", REPOSITORY, "ecr: PutLifecyclePolicy GetLifecyclePolicy DeleteLifecyclePolicy"),
    ("aws_ecr_repository", REPOSITORY, "ecr: CreateRepository DescribeRepositories DeleteRepository PutImageScanningConfiguration PutImageTagMutability ListTagsForResource TagResource UntagResource"),
    ("aws_iam_role", ROLE, "iam: CreateRole GetRole DeleteRole UpdateRole UpdateAssumeRolePolicy ListRolePolicies ListAttachedRolePolicies ListInstanceProfilesForRole TagRole UntagRole"),
    ("aws_iam_role_policy", ROLE, "iam: PutRolePolicy GetRolePolicy DeleteRolePolicy"),
    ("aws_kms_alias", "arn:aws:kms:us-east-1:123456789012:alias/aegis-dev-alarms", "kms: CreateAlias UpdateAlias DeleteAlias"),
    ("aws_kms_alias", KEY, "kms: CreateAlias UpdateAlias DeleteAlias"),
    ("aws_kms_alias", ANY, "kms: ListAliases"),
    ("aws_kms_key", ANY, "kms: CreateKey"),
    ("aws_kms_key", KEY, "kms: DescribeKey GetKeyPolicy PutKeyPolicy GetKeyRotationStatus EnableKeyRotation UpdateKeyDescription ListResourceTags TagResource UntagResource ScheduleKeyDeletion"),
    ("aws_lambda_event_source_mapping", ANY, "lambda: CreateEventSourceMapping UpdateEventSourceMapping DeleteEventSourceMapping"),
    ("aws_lambda_event_source_mapping", MAPPING, "lambda: GetEventSourceMapping ListTags TagResource UntagResource"),
    ("aws_lambda_function", FUNCTION, "lambda: CreateFunction GetFunction GetFunctionConfiguration GetFunctionCodeSigningConfig GetFunctionConcurrency ListVersionsByFunction UpdateFunctionCode UpdateFunctionConfiguration PutFunctionConcurrency DeleteFunctionConcurrency DeleteFunction ListTags TagResource UntagResource"),
    ("aws_lambda_function", ROLE, "iam: PassRole"),
    ("aws_lambda_function", "arn:aws:s3:::aegis-dev-code-123456789012/intake/1.zip", "s3: GetObject"),
    ("aws_lambda_function_event_invoke_config", FUNCTION, "lambda: PutFunctionEventInvokeConfig GetFunctionEventInvokeConfig UpdateFunctionEventInvokeConfig DeleteFunctionEventInvokeConfig"),
    ("aws_lambda_permission", FUNCTION, "lambda: AddPermission GetPolicy RemovePermission"),
    ("aws_route53_record", "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ", "route53: ChangeResourceRecordSets ListResourceRecordSets GetHostedZone"),
    ("aws_route53_record", "arn:aws:route53:::change/C0123456789ABCDEFGHIJ", "route53: GetChange"),
    ("aws_s3_bucket", BUCKET, "s3: CreateBucket DeleteBucket ListBucket ListBucketVersions GetBucketLocation GetBucketAcl GetBucketCORS GetBucketPolicy GetBucketWebsite GetBucketLogging GetBucketVersioning GetBucketRequestPayment GetBucketObjectLockConfiguration GetAccelerateConfiguration GetReplicationConfiguration GetEncryptionConfiguration GetLifecycleConfiguration GetBucketTagging PutBucketTagging ListTagsForResource TagResource UntagResource"),
    ("aws_s3_bucket", "arn:aws:s3:::aegis-dev-artifacts-123456789012/workflows/wf_1/report.md", "s3: DeleteObject DeleteObjectVersion"),
    ("aws_s3_bucket_lifecycle_configuration", BUCKET, "s3: PutLifecycleConfiguration GetLifecycleConfiguration"),
    ("aws_s3_bucket_policy", BUCKET, "s3: PutBucketPolicy GetBucketPolicy DeleteBucketPolicy"),
    ("aws_s3_bucket_public_access_block", BUCKET, "s3: PutBucketPublicAccessBlock GetBucketPublicAccessBlock"),
    ("aws_s3_bucket_server_side_encryption_configuration", BUCKET, "s3: PutEncryptionConfiguration GetEncryptionConfiguration"),
    ("aws_s3_bucket_versioning", BUCKET, "s3: PutBucketVersioning GetBucketVersioning"),
    ("aws_s3_object", "arn:aws:s3:::aegis-dev-code-123456789012/intake/1.zip", "s3: PutObject GetObject GetObjectTagging PutObjectTagging DeleteObject DeleteObjectVersion AbortMultipartUpload"),
    ("aws_sns_topic", TOPIC, "sns: CreateTopic GetTopicAttributes SetTopicAttributes DeleteTopic ListTagsForResource TagResource UntagResource"),
    ("aws_sns_topic_subscription", TOPIC, "sns: Subscribe"),
    ("aws_sns_topic_subscription", ANY, "sns: GetSubscriptionAttributes SetSubscriptionAttributes Unsubscribe"),
    ("aws_sqs_queue", "arn:aws:sqs:us-east-1:123456789012:aegis-dev-intake-dlq", "sqs: CreateQueue GetQueueAttributes GetQueueUrl SetQueueAttributes DeleteQueue ListQueueTags TagQueue UntagQueue"),
    ("data_aws_ecr_image", REPOSITORY, "ecr: DescribeImages"),
];

/// What needs no permission at all.
const FREE: [&str; 2] = ["data_aws_caller_identity", "data_aws_partition"];

/// What deploy.sh does beside Terraform.
#[rustfmt::skip]
const SCRIPT_NEEDS: &[(&str, &str, &str)] = &[
    ("check", ANY, "lambda: GetAccountSettings"),
    ("--remote-state", STATE_BUCKET, "s3: CreateBucket ListBucket PutBucketPublicAccessBlock PutBucketVersioning PutEncryptionConfiguration PutBucketPolicy"),
    ("state", STATE_BUCKET, "s3: ListBucket"),
    ("state", STATE, "s3: GetObject PutObject DeleteObject"),
    ("agent-image/build.sh", ANY, "ecr: GetAuthorizationToken"),
    ("agent-image/build.sh", REPOSITORY, "ecr: BatchCheckLayerAvailability InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage BatchGetImage GetDownloadUrlForLayer DescribeImages"),
    ("test", "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/$default/POST/workflows", "execute-api: Invoke"),
    ("destroy", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/bedrock-agentcore/runtimes/aegis_dev_writer-a1b2c3d4e5-DEFAULT", "logs: DeleteLogGroup"),
    ("destroy", ANY, "logs: DescribeLogGroups"),
    ("destroy", "arn:aws:ssm:us-east-1:123456789012:parameter/aegis/dev", "ssm: GetParametersByPath"),
    ("destroy", "arn:aws:ssm:us-east-1:123456789012:parameter/aegis/dev/callback-token-keys", "ssm: DeleteParameters"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn policy(name: &str) -> Value {
    let file = root().join("terraform/examples").join(name);
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        other => {
            let list = other.as_array().unwrap().iter();
            list.map(|one| one.as_str().unwrap()).collect()
        }
    }
}

/// As IAM compares: `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            rest.is_empty()
                || text
                    .char_indices()
                    .any(|(at, _)| matches(rest, &text[at..]))
        }),
    }
}

/// Statement and pattern of each grant that covers it. Conditions are left to the reader.
fn granted<'a>(policy: &'a Value, action: &str, resource: &str) -> Vec<(&'a str, &'a str)> {
    let statements = policy["Statement"].as_array().unwrap().iter();
    let on = statements.filter(|statement| {
        texts(&statement["Resource"])
            .iter()
            .any(|pattern| matches(pattern, resource))
    });
    on.flat_map(|statement| {
        let sid = statement["Sid"].as_str().unwrap();
        let actions = texts(&statement["Action"]).into_iter();
        actions.map(move |pattern| (sid, pattern))
    })
    .filter(|(_, pattern)| matches(pattern, action))
    .collect()
}

fn calls(actions: &str) -> impl Iterator<Item = String> {
    let (service, names) = actions.split_once(": ").unwrap();
    names
        .split(' ')
        .map(move |name| format!("{service}:{name}"))
}

/// Kinds of resources and data in the sources, and of CloudFormation's in the templates.
fn kinds() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let files = WalkDir::new(root().join("terraform")).into_iter();
    for entry in files.filter_entry(|entry| entry.file_name() != ".terraform") {
        let path = entry.unwrap().into_path();
        if path.extension().is_none_or(|end| end != "tf") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        let types = text.split('"').filter(|part| {
            part.starts_with("AWS::") && part.chars().all(|c| c.is_alphanumeric() || c == ':')
        });
        found.extend(types.map(str::to_owned));
        let body: Body = text.parse().unwrap();
        for block in body.blocks() {
            let name = block.labels.first().map_or("", |label| label.as_str());
            match block.ident.as_str() {
                "resource" if name.starts_with("aws_") => found.insert(name.to_owned()),
                "data" => found.insert(format!("data_{name}")),
                _ => false,
            };
        }
    }
    found
}

#[test]
fn the_deployer_may_do_what_each_resource_takes() {
    let policy = policy("deployer-policy.json");
    let mut missing = Vec::new();
    let mut used = BTreeSet::new();
    for (who, resource, actions) in NEEDS.iter().chain(SCRIPT_NEEDS) {
        for action in calls(actions) {
            let grants = granted(&policy, &action, resource);
            if grants.is_empty() {
                missing.push(format!("{who}: {action} on {resource}"));
            }
            used.extend(grants);
        }
    }
    assert!(missing.is_empty(), "not allowed: {missing:#?}");
    for statement in policy["Statement"].as_array().unwrap() {
        let sid = statement["Sid"].as_str().unwrap();
        for action in texts(&statement["Action"]) {
            assert!(
                used.contains(&(sid, action)),
                "{sid}: nothing takes {action}"
            );
        }
    }
}

#[test]
fn each_kind_of_resource_says_what_it_takes() {
    let known = NEEDS.iter().map(|(kind, ..)| *kind).chain(FREE);
    let known: BTreeSet<String> = known.map(str::to_owned).collect();
    assert_eq!(
        kinds(),
        known,
        "NEEDS has a row for each kind, and for no other"
    );
}

/// A plan reads with AWS's `ReadOnlyAccess`; what it writes is the state's lock.
#[test]
fn the_planner_may_lock_the_state_and_write_nothing_else() {
    let policy = policy("planner-policy.json");
    let lock = format!("{STATE}.tflock");
    for action in ["s3:PutObject", "s3:DeleteObject"] {
        assert!(
            !granted(&policy, action, &lock).is_empty(),
            "{action} of the lock"
        );
        assert!(
            granted(&policy, action, STATE).is_empty(),
            "{action} of the state"
        );
    }
    let statements = policy["Statement"].as_array().unwrap().iter();
    let actions: BTreeSet<&str> = statements
        .flat_map(|statement| texts(&statement["Action"]))
        .collect();
    assert_eq!(actions, BTreeSet::from(["s3:DeleteObject", "s3:PutObject"]));
}

#[test]
fn the_policy_fits_into_a_role() {
    let text = policy("deployer-policy.json").to_string();
    let size = text.chars().filter(|c| !c.is_whitespace()).count();
    assert!(size <= INLINE_LIMIT, "{size} characters");
}

#[test]
fn patterns_are_compared_as_iam_does() {
    assert!(matches("s3:Get*", "s3:GetObject"));
    assert!(matches(
        "arn:*:log-group:/aws/*/aegis-*",
        "arn:x:log-group:/aws/lambda/aegis-dev"
    ));
    assert!(!matches("s3:Get", "s3:GetObject"));
    assert!(!matches(
        "arn:aws:s3:::aegis-*",
        "arn:aws:s3:::other-aegis-1"
    ));
    assert!(!matches("*.tflock", "terraform.tfstate"));
}
