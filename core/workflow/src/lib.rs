//! The decisions: (state, input, now) to new state, events and commands.
//!
//! Pure: no async, no AWS, no clock, no randomness. Only this crate decides which
//! step comes next. It does not know how state is stored or how messages travel.

mod answer;
mod approval;
mod budget;
mod cancel;
mod changes;
pub mod codes;
mod deadline;
mod decide;
mod failure;
mod input;
mod redrive;
mod results;
mod retries;
mod review;
mod rules;
mod session;
pub mod spread;
mod start;
mod state;
mod step;
mod success;
mod view;

pub use answer::{Answer, Illegal, Owed, Rejection, Touch, Transition};
pub use approval::too_late;
pub use decide::decide;
pub use input::{Input, StepFailure};
pub use retries::{RetryPolicy, StepRetries};
pub use review::{Asked, asked};
pub use rules::{MAX_REMINDERS, RESEND_FLOOR, Rules};
pub use session::STOP_AFTER;
pub use start::{Start, start};
pub use state::{
    Approval, ApprovalPolicy, Attempts, Cancellation, Decision, Ended, FLOW_VERSION, Failure,
    Phase, Progress, ResumeAt, STATE_VERSION, Step, StepResult, StoredArtifact, Workflow,
};
pub use view::{approval_view, artifact_refs, failure_view, step_views, waiting_approval_view};
