//! What makes the shared dispatcher the one of the researcher.

use aegis_contracts::agent::Role;

/// Also the name of its spans and dead letters.
pub const SERVICE: &str = "researcher-dispatch";

pub const ROLE: Role = Role::Researcher;

/// Holds the ARN of the agent's runtime.
pub const AGENT_ARN: &str = "RESEARCHER_AGENT_ARN";
