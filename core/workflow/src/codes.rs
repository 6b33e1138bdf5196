//! The codes with which the platform itself ends an attempt or a workflow. Agents have codes of their own;
//! `docs/failure-codes.md` lists both and says what to do about each.

/// No dispatcher picked the command up, however often it was sent.
pub const UNDELIVERABLE: &str = "undeliverable";
/// The agent's runtime had no free session for as long as a step waits for one.
pub const AGENT_CAPACITY: &str = "agent_capacity";
/// The agent's runtime refused the attempt for good.
pub const AGENT_REFUSED: &str = "agent_refused";
/// The agent was dispatched and never gave a sign of life.
pub const AGENT_NOT_STARTED: &str = "agent_not_started";
/// The agent stopped giving signs of life.
pub const AGENT_SILENT: &str = "agent_silent";
/// The attempt took longer than a step may.
pub const STEP_TIMEOUT: &str = "step_timeout";
/// The workflow has used more than its request allows.
pub const BUDGET_EXCEEDED: &str = "budget_exceeded";

/// The step did not say how many items it found for the steps that run for each.
pub const ITEMS_MISSING: &str = "items_missing";
/// The step found more items than its flow allows.
pub const TOO_MANY_ITEMS: &str = "too_many_items";

/// Each, and whether the attempt is tried again.
pub const ALL: [(&str, bool); 9] = [
    (UNDELIVERABLE, false),
    (AGENT_CAPACITY, false),
    (AGENT_REFUSED, false),
    (AGENT_NOT_STARTED, true),
    (AGENT_SILENT, true),
    (STEP_TIMEOUT, true),
    (BUDGET_EXCEEDED, false),
    (ITEMS_MISSING, false),
    (TOO_MANY_ITEMS, false),
];
