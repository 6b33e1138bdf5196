//! What makes the shared dispatcher the one of the analyst.

use aegis_contracts::agent::Role;

/// Also the name of its spans and dead letters.
pub const SERVICE: &str = "analyst-dispatch";

pub const ROLE: Role = Role::Analyst;

/// Holds the ARN of the agent's runtime.
pub const AGENT_ARN: &str = "ANALYST_AGENT_ARN";
