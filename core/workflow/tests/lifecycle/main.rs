//! The lifecycle as a whole: every (state, input) pair, laws over random
//! histories, the size of the state, and the diagram drawn from the code.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

mod bounds;
mod branches;
mod capacity;
mod diagram;
mod expiry;
mod fan_out;
mod inputs;
mod laws;
mod positions;
mod random;
mod reminders;
mod retries;
mod rules;
mod sizes;
mod specimens;
mod stops;
mod table;
mod too_late;
mod views;
mod walk;
