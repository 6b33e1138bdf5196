//! The decisions: (state, input, now) to new state, events and commands.
//!
//! Pure: no async, no AWS, no clock, no randomness. Only this crate decides which
//! step comes next. It does not know how state is stored or how messages travel.

mod advance;
mod answer;
mod approval;
mod budget;
mod cancel;
mod changes;
pub mod codes;
mod deadline;
mod decide;
mod draft;
mod failure;
mod input;
mod redrive;
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
pub use input::{Heartbeat, Input, Redrive, StepFailure, Success, Vote};
pub use retries::{Retries, RetryPolicy};
pub use review::{Asked, Shown, asked};
pub use rules::{Limits, MAX_REMINDERS, RESEND_FLOOR, Rules};
pub use session::STOP_AFTER;
pub use start::{Start, start};
pub use state::{
    Approval, ApprovalPolicy, Cancellation, Decision, Ended, Failure, Gap, OwedStops, Phase,
    Pinned, Progress, Running, STATE_VERSION, Share, StepResult, Stopped, StoredArtifact,
    StoredWorkflow, Work, Workflow,
};
pub use step::current as current_attempt;
pub use view::{
    approval_view, approval_view_of, artifact_refs, course, failure_view, gaps_of, inputs_of,
    main_artifact, step_views, waiting_approval_view,
};
