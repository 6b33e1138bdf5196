//! What is stored, read by code of another version: golden files stand for code that was, fields nobody knows for code to come.
//!
//! The matrix with the messages beside it is `docs/compatibility.md`. `UPDATE_GENERATED=1` writes golden files that are
//! missing, and never rewrites one.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

mod definition;
mod golden;
mod history;
mod json;
mod request;
mod state;
