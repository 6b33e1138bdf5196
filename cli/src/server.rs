//! `aegis serve`, and the server that another verb is meanwhile where none runs.
//!
//! Everything lies in one folder, and one process at a time works in it. So a verb first looks whether a server answers
//! there. If none does it starts one in its own process, for as long as it takes: what is under way goes on meanwhile, and
//! with the next server after that.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aegis_client::path::shown;
use aegis_embedded::{
    CONFIGURATION_FILE, Configuration, Embedded, Options, StartError, description,
};
use aegis_terminal::text::counted;
use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use crate::client::session::{program, suggested};
use crate::context::Context;
use crate::failure::Coded;
use crate::out;
use crate::upkeep::{only_here, warn_if_paused};

/// A server on this machine answers at once.
const PATIENCE: Duration = Duration::from_secs(2);
/// One that starts or ends takes less.
const LONGEST_CHANGE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(50);

/// Serve the API, the agents and all between them on this machine, until Ctrl-C or SIGTERM.
///
/// State, history and artifacts lie in the folder that --data names, and survive any end of the process. Nobody but this
/// machine can reach the server, and whoever can, may do everything: keep it to yourself on a machine that others use.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aegis serve
  aegis serve --data /var/lib/aegis --listen 127.0.0.1:8080 --flows ./flows
  aegis serve --json | jq -r .api_endpoint")]
pub struct Arguments {
    /// Listen here [default: the address of the last time, else 127.0.0.1:7400, else any free port].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// A folder with flows, beside those that ship; can be given several times.
    #[arg(long, value_name = "FOLDER")]
    flows: Vec<PathBuf>,
    /// Which agents there are [default: aegis.toml here, if there is one].
    #[arg(long, value_name = "FILE", env = "AEGIS_CONFIG")]
    config: Option<PathBuf>,
    /// Let workflows move again in a folder that was restored from a backup.
    #[arg(long)]
    resume: bool,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    only_here(context, "serve")?;
    let options = Options {
        listen: arguments.listen,
        flows: arguments.flows,
        resume: arguments.resume,
        ..options(context, arguments.config)?
    };
    // Before it says that it listens: whoever reads that may end it.
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    aegis_embedded::log_to_stderr(context.json);
    let started = Embedded::start(options).await;
    let server = started.map_err(|error| refused(&error))?;
    warn_if_paused(&server, context);
    let told = server.description();
    if context.json {
        out::json(json!(told));
    } else {
        outln!("aegis listens on {}", told.api_endpoint);
        outln!("  everything lies in {}", told.data.display());
        outln!("  {}", suggested(context, "run \"a topic\""));
    }
    for flow in server.left_out() {
        errln!("not to be started: {flow}");
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    errln!(
        "Ending: agents get a moment to finish. What they do not finish goes on at the next start."
    );
    server.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Where the stage on this machine is.
pub enum Found {
    /// In another process, at this address.
    Elsewhere(String),
    /// In this one from now on, until [`end`].
    Here(String),
}

impl Found {
    pub fn endpoint(self) -> String {
        match self {
            Self::Elsewhere(endpoint) | Self::Here(endpoint) => endpoint,
        }
    }
}

/// The server that this process is.
static HERE: Mutex<Option<Embedded>> = Mutex::new(None);

/// # Errors
/// Where none runs and nothing has run here yet, or none can be started.
pub async fn find(context: &Context) -> Result<Found> {
    if let Some(endpoint) = answering(&context.data).await {
        return Ok(Found::Elsewhere(endpoint));
    }
    let was_here = Embedded::was_here(&context.data);
    if !was_here.with_context(|| format!("cannot look into {}", shown(&context.data)))? {
        let message = format!(
            "nothing has run in {} yet: begin with `{} run \"a topic\"`, or name a stage with --stage FILE",
            shown(&context.data),
            program()
        );
        return Err(Coded::new("no_stage", message).into());
    }
    here(context).await
}

/// # Errors
/// Where none runs and none can be started.
pub async fn find_or_start(context: &Context) -> Result<Found> {
    match answering(&context.data).await {
        Some(endpoint) => Ok(Found::Elsewhere(endpoint)),
        None => here(context).await,
    }
}

/// Another command may hold the folder: one that is about to answer, or about to end.
async fn here(context: &Context) -> Result<Found> {
    aegis_embedded::log_to_file(&context.data);
    let options = options(context, None)?;
    let began = Instant::now();
    let server = loop {
        match Embedded::start(options.clone()).await {
            Ok(server) => break server,
            Err(error) if error.is_held() && began.elapsed() < LONGEST_CHANGE => {
                tokio::time::sleep(PAUSE).await;
                if let Some(endpoint) = answering(&context.data).await {
                    return Ok(Found::Elsewhere(endpoint));
                }
            }
            Err(error) => return Err(refused(&error).into()),
        }
    };
    warn_if_paused(&server, context);
    let endpoint = server.description().api_endpoint.clone();
    *HERE.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
    Ok(Found::Here(endpoint))
}

/// Ends the server that this process is, if it is one, and says what waits for the next.
pub async fn end(context: &Context) {
    let server = HERE.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(server) = server else {
        return;
    };
    let left = match server.is_paused() {
        // That has been said.
        true => 0,
        false => server.at_work().unwrap_or_default(),
    };
    server.stop().await;
    if left > 0 && !context.json {
        errln!(
            "{} under way: that goes on with `{}`, or with any other command here",
            counted(left, "workflow is"),
            suggested(context, "serve")
        );
    }
}

fn refused(error: &StartError) -> Coded {
    Coded::new(error.code(), error.to_string())
}

/// Of the file that is named, else of the one in the working directory, if there is one.
///
/// # Errors
/// Where the file cannot be read, or says what cannot be.
pub fn configuration(config: Option<PathBuf>) -> Result<Configuration> {
    let file = config.or_else(|| {
        let usual = PathBuf::from(CONFIGURATION_FILE);
        usual.exists().then_some(usual)
    });
    let Some(file) = file else {
        return Ok(Configuration::default());
    };
    let file =
        std::path::absolute(&file).with_context(|| format!("{} names no file", shown(&file)))?;
    Ok(Configuration::read(&file)?)
}

fn options(context: &Context, config: Option<PathBuf>) -> Result<Options> {
    Ok(Options {
        data: context.data.clone(),
        listen: None,
        configuration: configuration(config)?,
        flows: Vec::new(),
        rules: Default::default(),
        resume: false,
    })
}

/// A file that says where a server is stays behind, and another folder's may listen there by now: only the answer tells.
async fn answering(data: &Path) -> Option<String> {
    let told = description(data)?;
    // No proxy stands between this machine and itself.
    let client = reqwest::Client::builder().no_proxy().build().ok()?;
    let asked = client.get(format!("{}/health", told.api_endpoint));
    let answer = asked.timeout(PATIENCE).send().await.ok()?;
    let health: Value = answer.json().await.ok()?;
    (health["id"] == told.id.as_str()).then_some(told.api_endpoint)
}
