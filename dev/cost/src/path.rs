//! Every AWS call by which services move one workflow on the happy path.
//!
//! No retry, each agent done within five seconds, approval within a minute, no revision, no client that asks in
//! between.

pub use crate::capacity::Units;

/// An operation of AWS, as its own API calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    TransactWriteItems,
    UpdateItem,
    GetItem,
    Query,
    SendMessage,
    InvokeAgentRuntime,
    StopRuntimeSession,
    HeadObject,
    PutEvents,
}

impl Operation {
    pub fn name(self) -> &'static str {
        match self {
            Self::TransactWriteItems => "TransactWriteItems",
            Self::UpdateItem => "UpdateItem",
            Self::GetItem => "GetItem",
            Self::Query => "Query",
            Self::SendMessage => "SendMessage",
            Self::InvokeAgentRuntime => "InvokeAgentRuntime",
            Self::StopRuntimeSession => "StopRuntimeSession",
            Self::HeadObject => "HeadObject",
            Self::PutEvents => "PutEvents",
        }
    }
}

/// One call.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// The function that makes it, as Terraform names it.
    pub service: &'static str,
    /// What makes it do so.
    pub occasion: &'static str,
    pub operation: Operation,
    /// What is written, read or sent.
    pub what: &'static str,
    /// The call of a port that leads to it.
    pub port: &'static str,
    /// Of the table.
    pub write_units: u64,
    /// Of both indexes.
    pub index_units: u64,
    /// A unit is two: an eventually consistent read costs half of one.
    pub read_halves: u64,
}

const fn call(
    service: &'static str,
    occasion: &'static str,
    (operation, port): (Operation, &'static str),
    what: &'static str,
) -> Call {
    Call {
        service,
        occasion,
        operation,
        what,
        port,
        write_units: 0,
        index_units: 0,
        read_halves: 0,
    }
}

impl Call {
    const fn writes(mut self, table: u64, indexes: u64) -> Self {
        self.write_units = table;
        self.index_units = indexes;
        self
    }

    /// Strongly consistent.
    const fn reads(mut self, units: u64) -> Self {
        self.read_halves = units * 2;
        self
    }
}

const OPEN: (Operation, &str) = (Operation::TransactWriteItems, "open");
const COMMIT: (Operation, &str) = (Operation::TransactWriteItems, "commit");
const TOUCH: (Operation, &str) = (Operation::UpdateItem, "touch");
const LOAD: (Operation, &str) = (Operation::GetItem, "load");
const LOAD_BOTH: (Operation, &str) = (Operation::Query, "load_with_request");
const SEND: (Operation, &str) = (Operation::SendMessage, "send");
const INVOKE: (Operation, &str) = (Operation::InvokeAgentRuntime, "invoke");
const STOP: (Operation, &str) = (Operation::StopRuntimeSession, "stop");
const FACTS: (Operation, &str) = (Operation::HeadObject, "facts");
const PUBLISH: (Operation, &str) = (Operation::PutEvents, "publish");

const RESEARCHER: &str = "researcher-dispatch";
const ANALYST: &str = "analyst-dispatch";
const WRITER: &str = "writer-dispatch";

/// In the order of a workflow's life.
pub const CALLS: [Call; 41] = [
    call("intake", "start", OPEN, "state, request, history 1").writes(6, 2),
    call("intake", "start", SEND, "`RunStep`"),
    call(RESEARCHER, "command", LOAD_BOTH, "state, request").reads(1),
    call(RESEARCHER, "command", INVOKE, "the attempt"),
    call(RESEARCHER, "command", TOUCH, "dispatched").writes(1, 0),
    call("callback", "research done", FACTS, "evidence.json"),
    call("callback", "research done", LOAD, "state").reads(1),
    call("callback", "research done", COMMIT, "state, history 2").writes(4, 3),
    call("callback", "research done", SEND, "`RunStep`"),
    call("callback", "research done", SEND, "`StopSession`"),
    call(RESEARCHER, "stop", LOAD, "state").reads(1),
    call(RESEARCHER, "stop", STOP, "the session"),
    call(ANALYST, "command", LOAD_BOTH, "state, request").reads(1),
    call(ANALYST, "command", INVOKE, "the attempt"),
    call(ANALYST, "command", TOUCH, "dispatched").writes(1, 0),
    call("callback", "analysis done", FACTS, "analysis.json"),
    call("callback", "analysis done", LOAD, "state").reads(1),
    call("callback", "analysis done", COMMIT, "state, history 3").writes(4, 4),
    call("callback", "analysis done", SEND, "`RequestApproval`"),
    call("callback", "analysis done", SEND, "`StopSession`"),
    call(ANALYST, "stop", LOAD, "state").reads(1),
    call(ANALYST, "stop", STOP, "the session"),
    call("approval", "command", LOAD, "state").reads(1),
    call("approval", "command", TOUCH, "notified").writes(1, 0),
    call("approval", "decision", LOAD, "state").reads(1),
    call("approval", "decision", COMMIT, "state, history 4").writes(4, 4),
    call("approval", "decision", SEND, "`RunStep`"),
    call(WRITER, "command", LOAD_BOTH, "state, request").reads(1),
    call(WRITER, "command", INVOKE, "the attempt"),
    call(WRITER, "command", TOUCH, "dispatched").writes(1, 0),
    call("callback", "report done", FACTS, "report.md"),
    call("callback", "report done", LOAD, "state").reads(1),
    call("callback", "report done", COMMIT, "state, history 5").writes(6, 3),
    call("callback", "report done", SEND, "`StopSession`"),
    call(WRITER, "stop", LOAD, "state").reads(1),
    call(WRITER, "stop", STOP, "the session"),
    call("relay", "history 1", PUBLISH, "1 event"),
    call("relay", "history 2", PUBLISH, "1 event"),
    call("relay", "history 3", PUBLISH, "2 events"),
    call("relay", "history 4", PUBLISH, "1 event"),
    call("relay", "history 5", PUBLISH, "2 events"),
];

/// What starts a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    Api,
    Queue,
    Stream,
}

