//! The client verbs as a shell sees them: the real program against a small API.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fake;
mod hostile;
mod load;
mod program;
mod run;
mod story;
mod trouble;
mod verbs;
