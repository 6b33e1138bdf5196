//! Plain tools for text: pure functions, the same for all agents, for all scripts.
//!
//! [`words`] and [`sentences`] cut a text; [`Terms`] makes words comparable, by their [`Language`]; [`definitions`] finds
//! what abbreviations stand for, [`KINDS`] are kinds of questions and their answers. Of headings [`is_telling`] knows which
//! ones say something.

mod definitions;
mod headings;
mod kinds;
mod language;
mod script;
mod sentences;
mod shape;
mod terms;
mod verbs;
mod words;

pub use aegis_contracts::text::counted;
pub use definitions::definitions;
pub use headings::{is_telling, without_number};
pub use kinds::{KINDS, Kind, Mark, spaced};
pub use language::Language;
pub use sentences::sentences;
pub use shape::{collapse, extent, shorten};
pub use terms::{Terms, pairs, same_word};
pub use words::{parts, words};
