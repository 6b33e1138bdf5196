//! `aegis keys list`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::{Store, as_json, print};
use crate::client::session::Session;
use crate::out;
use crate::style::dim;

/// List the keys of callback tokens: which signs, which still verifies, and since when.
#[derive(Debug, Args)]
pub struct Arguments {}

pub(super) async fn run(session: &Session, store: &Store) -> Result<ExitCode> {
    let keys = store.load().await?;
    if session.json {
        out::json(keys.as_ref().map_or_else(|| json!([]), as_json));
        return Ok(ExitCode::SUCCESS);
    }
    match &keys {
        Some(keys) => print(keys),
        None => outln!("{}", dim("no keys yet: the first dispatch makes them")),
    }
    Ok(ExitCode::SUCCESS)
}
