//! `aegis keys rotate`: a new key, with care for the tokens that agents carry.

use std::process::ExitCode;

use aegis_aws::client::keys::replace_token_keys;
use aegis_engine::rotation::TooSoon;
use aegis_engine::token::TokenKeys;
use anyhow::{Result, bail};
use clap::Args;

use super::{Store, as_json, print};
use crate::ask;
use crate::client::session::Session;
use crate::out;
use crate::style::dim;
use aegis_terminal::text::{duration, local_time, now};

/// Make a new key. Functions sign with it within two minutes. Tokens of the key before stay valid, so
/// running workflows are not affected. A further rotation is refused for nine hours: after that no step
/// can still use the key that it drops.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Keep no earlier key, because one has leaked. Within two minutes agents with an earlier token are
    /// refused, and their steps are tried again. Asks first, unless told --yes.
    #[arg(long)]
    revoke: bool,
    /// Do not ask.
    #[arg(long, short = 'y', requires = "revoke")]
    yes: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    session: &Session,
    store: &Store,
) -> Result<ExitCode> {
    let Some(keys) = store.load().await? else {
        bail!("there are no keys to rotate yet: the first dispatch makes them");
    };
    let next = match (arguments.revoke, keys.rotated(now())) {
        (true, _) => {
            if !arguments.yes && !agreed()? {
                errln!("nothing was changed");
                return Ok(ExitCode::FAILURE);
            }
            TokenKeys::made(now())
        }
        (false, Ok(next)) => next,
        (false, Err(too_soon)) => bail!("{}", refusal(too_soon)),
    };
    replace_token_keys(&store.config, &store.parameter, &next).await?;
    session.done("The keys are changed all the same. See with", "keys list");
    if session.json {
        out::json(as_json(&next));
    } else {
        print(&next);
        outln!(
            "{}",
            dim("functions take up the new key within two minutes")
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn refusal(TooSoon { until }: TooSoon) -> String {
    let when = match until {
        Some(until) => format!(
            "rotate again at {}, in {}",
            local_time(until),
            duration(until.since(now()))
        ),
        None => "and the keys do not say since when".to_owned(),
    };
    format!(
        "agents may still carry tokens of the previous key: {when}; if a key has leaked, use --revoke"
    )
}

fn agreed() -> Result<bool> {
    ask::agreed(
        "Make all tokens that agents carry worthless?",
        "say --yes to make all tokens in use worthless",
    )
}
