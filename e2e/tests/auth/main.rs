//! Who may do what: on a stack whose API asks for proof, which these tests set up themselves.
//!
//! They change the stack, so they run one after the other, in the order of their names: each way of
//! authorisation is applied once.

mod events;
mod iam;
mod jwt;
mod pool;
mod stage;
