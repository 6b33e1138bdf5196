//! `aegis keys`: the keys that sign callback tokens, without ever showing them.
//!
//! - `list`: which keys there are and since when
//! - `rotate`: a new one, beside the one before or instead of it

mod list;
mod rotate;

use std::process::ExitCode;

use aegis_aws::client::keys::token_keys;
use aegis_engine::token::{TokenKey, TokenKeys};
use anyhow::{Context as _, Result};
use aws_config::SdkConfig;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::client::session::Session;
use crate::context::Context;
use crate::style::dim;
use aegis_terminal::text::{columns, duration, local_time, now};

/// Look at the keys that sign callback tokens, or rotate them. The first dispatch of a stage makes them.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(list::Arguments),
    Rotate(rotate::Arguments),
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let session = Session::open(context).await?;
    let store = Store {
        config: session.stage.connection().load().await,
        parameter: session.stage.output("token_keys_parameter")?.to_owned(),
    };
    match arguments.verb {
        Verb::List(_) => list::run(&session, &store).await,
        Verb::Rotate(arguments) => rotate::run(&arguments, &session, &store).await,
    }
}

struct Store {
    config: SdkConfig,
    parameter: String,
}

impl Store {
    async fn load(&self) -> Result<Option<TokenKeys>> {
        let loaded = token_keys(&self.config, &self.parameter).await;
        loaded.context("cannot read the keys of tokens")
    }
}

fn rows(keys: &TokenKeys) -> Vec<(&'static str, &TokenKey)> {
    let current = [("current", &keys.current)];
    let previous = keys.previous.as_ref().map(|key| ("previous", key));
    current.into_iter().chain(previous).collect()
}

/// Never the secret.
fn as_json(keys: &TokenKeys) -> Value {
    let key = |(state, key): (&str, &TokenKey)| json!({"kid": key.kid, "state": state, "made_at": key.made_at});
    rows(keys).into_iter().map(key).collect()
}

fn print(keys: &TokenKeys) {
    let mut table = vec![
        ["key", "state", "made", "age"]
            .map(|head| dim(head).to_string())
            .to_vec(),
    ];
    table.extend(rows(keys).into_iter().map(|(state, key)| {
        let made = key.made_at.map(local_time);
        let age = key.made_at.map(|at| duration(now().since(at)));
        vec![
            key.kid.clone(),
            state.to_owned(),
            made.unwrap_or_else(|| "unknown".to_owned()),
            age.unwrap_or_default(),
        ]
    }));
    for line in columns(&table) {
        outln!("{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_and_never_shown() {
        let first = TokenKeys::made(now());
        let keys = first.rotated(now()).unwrap();
        let told = as_json(&keys);
        let states: Vec<_> = told
            .as_array()
            .unwrap()
            .iter()
            .map(|key| &key["state"])
            .collect();
        assert_eq!(states, ["current", "previous"]);
        assert_eq!(told[1]["kid"], first.current.kid.as_str());
        let text = told.to_string();
        assert!(!text.contains(&keys.current.secret) && !text.contains(&first.current.secret));
    }
}
