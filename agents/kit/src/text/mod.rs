//! Plain tools for text: pure functions, the same for all agents.

mod sentences;
mod shape;
mod terms;

pub use aegis_contracts::text::counted;
pub use sentences::sentences;
pub use shape::{collapse, shorten};
pub use terms::{Terms, acronyms, same_word, words};
