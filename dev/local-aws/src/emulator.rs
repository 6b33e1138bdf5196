//! The AWS emulator: starting it, knowing whether it is well, and ending it so that it keeps its
//! state. What `generation` says of that state is carried along.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::json::read_json;
use crate::process::{Detached, ProcessRecord};
use crate::settings::{Settings, port_is_free};
use crate::{digest, environment, generation, stream_positions, venv};
use aegis_client::local::StackFolder;
use aegis_terminal::progress::Step;

pub const NAME: &str = "emulator";
pub const REGION: &str = "us-east-1";
const START_PATIENCE: Duration = Duration::from_secs(60);
/// It writes all of its state before it ends.
pub const END_PATIENCE: Duration = Duration::from_secs(60);

/// Hands functions their events without Nagle's algorithm. The emulator writes an event's headers and its body one after
/// the other, and the kernel held the body back until the headers were acknowledged, which takes 40 ms: a wait in each
/// invocation that Lambda does not have.
const START: &str = "import runpy, socketserver
socketserver.StreamRequestHandler.disable_nagle_algorithm = True
runpy.run_module('ministack', run_name='__main__', alter_sys=True)";

/// How the emulator was found.
pub struct Running {
    pub generation: String,
    /// Nothing has ever been created in it.
    pub empty: bool,
    /// This call started it.
    pub started: bool,
    pub record: ProcessRecord,
}

/// Returns the running emulator, after starting it if it is not running or not as wanted.
pub async fn ensure(folder: &StackFolder, settings: &Settings, python: &Path) -> Result<Running> {
    let environment = environment_of(folder, settings);
    let wanted = fingerprint(&environment);
    if let Some(record) = read_json::<ProcessRecord>(&folder.process_file(NAME)) {
        let is_well = record.runs() && record.fingerprint == wanted && is_healthy(settings).await;
        if let Some(generation) = generation::load(folder)
            && is_well
        {
            return Ok(Running {
                generation: generation.id,
                empty: !generation.used,
                started: false,
                record,
            });
        }
        end(folder).await?;
    }
    start(folder, settings, python, environment, wanted).await
}

async fn start(
    folder: &StackFolder,
    settings: &Settings,
    python: &Path,
    environment: BTreeMap<String, String>,
    fingerprint: String,
) -> Result<Running> {
    if !port_is_free(settings.emulator_port()) {
        bail!(
            "port {} of this stack is taken by another program: stop that program, or move the \
             stack to another port with `cargo xtask down --wipe`, which deletes what it holds",
            settings.emulator_port()
        );
    }
    let step = Step::begin("Start the AWS emulator");
    let generation = generation::next(generation::load(folder));
    prepare(folder)?;
    generation::save(folder, &generation)?;
    let record = Detached {
        program: python,
        arguments: vec!["-c".to_owned(), START.to_owned()],
        environment,
        folder: &folder.temporary(),
        log: folder.log_file(NAME),
        fingerprint,
    }
    .start(&folder.process_file(NAME))?;
    if let Err(error) = wait_until_healthy(folder, settings, &record, &step).await {
        record.end(END_PATIENCE).await;
        return Err(error);
    }
    step.done(&format!("listening at {}", settings.aws_endpoint_url()));
    Ok(Running {
        generation: generation.id,
        empty: !generation.used,
        started: true,
        record,
    })
}

/// Ends it in an orderly way, so that its state is kept.
pub async fn end(folder: &StackFolder) -> Result<()> {
    let file = folder.process_file(NAME);
    let Some(record) = read_json::<ProcessRecord>(&file) else {
        return Ok(());
    };
    let orderly = record.end(END_PATIENCE).await;
    if orderly {
        generation::note_orderly_end(folder)?;
    }
    std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))
}

/// Forgets all that it held. It must have ended before.
pub fn wipe(folder: &StackFolder) -> Result<()> {
    let state = folder.emulator_state();
    if state.exists() {
        std::fs::remove_dir_all(&state)
            .with_context(|| format!("cannot remove {}", state.display()))?;
    }
    Ok(())
}

pub async fn is_healthy(settings: &Settings) -> bool {
    let url = format!("{}/_ministack/health", settings.aws_endpoint_url());
    let request = reqwest::Client::new()
        .get(url)
        .timeout(Duration::from_secs(5));
    request
        .send()
        .await
        .is_ok_and(|answer| answer.status().is_success())
}

async fn wait_until_healthy(
    folder: &StackFolder,
    settings: &Settings,
    record: &ProcessRecord,
    step: &Step,
) -> Result<()> {
    let began = Instant::now();
    while !is_healthy(settings).await {
        let log = folder.log_file(NAME);
        if !record.runs() {
            bail!(
                "the AWS emulator ended at once; its log is {}",
                log.display()
            );
        }
        if began.elapsed() > START_PATIENCE {
            bail!(
                "the AWS emulator does not answer; its log is {}",
                log.display()
            );
        }
        step.waiting_for("its health check");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Unpacked Lambda packages of runs before are of no use to the next.
fn prepare(folder: &StackFolder) -> Result<()> {
    let temporary = folder.temporary();
    if temporary.exists() {
        std::fs::remove_dir_all(&temporary)
            .with_context(|| format!("cannot clear {}", temporary.display()))?;
    }
    for needed in [temporary, folder.emulator_state().join("s3")] {
        std::fs::create_dir_all(&needed)
            .with_context(|| format!("cannot create {}", needed.display()))?;
    }
    stream_positions::begin_anew(&folder.emulator_state())
}

fn environment_of(folder: &StackFolder, settings: &Settings) -> BTreeMap<String, String> {
    let mut environment = environment::clean(&folder.temporary());
    let state = folder.emulator_state();
    let pairs = [
        ("GATEWAY_PORT", settings.emulator_port().to_string()),
        ("BIND_HOST", "127.0.0.1".to_owned()),
        ("AWS_ENDPOINT_URL", settings.aws_endpoint_url()),
        ("AWS_ACCESS_KEY_ID", settings.access_key_id.clone()),
        ("AWS_SECRET_ACCESS_KEY", settings.secret_access_key.clone()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("MINISTACK_REGION", REGION.to_owned()),
        ("AUTH", "true".to_owned()),
        ("PERSIST_STATE", "1".to_owned()),
        ("STATE_DIR", state.display().to_string()),
        ("S3_PERSIST", "1".to_owned()),
        ("S3_DATA_DIR", state.join("s3").display().to_string()),
        ("LAMBDA_WARM_TTL_SECONDS", "600".to_owned()),
        ("LAMBDA_ACCOUNT_CONCURRENCY", concurrency().to_string()),
        ("IOT_MTLS_ENABLED", "0".to_owned()),
        ("SFTP_ENABLED", "0".to_owned()),
        ("LOG_LEVEL", "WARNING".to_owned()),
        ("PYTHONUNBUFFERED", "1".to_owned()),
    ];
    environment.extend(pairs.map(|(name, value)| (name.to_owned(), value)));
    environment
}

/// Invocations at the same time, beyond which the emulator refuses as an account does. By itself it counts what fits into
/// the memory, and so many would each get so little of a processor that none ended within its time, and all were begun anew.
fn concurrency() -> usize {
    const FOR_EACH_CORE: usize = 40;
    /// They fit into some 4 GB.
    const AT_MOST: usize = 200;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    AT_MOST.min(FOR_EACH_CORE * cores)
}

fn fingerprint(environment: &BTreeMap<String, String>) -> String {
    let packages = venv::EMULATOR.fingerprint();
    digest::of_bytes(format!("{packages}{START}{environment:?}").as_bytes())
}
