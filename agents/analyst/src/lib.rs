//! The analyst: groups evidence into findings, and says where sources agree, where they may differ and what is missing.
//!
//! - [`agent`] fetches the evidence: all the I/O there is;
//! - [`analysis`] is the pure part, evidence in and analysis out. It turns passages into [`material`], picks whole
//!   sentences as [`claims`], groups passages by [`grouping`], names groups by [`heading`], compares sources in [`stance`] (by [`difference`]), and
//!   takes up what an approver wants by [`feedback`].

pub mod agent;
pub mod analysis;
pub mod claims;
pub mod difference;
pub mod feedback;
pub mod grouping;
pub mod heading;
pub mod material;
pub mod stance;
