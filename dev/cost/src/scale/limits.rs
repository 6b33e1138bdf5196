//! What one workflow takes of each thing that is bounded, and how many a minute that allows.

use serde::Serialize;

use super::{
    AGENTS, DISPATCH_SECONDS, INVOCATION_SECONDS, PUBLISH_SECONDS, STOP_SECONDS, Stage,
    WORK_SECONDS,
};
use crate::path::{self, AGENT_PUTS, CALLS, Operation, Trigger};

/// Write units of one partition in a second.
const PARTITION: f64 = 1_000.0;
/// Workflows that one sweep takes from each shard of deadlines: 20 pages of 100.
const SWEPT: f64 = 2_000.0;
/// Visits of a sweep to a workflow whose agents and approver take longer than a minute.
const VISITS: f64 = 4.0;

/// Something that there is only so much of.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Limit {
    pub what: &'static str,
    pub per_workflow: f64,
    /// In a second.
    pub allowed: f64,
    /// A variable of Terraform, or a quota to ask AWS for.
    pub moved_by: &'static str,
    /// What happens to more than that.
    pub beyond: &'static str,
    /// Where AWS says so; nothing where it is ours.
    pub source: &'static str,
}

impl Limit {
    pub fn per_minute(&self) -> f64 {
        60.0 * self.allowed / self.per_workflow
    }
}

const fn limit(
    what: &'static str,
    (per_workflow, allowed): (f64, f64),
    moved_by: &'static str,
    beyond: &'static str,
    source: &'static str,
) -> Limit {
    Limit {
        what,
        per_workflow,
        allowed,
        moved_by,
        beyond,
        source,
    }
}

/// All of them, the narrowest first.
pub fn limits(stage: &Stage) -> Vec<Limit> {
    let mut all = [
        agents(stage),
        table(stage),
        indexes(stage),
        api(stage),
        functions(stage),
    ]
    .concat();
    all.sort_by(|a, b| a.per_minute().total_cmp(&b.per_minute()));
    all
}

/// What gives way first.
pub fn first(stage: &Stage) -> Option<Limit> {
    limits(stage).into_iter().next()
}

const STARTS_WAIT: &str = "starts wait, and are tried again";
const WRITES_WAIT: &str = "writes are throttled: messages come back later, clients get 429 or 503";

fn agents(stage: &Stage) -> Vec<Limit> {
    let session = WORK_SECONDS + STOP_SECONDS;
    vec![
        limit(
            "new agent sessions",
            (AGENTS, stage.new_sessions),
            "quota",
            STARTS_WAIT,
            AGENTCORE,
        ),
        limit(
            "agent sessions at a time",
            (AGENTS * session, stage.sessions),
            "quota",
            STARTS_WAIT,
            AGENTCORE,
        ),
        limit(
            "calls of agents",
            (AGENTS, stage.agent_calls),
            "quota",
            STARTS_WAIT,
            AGENTCORE,
        ),
        limit(
            "each dispatcher's invocations",
            (1.0, stage.dispatches()),
            "`dispatch_concurrency`, `queue_batch_size`",
            "commands wait in their queue",
            QUEUES,
        ),
        limit(
            "new artifacts",
            (AGENT_PUTS as f64, 3_500.0),
            "time: S3 splits the prefix by itself",
            "agents try again",
            S3,
        ),
    ]
}

fn table(stage: &Stage) -> Vec<Limit> {
    let units = path::units(&CALLS).table as f64;
    vec![
        limit(
            "writes of the table",
            (units, stage.table_writes),
            "quota",
            WRITES_WAIT,
            DYNAMODB,
        ),
        limit(
            "writes of the table's partitions",
            (units, PARTITION * stage.partitions),
            "time: a new table has 4, and more as it takes more",
            WRITES_WAIT,
            NEW_TABLES,
        ),
    ]
}

fn indexes(stage: &Stage) -> Vec<Limit> {
    // Into a status and out of it again; the two last statuses are left by nobody.
    let one_status = 2.0;
    // The others are moves between statuses and the first and last row.
    let deadlines = path::units(&CALLS).indexes as f64 - 9.0;
    let sweeps = SWEPT * stage.deadline_shards / 60.0;
    vec![
        limit(
            "writes of one key of `by_status`",
            (one_status, PARTITION * stage.status_shards),
            "`status_shards`",
            WRITES_WAIT,
            HOT_KEYS,
        ),
        limit(
            "writes of the keys of `by_deadline`",
            (deadlines, PARTITION * stage.deadline_shards),
            "`deadline_shards`",
            WRITES_WAIT,
            HOT_KEYS,
        ),
        limit(
            "visits of the sweep",
            (VISITS, sweeps),
            "`deadline_shards`",
            "deadlines are noticed late; what goes well waits for none",
            "",
        ),
    ]
}

fn api(stage: &Stage) -> Vec<Limit> {
    let requests = path::invocations(|by| by == Trigger::Api) as f64;
    vec![
        limit(
            "the API's throttle of starts",
            (1.0, stage.start_throttle_rate),
            "`start_throttle_rate`",
            "clients get 429 and try again",
            ROUTES,
        ),
        limit(
            "the API's throttle",
            (requests, stage.api_throttle_rate),
            "`api_throttle_rate`",
            "clients and agents get 429 and try again",
            API,
        ),
        limit(
            "the account's throttle of APIs",
            (requests, 10_000.0),
            "quota",
            "clients and agents get 429 and try again",
            API,
        ),
    ]
}

fn functions(stage: &Stage) -> Vec<Limit> {
    let invocations = path::invocations(|_| true) as f64;
    let records = path::count(Operation::PutEvents) as f64;
    let events = path::EVENTS as f64 / records;
    // Ten entries go out with one call, one call after the other.
    let calls = (stage.relay_batch_size * events / 10.0).ceil();
    let batch = INVOCATION_SECONDS + calls * PUBLISH_SECONDS;
    let relayed = stage.partitions * stage.relay_parallelization * stage.relay_batch_size / batch;
    let dispatching = AGENTS * stage.dispatch_concurrency;
    vec![
        limit(
            "functions at work",
            (
                (invocations - AGENTS) * INVOCATION_SECONDS,
                1_000.0 - dispatching * DISPATCH_SECONDS,
            ),
            "quota; `reserved_concurrency` in `function_settings` says for whom",
            "messages wait, clients get 503",
            LAMBDA,
        ),
        limit(
            "relay, on the shards of these",
            (records, relayed),
            "`relay_parallelization`, `relay_batch_size`",
            "events are late; the stream keeps them for a day",
            STREAMS,
        ),
        limit(
            "PutEvents, one by one",
            (records, 10_000.0),
            "quota; less where records come in batches",
            "events are late; the stream keeps them for a day",
            EVENTS,
        ),
    ]
}

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
