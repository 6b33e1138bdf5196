//! The writer: makes a report of an approved analysis, in which every claim cites a passage.
//!
//! - [`agent`] fetches evidence and analysis: all the I/O there is;
//! - [`report`] is the pure part, with the part about what is [`uncertain`]. It numbers and checks [`citations`] before it writes, names files
//!   by their [`paths`], and keeps what sources say from being taken for Markdown by [`escape`].

pub mod agent;
pub mod citations;
pub mod escape;
pub mod page;
pub mod paths;
pub mod report;
pub mod uncertain;
