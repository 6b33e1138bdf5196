//! The client verbs as a shell sees them: the real program against a small API.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fake;
mod load;
mod program;
mod run;
mod story;
mod verbs;
