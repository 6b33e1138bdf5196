//! The researcher: finds passages about a topic in documents, and keeps them verbatim.
//!
//! - [`agent`] and [`sources`] read documents: all the I/O there is;
//! - [`corpus`] is what ships with the agent, [`extract`] turns files into [`document`]s;
//! - [`research`] is the pure part, documents in and evidence out: it splits into [`passages`], weighs the [`topic`]'s
//!   words, does the [`ranking`] over an [`index`], refuses what is off the topic and picks a diverse [`selection`];
//! - [`plan`] makes several questions of a topic, each to be researched by itself.

pub mod agent;
pub mod corpus;
pub mod document;
pub mod expected;
pub mod extract;
pub mod index;
pub mod passages;
pub mod plan;
pub mod ranking;
pub mod research;
pub mod selection;
pub mod sources;
pub mod topic;
