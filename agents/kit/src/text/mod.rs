//! Plain tools for text: pure functions, the same for all agents, for all scripts.
//!
//! [`words`] and [`sentences`] cut a text; [`Terms`] makes words comparable, by their [`Language`]; [`definitions`] finds
//! what abbreviations stand for.

mod definitions;
mod language;
mod script;
mod sentences;
mod shape;
mod terms;
mod verbs;
mod words;

pub use aegis_contracts::text::counted;
pub use definitions::definitions;
pub use language::Language;
pub use sentences::sentences;
pub use shape::{collapse, extent, shorten};
pub use terms::{Terms, pairs, same_word};
pub use words::{parts, words};
