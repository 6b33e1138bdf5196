//! What Lambda and Terraform set for a service. Nothing is called during a start, so the places need not exist.

use std::net::SocketAddr;

/// Of all services together: each reads its own.
const OURS: [(&str, &str); 23] = [
    ("WORKFLOW_TABLE", "aegis-bench-workflows"),
    ("RESEARCH_QUEUE_URL", QUEUE),
    ("ANALYZE_QUEUE_URL", QUEUE),
    ("APPROVAL_QUEUE_URL", QUEUE),
    ("WRITE_QUEUE_URL", QUEUE),
    ("OWN_QUEUE_URL", QUEUE),
    ("OWN_DLQ_URL", QUEUE),
    ("DEAD_LETTER_URL", QUEUE),
    ("ARTIFACT_BUCKET", "aegis-bench-artifacts"),
    ("CALLBACK_API_URL", "https://api.example.com"),
    ("RESEARCHER_AGENT_ARN", AGENT),
    ("ANALYST_AGENT_ARN", AGENT),
    ("WRITER_AGENT_ARN", AGENT),
    ("TOKEN_KEYS_PARAMETER", "/aegis-bench/token-keys"),
    ("API_AUTHORIZATION", MODES),
    ("EXTERNAL_SOURCES", "partner.crm"),
    ("EXTERNAL_ACCOUNTS", "123456789012"),
    ("APPROVER_SOURCES", "partner.crm"),
    ("EVENT_BUS_NAME", "aegis-bench"),
    ("ENVIRONMENT", "bench"),
    ("LOG_LEVEL", "INFO"),
    ("RETENTION_DAYS", "90"),
    ("APPROVAL_TIMEOUT_HOURS", "24"),
];
const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/aegis-bench";
const AGENT: &str = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/bench-a1";
const MODES: &str = r#"{"start":"iam","read":"iam","approve":"iam","operate":"iam"}"#;

/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
const LAMBDA: [(&str, &str); 11] = [
    ("AWS_REGION", "us-east-1"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
    ("AWS_ACCESS_KEY_ID", "bench"),
    ("AWS_SECRET_ACCESS_KEY", "bench"),
    ("AWS_SESSION_TOKEN", "bench"),
    ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
    ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
];
/// As in a sandbox of Lambda: there is no home with profiles.
const HOME: &str = "/nonexistent";

pub fn environment(runtime_api: SocketAddr) -> impl Iterator<Item = (&'static str, String)> {
    let own = [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string()),
        ("HOME", HOME.to_owned()),
        // Should a service call AWS while it starts, it shall reach nobody.
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9".to_owned()),
    ];
    let fixed = OURS.into_iter().chain(LAMBDA);
    fixed
        .map(|(name, value)| (name, value.to_owned()))
        .chain(own)
}
