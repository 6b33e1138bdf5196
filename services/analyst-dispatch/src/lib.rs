//! What makes the shared dispatcher the one of the analyst.

use aegis_aws::services::DispatcherKind;
use aegis_contracts::agent::Role;

pub const KIND: DispatcherKind = DispatcherKind {
    role: Role::Analyst,
    service: "analyst-dispatch",
    agent_arn: "ANALYST_AGENT_ARN",
    may_create_keys: false,
};
