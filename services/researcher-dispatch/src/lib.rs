//! What makes the shared dispatcher the one of the researcher.

use aegis_aws::services::DispatcherKind;
use aegis_contracts::agent::Role;

pub const KIND: DispatcherKind = DispatcherKind {
    role: Role::Researcher,
    service: "researcher-dispatch",
    agent_arn: "RESEARCHER_AGENT_ARN",
    may_create_keys: true,
};
