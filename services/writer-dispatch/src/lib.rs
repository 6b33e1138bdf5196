//! What makes the shared dispatcher the one of the writer.

use aegis_aws::services::DispatcherKind;
use aegis_contracts::agent::Role;

pub const KIND: DispatcherKind = DispatcherKind {
    role: Role::Writer,
    service: "writer-dispatch",
    agent_arn: "WRITER_AGENT_ARN",
    may_create_keys: false,
};
