//! The name of one piece of agent work.

use std::fmt;

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::flow::{MAX_BRANCHES, Name};

/// Names one piece of agent work of a workflow for ever: its session, its token, and the place of its artifacts.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, Validate,
)]
pub struct Attempt {
    #[garde(skip)]
    pub step: Name,
    /// Of a step with `each`, counted from 1; missing for any other step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(range(min = 1, max = MAX_BRANCHES)))]
    #[schemars(range(min = 1, max = MAX_BRANCHES))]
    pub branch: Option<u32>,
    /// Counts up for each step and branch, and is never used again.
    #[garde(range(min = 1))]
    pub attempt: u32,
}

impl Attempt {
    /// Of a step that has no branches.
    pub fn once(step: Name, attempt: u32) -> Self {
        Self {
            step,
            branch: None,
            attempt,
        }
    }

    /// Step and branch: what stays the same when it is tried again.
    pub fn place(&self) -> (&Name, Option<u32>) {
        (&self.step, self.branch)
    }

    /// As [`whose`].
    pub fn whose(&self) -> String {
        whose(&self.step, self.branch)
    }
}

/// A step, or a branch of it, as people are told: `research`, or `research/3`.
pub fn whose(step: &Name, branch: Option<u32>) -> String {
    match branch {
        Some(branch) => format!("{step}/{branch}"),
        None => step.to_string(),
    }
}

/// `attempt 2 of `research/3``.
impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {} of `{}`", self.attempt, self.whose())
    }
}
