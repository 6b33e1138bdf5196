//! Plain tools for text: pure functions, the same for all agents.

mod sentences;
mod shape;
mod terms;

pub use sentences::sentences;
pub use shape::{collapse, counted, shorten};
pub use terms::{Terms, acronyms, same_word, words};
