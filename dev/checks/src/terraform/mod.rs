//! What is tested of the Terraform sources themselves: see `check`.

pub mod check;
mod event_log;
mod refusals;
mod templates;
