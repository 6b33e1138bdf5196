//! How much of what a workflow uses, and an idle stage.
//!
//! Calls and units are those of the list; docs/cost.md says what is assumed of times and sizes.

use crate::path::{self, Operation, Trigger};
use crate::scale::{AGENTS, DISPATCH_SECONDS, INVOCATION_SECONDS, STOP_SECONDS};

/// So much of one thing that AWS has a price for.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    pub what: &'static str,
    pub quantity: f64,
    /// Its name in the list of prices.
    pub price: &'static str,
}

const fn line(what: &'static str, quantity: f64, price: &'static str) -> Line {
    Line {
        what,
        quantity,
        price,
    }
}

/// Hours of a month, as AWS counts them.
pub const HOURS: f64 = 730.0;
const MINUTES: f64 = HOURS * 60.0;

/// Of functions, as Terraform gives it to them.
const MEMORY_GB: f64 = 0.25;
/// Of an agent's session, its machine's own share included: assumed.
const SESSION_GB: f64 = 1.1;
/// How much of one processor an agent at work uses on average, as it waits for models and sources: assumed.
const SESSION_VCPU: f64 = 0.1;
const SECONDS_AN_HOUR: f64 = 3_600.0;

/// A command is sent, received and deleted. Lambda receives and deletes by the batch, so that many at once cost less.
const REQUESTS_PER_COMMAND: u64 = 3;

/// What functions log of one workflow at INFO, in bytes: a tenth more than was seen on a local run.
pub const LOG_BYTES: u64 = 5_950;
/// A line of the API's access log, in bytes: assumed.
pub const ACCESS_LOG_BYTES: u64 = 500;
/// What EventBridge adds to an event that it writes to a log, in bytes: assumed.
const EVENT_ENVELOPE_BYTES: u64 = 250;

/// What the log of events takes, in bytes.
fn event_log_bytes() -> u64 {
    let published = path::MOST_BYTES.iter();
    let published = published.filter(|(operation, _)| *operation == Operation::PutEvents);
    published.map(|(_, bytes)| bytes).sum::<u64>() + path::EVENTS * EVENT_ENVELOPE_BYTES
}

/// Requests to the API and records of the stream begin a trace each; what comes over a queue belongs to its sender's.
/// X-Ray records the first of each second and function, and one in twenty of the others: all, where they are few.
fn traces() -> u64 {
    path::invocations(|by| by != Trigger::Queue)
}

/// One workflow on the happy path, without its artifacts and its agents' sessions.
pub fn workflow() -> Vec<Line> {
    let invocations = path::invocations(|_| true);
    let over_the_api = path::invocations(|by| by == Trigger::Api);
    let units = path::units(&path::CALLS);
    let commands = path::count(Operation::SendMessage);
    let looks = path::count(Operation::HeadObject);
    let logged = LOG_BYTES + over_the_api * ACCESS_LOG_BYTES;
    vec![
        line(
            "DynamoDB write units",
            units.written() as f64,
            "dynamodb_write_unit",
        ),
        line("DynamoDB read units", units.read(), "dynamodb_read_unit"),
        line(
            "HTTP API requests: start, results, decision",
            over_the_api as f64,
            "http_api_request",
        ),
        line(
            "EventBridge events",
            path::EVENTS as f64,
            "eventbridge_event",
        ),
        line(
            "SQS requests: commands sent, received, deleted",
            (commands * REQUESTS_PER_COMMAND) as f64,
            "sqs_request",
        ),
        line("Lambda requests", invocations as f64, "lambda_request"),
        line(
            "Lambda GB seconds, at 256 MB: a second where an agent is started, else 50 ms",
            MEMORY_GB
                * ((invocations as f64 - AGENTS) * INVOCATION_SECONDS + AGENTS * DISPATCH_SECONDS),
            "lambda_arm64_gb_second",
        ),
        line("S3 HeadObject", looks as f64, "s3_get"),
        line("GB of logs", logged as f64 / 1e9, "logs_gb"),
        line(
            "GB of the log of events, `event_log`",
            event_log_bytes() as f64 / 1e9,
            "logs_gb",
        ),
        line(
            "X-Ray traces, `xray_tracing`, at most",
            traces() as f64,
            "xray_trace",
        ),
    ]
}

