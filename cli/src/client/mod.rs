//! The verbs that talk to a stage, local or in AWS, and what they share.
//!
//! A verb is a file with its `Arguments` and `run`. The stage, its API and the proof of identity come from the crate
//! `aegis_client`; `session` opens them and `poll` follows a workflow. `request` and `sources` make requests; `show`,
//! `changes`, `next_step` and `refusal` make texts for people. `dlq`, `keys` and `logs` call AWS themselves, with
//! the caller's credentials: they are the feature `aws`.

pub mod approval_link;
pub mod cancel;
pub mod decide;
pub mod emit;
mod event_check;
pub mod events;
pub mod findings;
pub mod flow;
pub mod get;
pub mod history;
pub mod list;
pub mod redrive;
pub mod report;
pub mod start;
pub mod watch;

pub mod branches;
pub mod changes;
mod event_words;
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
mod upload;

#[cfg(feature = "aws")]
mod agent_logs;
#[cfg(feature = "aws")]
pub mod dlq;
#[cfg(feature = "aws")]
pub mod keys;
#[cfg(feature = "aws")]
mod log_line;
#[cfg(feature = "aws")]
pub mod logs;

#[cfg(not(feature = "aws"))]
mod without_aws;
#[cfg(not(feature = "aws"))]
pub use without_aws::{dlq, keys, logs};
