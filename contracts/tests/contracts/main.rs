//! What the wire shapes promise: they stay readable, match their schemas,
//! refuse or tolerate what they should, and keep secrets out of logs.

mod golden;
mod schemas;
mod secrets;
mod specimens;
mod unknown_fields;
mod validation;