/// How often each function is invoked, and by what.
pub const INVOCATIONS: [(&str, Trigger, u64); 8] = [
    ("intake", Trigger::Api, 1),
    (RESEARCHER, Trigger::Queue, 2),
    (ANALYST, Trigger::Queue, 2),
    (WRITER, Trigger::Queue, 2),
    ("callback", Trigger::Api, 3),
    ("approval", Trigger::Queue, 1),
    ("approval", Trigger::Api, 1),
    ("relay", Trigger::Stream, 5),
];

/// Events on the bus.
pub const EVENTS: u64 = 7;

/// What agents do with the bucket: of each a claim, a result and a completion record, all written once; each looks for
/// a completion record first, the analyst reads the evidence, the writer evidence and analysis.
pub const AGENT_PUTS: u64 = 9;
pub const AGENT_GETS: u64 = 6;

/// Bytes that the services send for one workflow at most, a tenth more than was seen on a local run. Below 64 KB a
/// message or event costs the same; more of them costs time and logs.
pub const MOST_BYTES: [(Operation, u64); 4] = [
    (Operation::TransactWriteItems, 11_700),
    (Operation::UpdateItem, 4_950),
    (Operation::SendMessage, 3_450),
    (Operation::PutEvents, 5_800),
];

/// Of these calls.
pub fn units<'a>(calls: impl IntoIterator<Item = &'a Call>) -> Units {
    let of = |call: &Call| Units {
        table: call.write_units,
        indexes: call.index_units,
        read_halves: call.read_halves,
    };
    calls
        .into_iter()
        .fold(Units::default(), |sum, call| sum + of(call))
}

/// How many calls services make.
pub fn calls() -> u64 {
    CALLS.len() as u64
}

pub fn count(operation: Operation) -> u64 {
    let calls = CALLS.iter().filter(|call| call.operation == operation);
    calls.count() as u64
}

pub fn invocations(of: impl Fn(Trigger) -> bool) -> u64 {
    let wanted = INVOCATIONS.iter().filter(|(_, trigger, _)| of(*trigger));
    wanted.map(|(_, _, times)| times).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was set out to be kept, beside what stops sessions; DynamoDB alone makes a third of the calls.
    #[test]
    fn the_targets_are_kept() {
        let stops = |call: &&Call| call.occasion == "stop" || call.what == "`StopSession`";
        let others = calls() - CALLS.iter().filter(stops).count() as u64;
        assert!(others <= 40, "{others} calls");
        assert_eq!(
            count(Operation::SendMessage),
            invocations(|by| by == Trigger::Queue)
        );
        assert_eq!(
            count(Operation::PutEvents),
            invocations(|by| by == Trigger::Stream)
        );
    }
}
