//! The pages on which AWS says what it allows, as of November 2026, for us-east-1.

pub const DYNAMODB: &str =
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html";
pub const HOT_KEYS: &str =
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html";
pub const NEW_TABLES: &str =
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html";
pub const AGENTCORE: &str =
    "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/bedrock-agentcore-limits.html";
pub const LAMBDA: &str = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html";
pub const STREAMS: &str = "https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html";
pub const QUEUES: &str = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html";
pub const EVENTS: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html";
pub const API: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html";
pub const ROUTES: &str =
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html";
pub const S3: &str =
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html";
