//! What calls to AWS suffer, as rules of the fault proxy.
//!
//! Each error has the code by which that service says it, so that the SDK's own retries see what they
//! would see in AWS. A call suffers the first rule that its dice choose.

use serde_json::{Value, json};

/// A kind of fault, and the rule that makes it.
pub struct Fault {
    pub name: &'static str,
    pub rule: Value,
}

/// Each with its probability per call that it applies to.
pub fn all() -> Vec<Fault> {
    let mut faults = throttling();
    faults.extend(broken_calls());
    faults
}

fn fault(name: &'static str, rule: Value) -> Fault {
    Fault { name, rule }
}

fn throttling() -> Vec<Fault> {
    let throttled = |service: &str, probability: f64, code: &str| json!({"service": service, "probability": probability, "error": {"code": code}});
    vec![
        fault(
            "table throttled",
            throttled("dynamodb", 0.04, "ProvisionedThroughputExceededException"),
        ),
        fault(
            "queue throttled",
            throttled("sqs", 0.05, "ThrottlingException"),
        ),
        fault(
            "bus throttled",
            throttled("events", 0.05, "ThrottlingException"),
        ),
        fault("bucket slowed down", throttled("s3", 0.05, "SlowDown")),
        fault(
            "parameter throttled",
            throttled("ssm", 0.10, "ThrottlingException"),
        ),
        fault(
            "table's own error 500",
            throttled("dynamodb", 0.02, "InternalServerError"),
        ),
    ]
}

fn broken_calls() -> Vec<Fault> {
    vec![
        fault(
            "any service's error 500",
            json!({"service": "*", "probability": 0.02, "error": {"code": "InternalFailure", "status": 500}}),
        ),
        fault(
            "connection reset before the call",
            json!({"service": "*", "probability": 0.02, "reset": true}),
        ),
        fault(
            "answer cut off after the call took effect",
            json!({"service": "*", "probability": 0.02, "response": {"abort_bytes": 1}}),
        ),
        fault(
            "no answer for 2 s",
            json!({"service": "*", "probability": 0.005, "timeout_ms": 2000}),
        ),
        fault(
            "slow by 50 to 500 ms",
            json!({"service": "*", "probability": 0.10, "latency": {"min": 50, "max": 500}}),
        ),
    ]
}
