//! The analyst: chooses what answers the topic from the evidence, and says where sources agree, where they may differ and what is missing.
//!
//! - [`agent`] fetches the evidence: all the I/O there is;
//! - [`analysis`] is the pure part, evidence in and analysis out. It prepares the [`material`], weighs its pieces as [`claims`] (by what
//!   the [`question`] waits for, and whether a sentence is [`leaning`] on another), makes a [`choice`] of them, puts them into [`sections`],
//!   has sources [`compare`]d, tells what is [`missing`], and does what approvers wish ([`wishes`]). Evidence of several [`branches`] becomes one
//!   file, and each of their questions is answered by itself.

pub mod agent;
pub mod analysis;
pub mod branches;
pub mod choice;
pub mod claims;
pub mod compare;
pub mod leaning;
pub mod material;
pub mod missing;
pub mod question;
pub mod sections;
pub mod wishes;
