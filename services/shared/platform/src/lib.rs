//! The ports on AWS: the only crate that names `aws_sdk_*`.

pub mod client;
