//! What makes the shared dispatcher the one of the writer.

use aegis_contracts::agent::Role;

/// Also the name of its spans and dead letters.
pub const SERVICE: &str = "writer-dispatch";

pub const ROLE: Role = Role::Writer;

/// Holds the ARN of the agent's runtime.
pub const AGENT_ARN: &str = "WRITER_AGENT_ARN";
