//! The parameters that the agents of aegis know, whatever the flow.

use aegis_contracts::agent::AgentTask;
use aegis_contracts::findings::Depth;
use serde::Deserialize;
use serde_json::Value;

use crate::agent::WorkError;

/// Others are passed over: a flow may have parameters for other agents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Parameters {
    pub depth: Depth,
    /// `corpus:builtin` or `s3://bucket/prefix`. Empty means the built-in corpus.
    pub sources: Vec<String>,
}

impl Parameters {
    /// # Errors
    /// `parameters_invalid`, permanent: the flow's schema lets something through that these agents cannot use.
    pub fn of(task: &AgentTask) -> Result<Self, WorkError> {
        let parameters = Value::Object(task.parameters.clone());
        serde_json::from_value(parameters)
            .map_err(|error| WorkError::permanent("parameters_invalid", error.to_string()))
    }
}
