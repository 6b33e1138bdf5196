//! The client verbs as a shell sees them: the real program against a small API.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod asked;
mod fake;
mod hostile;
mod program;
mod run;
mod sources;
mod story;
mod terminal;
mod trouble;
mod verbs;
