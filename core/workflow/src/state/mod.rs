//! The state of one workflow, as it is stored.
//!
//! Stored as JSON and kept under 1 KB in the ordinary case, because each
//! further KB of an item costs another write unit on every write: names are
//! short, instants are milliseconds, defaults and what follows from the rest
//! are left out.

mod approval;
mod compact;
mod ending;
mod step;
mod workflow;

pub use approval::{Approval, ApprovalPolicy, Decision};
pub use ending::{Cancellation, Failure, ResumeAt};
pub use step::{Attempts, Progress, Step, StepResult, StoredArtifact};
pub(crate) use workflow::working_status;
pub use workflow::{Ended, FLOW_VERSION, Phase, STATE_VERSION, Workflow};