/// The sessions of one workflow's agents from their reports until they are stopped.
pub fn sessions() -> Vec<Line> {
    vec![line(
        "GB hours of sessions: 6 s each until they are stopped, of 1.1 GB",
        AGENTS * STOP_SECONDS * SESSION_GB / SECONDS_AN_HOUR,
        "agentcore_gb_hour",
    )]
}

/// The agents of one workflow, each of which works for so long.
pub fn agents(seconds: f64) -> Vec<Line> {
    let hours = AGENTS * seconds / SECONDS_AN_HOUR;
    vec![
        line(
            "GB hours of agents at work, of 1.1 GB",
            hours * SESSION_GB,
            "agentcore_gb_hour",
        ),
        line(
            "vCPU hours of agents at work, a tenth of their time",
            hours * SESSION_VCPU,
            "agentcore_vcpu_hour",
        ),
    ]
}

/// What the agents of one workflow write and read.
pub fn artifacts() -> Vec<Line> {
    vec![
        line("S3 PutObject by agents", path::AGENT_PUTS as f64, "s3_put"),
        line("S3 GetObject by agents", path::AGENT_GETS as f64, "s3_get"),
    ]
}

/// Queues that a function polls.
const QUEUES: f64 = 7.0;
/// Lambda keeps about five long polls of 20 s open per queue.
const POLLS_PER_MINUTE: f64 = 5.0 * 3.0;
/// Queries of one sweep: a shard of deadlines each.
const QUERIES: f64 = 4.0;
/// Of a query that finds nothing and may lag.
const READ_UNITS: f64 = 0.5;

/// What a stage uses in a month in which nothing happens.
pub fn idle() -> Vec<Line> {
    vec![
        line(
            "SQS requests: empty polls of seven queues",
            QUEUES * POLLS_PER_MINUTE * MINUTES,
            "sqs_request",
        ),
        line(
            "Lambda requests: a sweep each minute",
            MINUTES,
            "lambda_request",
        ),
        line(
            "Lambda GB seconds of the sweeps",
            MINUTES * INVOCATION_SECONDS * MEMORY_GB,
            "lambda_arm64_gb_second",
        ),
        line(
            "DynamoDB read units of the sweeps",
            MINUTES * QUERIES * READ_UNITS,
            "dynamodb_read_unit",
        ),
    ]
}

/// Alarms of a stage: two for each of eight functions, the age of seven queues, nine dead-letter queues, and four more.
const ALARMS: f64 = 36.0;

/// `alarms = true`, whether anything happens or not.
pub fn watching() -> Vec<Line> {
    vec![
        line("alarms", ALARMS, "alarm_month"),
        line("the alarm that sums them up", 1.0, "composite_alarm_month"),
        line("dashboard", 1.0, "dashboard_month"),
        line("the KMS key of the alarms' topic", 1.0, "kms_key_month"),
    ]
}

/// Metrics that one workflow gives a value: CloudWatch asks for each by the hour in which it has one.
const METRICS: f64 = 10.0;

/// `hours` of a month in which workflows ran.
pub fn metrics(hours: f64) -> Vec<Line> {
    vec![line(
        "metrics, in the hours that have values",
        METRICS * hours.min(HOURS) / HOURS,
        "metric_month",
    )]
}

/// What lies around, in GB.
pub fn storage(artifacts: f64, images: f64) -> Vec<Line> {
    vec![
        line("GB of artifacts in S3", artifacts, "s3_gb_month"),
        line("GB of images in ECR", images, "ecr_gb_month"),
    ]
}
