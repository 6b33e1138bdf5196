//! The client verbs as a shell sees them: the real program against a small API.

mod fake;
mod program;
mod run;
mod story;
mod verbs;
