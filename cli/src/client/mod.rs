//! The verbs that talk to a stage, local or in AWS, and what they share.
//!
//! A verb is a file with its `Arguments` and `run`. The stage, its API and the proof of identity come from the crate
//! `aegis_client`; `session` opens them and `poll` follows a workflow. `request` and `sources` make requests; `show`,
//! `changes`, `next_step`, `refusal` and `text` make texts for people. `emit`, `dlq`, `keys`, `logs` and `--sources`
//! call AWS themselves, with the caller's credentials.

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
