//! The state of one workflow, as it is stored.
//!
//! Stored as JSON and kept under 1 KB in the ordinary case, because each further KB of an item costs another write unit
//! on every write: names of fields are short, instants are milliseconds, defaults and what follows from the flow are left
//! out.

mod approval;
mod results;
mod short;
mod work;
mod workflow;

pub use approval::{Approval, ApprovalPolicy, Decision};
pub use work::{
    Gap, OwedStops, Progress, Running, Share, StepResult, Stopped, StoredArtifact, Work,
};
pub use workflow::{
    Cancellation, Ended, Failure, Phase, Pinned, STATE_VERSION, StoredWorkflow, Workflow,
};

fn is_zero(number: &u32) -> bool {
    *number == 0
}
