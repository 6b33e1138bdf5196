//! `aegis keys list`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::{Store, as_json, print};
use crate::client::session::Session;
use crate::client::text::dim;

/// List the keys of callback tokens: which signs, which still verifies, and since when.
#[derive(Debug, Args)]
pub struct Arguments {}

pub(super) async fn run(session: &Session, store: &Store) -> Result<ExitCode> {
    let keys = store.load().await?;
    if session.json {
        println!(
            "{}",
            keys.as_ref()
                .map_or_else(|| "[]".to_owned(), |keys| as_json(keys).to_string())
        );
        return Ok(ExitCode::SUCCESS);
    }
    match &keys {
        Some(keys) => print(keys),
        None => println!("{}", dim("no keys yet: the first dispatch makes them")),
    }
    Ok(ExitCode::SUCCESS)
}
