//! The verbs that need only a stage to talk to, and what they share.
//!
//! A verb is a file with its `Arguments` and `run`. Below them lie the stage (`stage`, `session`),
//! its API (`api`, `proof`, `failure`, `poll`), requests (`request`, `sources`) and texts for people
//! (`show`, `changes`, `next_step`, `refusal`, `text`).

pub mod approval_link;
pub mod cancel;
pub mod decide;
pub mod dlq;
pub mod emit;
pub mod findings;
pub mod get;
pub mod history;
pub mod keys;
pub mod list;
pub mod logs;
pub mod redrive;
pub mod report;
pub mod start;
pub mod watch;

mod agent_logs;
pub mod changes;
mod event_check;
mod event_words;
mod log_line;
pub mod next_step;
mod pickup;
pub mod poll;
mod refusal;
pub mod request;
pub mod session;
pub mod show;
mod source_files;
mod sources;
pub mod summaries;
pub mod text;
