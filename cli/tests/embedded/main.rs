//! The program as a whole on the embedded runtime: `aegis serve` and `aegis run` in processes of their own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

mod kills;
mod program;
mod verbs;
