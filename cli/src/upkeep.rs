//! What an operator does to the folder of the server on this machine: `backup`, `restore`, `doctor`, `dlq`.

use std::path::PathBuf;
use std::process::ExitCode;

use aegis_client::path::shown;
use aegis_embedded::{Check, Embedded};
use aegis_terminal::text::{bytes, columns, moment, one_line};
use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::client::session::suggested;
use crate::context::Context;
use crate::failure::Coded;
use crate::out;
use crate::server;
use crate::style::{bold, dim};

/// Copy everything that the server on this machine holds into one file, also while it runs.
///
/// The copy is of one moment, and nobody but you can read it. It holds topics, reports and keys.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aegis backup monday.aegis
  aegis restore monday.aegis --data ./restored")]
pub struct Backup {
    /// The file to make; it must not be there yet.
    file: PathBuf,
}

pub async fn backup(arguments: Backup, context: &Context) -> Result<ExitCode> {
    only_here(context, "backup")?;
    let (data, file) = (context.data.clone(), arguments.file.clone());
    let size = tokio::task::spawn_blocking(move || aegis_embedded::backup(&data, &file)).await??;
    if context.json {
        out::json(json!({"file": arguments.file, "bytes": size}));
    } else {
        outln!("{}  {}", shown(&arguments.file), bytes(size));
    }
    Ok(ExitCode::SUCCESS)
}

/// Make a server's folder of a backup. Nothing moves in it until `aegis serve --resume`.
///
/// Two servers of the same workflows would ask agents twice: resume only when the one that was copied has ended.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aegis restore monday.aegis --data ./restored
  aegis list --data ./restored
  aegis serve --data ./restored --resume")]
pub struct Restore {
    /// What `aegis backup` made.
    file: PathBuf,
}

pub async fn restore(arguments: Restore, context: &Context) -> Result<ExitCode> {
    only_here(context, "restore")?;
    let data = context.data.clone();
    let restored =
        tokio::task::spawn_blocking(move || aegis_embedded::restore(&arguments.file, &data));
    restored.await??;
    if context.json {
        out::json(json!({"data": context.data}));
    } else {
        outln!("restored into {}", shown(&context.data));
        outln!("  {}", suggested(context, "serve --resume"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Look whether the server on this machine has all that it needs, and say what to do where it has not.
///
/// The exit code is 1 where something is not well.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Which agents there are [default: aegis.toml here, if there is one].
    #[arg(long, value_name = "FILE", env = "AEGIS_CONFIG")]
    config: Option<PathBuf>,
}

pub async fn doctor(arguments: Doctor, context: &Context) -> Result<ExitCode> {
    only_here(context, "doctor")?;
    let configuration = server::configuration(arguments.config)?;
    let checks = aegis_embedded::doctor(&context.data, &configuration).await;
    let well = checks.iter().all(|check| check.well);
    if context.json {
        out::json(json!({"well": well, "checks": checks}));
    } else {
        tell(&checks);
    }
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell(checks: &[Check]) {
    let rows: Vec<Vec<String>> = checks
        .iter()
        .map(|check| {
            let mark = if check.well { "ok" } else { "ill" };
            vec![
                mark.to_owned(),
                one_line(&check.what),
                one_line(&check.found),
            ]
        })
        .collect();
    for (line, check) in columns(&rows).into_iter().zip(checks) {
        match &check.remedy {
            None => outln!("{line}"),
            Some(remedy) => {
                outln!("{}", bold(line));
                outln!("     {}", dim(one_line(remedy)));
            }
        }
    }
}

/// What the server on this machine has set aside, the newest first. With --json the messages too.
///
/// # Errors
/// Where the database cannot be read.
pub fn letters(context: &Context) -> Result<ExitCode> {
    let letters = aegis_embedded::letters(&context.data)?;
    if context.json {
        out::json(json!({"letters": letters}));
        return Ok(ExitCode::SUCCESS);
    }
    if letters.is_empty() {
        outln!("Nothing was set aside.");
    }
    for letter in &letters {
        let number = bold(letter.number.to_string());
        outln!(
            "{number}  {}  {}",
            moment(letter.set_aside_at),
            one_line(&letter.service)
        );
        outln!("   {}", one_line(&letter.reason));
    }
    Ok(ExitCode::SUCCESS)
}

/// For a verb that has no stage but this machine.
pub fn only_here(context: &Context, verb: &str) -> Result<()> {
    let Some(stage) = &context.stage else {
        return Ok(());
    };
    let message = format!(
        "`{verb}` is about the server on this machine, and --stage {} names another",
        shown(stage)
    );
    Err(Coded::new("usage", message).into())
}

/// Whether the folder was restored and moves nothing yet.
pub fn warn_if_paused(server: &Embedded, context: &Context) {
    if server.is_paused() && !context.json {
        errln!(
            "This was restored from a backup, and nothing moves: `{}` once the server that it was copied from has ended.",
            suggested(context, "serve --resume")
        );
    }
}
