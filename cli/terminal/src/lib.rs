//! What programs of this repository write to a terminal, and the only code that does: streams (`out`), colours (`style`),
//! times, sizes and tables (`text`), what is being waited for (`progress`), and what went wrong (`failure`).

#[macro_use]
pub mod out;
pub mod failure;
pub mod progress;
pub mod style;
pub mod text;
