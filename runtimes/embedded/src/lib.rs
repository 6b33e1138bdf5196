//! All services in one process: state and history in SQLite, commands in memory, agents in the process or behind URLs.
//!
//! The services, their handlers and what they decide are those that run on AWS; here are only the ports, one HTTP server
//! and the start. What a crash leaves unsent is owed by the state, so that commands need no second durable write:
//! [`start`](Embedded::start) sends them again, and begins attempts of built-in agents again that ended with the process.

mod agents;
mod configuration;
mod database;
mod events;
mod folder;
mod objects;
mod queues;
mod records;
mod recovery;
mod server;
mod table;
mod telling;
mod upkeep;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aegis_agent_kit::store::ArtifactStore;
use aegis_approval::Approval;
use aegis_artifacts::Artifacts as ArtifactService;
use aegis_callback::Callback;
use aegis_contracts::flow::{Flow, Name};
use aegis_deadlines::Deadlines;
use aegis_engine::api::Authorization;
use aegis_engine::apply::Engine;
use aegis_engine::dispatch::Dispatcher;
use aegis_engine::error::PortError;
use aegis_engine::flows::{self, Flows};
use aegis_engine::keys::KeyRing;
use aegis_engine::metrics;
use aegis_engine::ports::{DeadLetters, SystemClock};
use aegis_engine::schedule::ScheduleHandler as _;
use aegis_intake::Intake;
use aegis_workflow::Rules;
use axum::serve::ListenerExt as _;
use data_encoding::HEXLOWER;
use include_dir::{Dir, include_dir};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

pub use agents::Program;
pub use configuration::{Agent, Configuration, FILE as CONFIGURATION_FILE, Source};
pub use database::Database;
pub use events::ACCOUNT;
pub use folder::{Description, description};
pub use objects::{BUCKET, Objects};
pub use queues::MemoryQueues;
pub use records::{DeadLetter, SqliteDeadLetters, SqliteKeys};
pub use table::SqliteTable;
pub use telling::{log_to_file, log_to_stderr};
pub use upkeep::{Check, backup, doctor, letters, restore};

/// Reads a PDF for an agent if this process was started for that: then `main` has to return what this returns.
pub use aegis_agent_researcher::extract::pdf::process::serve as read_a_file;

use agents::Agents;
use events::Takers;
use folder::Held;
use queues::Queue;
use server::{Handlers, Room, Site};

/// The flows that ship.
static FLOWS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../flows");
/// Where a server listens if nothing else is said and nobody else does.
const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7400);
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// How often what is due is looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// A link to a result is good for so long.
const RESULT_LINK: Duration = Duration::from_secs(3600);
/// Where a request says nothing else.
const APPROVAL_TIMEOUT: Duration = Duration::from_secs(72 * 3600);

/// How a server is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Everything that outlives the process lies in this folder. It is made if it is not there.
    pub data: PathBuf,
    /// A loopback address. Absent: that of the last server in this folder, so that agents at work reach this one, else
    /// 127.0.0.1:7400, else any that is free.
    pub listen: Option<SocketAddr>,
    pub configuration: Configuration,
    /// More folders of flows.
    pub flows: Vec<PathBuf>,
    pub rules: Rules,
    /// Whether a folder that was restored from a backup moves again from now on.
    pub resume: bool,
}

/// Why a server cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "{0} is not this machine alone: a server that others can reach has to know who they are, which this version cannot; \
         listen on 127.0.0.1"
    )]
    NotLoopback(SocketAddr),
    #[error(transparent)]
    Folder(#[from] folder::Unusable),
    #[error(transparent)]
    Database(#[from] database::Unusable),
    #[error("nothing can listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    #[error("flows: {0}")]
    Flows(#[from] flows::Unusable),
    #[error("{}", in_words(.0))]
    Port(#[from] PortError),
    #[error("no client for HTTP can be set up: {0}")]
    Http(#[from] reqwest::Error),
    #[error("no thread for agents can be started: {0}")]
    Threads(std::io::Error),
    #[error("{0}")]
    Metrics(String),
}

/// Whoever starts a server need not know which kinds of errors there are.
fn in_words(error: &PortError) -> &str {
    match error {
        PortError::Transient(what) | PortError::Throttled(what) | PortError::Permanent(what) => {
            what
        }
    }
}

/// A flow that cannot be started here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("flow `{flow}`: aegis.toml names no agent `{agent}`")]
pub struct LeftOut {
    pub flow: Name,
    pub agent: Name,
}

impl StartError {
    /// Whether another process works in the folder.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Folder(folder::Unusable::Held { .. }))
    }

    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotLoopback(_) => "usage",
            Self::Folder(folder::Unusable::Held { .. }) => "folder_held",
            Self::Listen(..) => "address_in_use",
            Self::Flows(_) => "invalid_flow",
            Self::Database(_) => "database_unusable",
            Self::Folder(folder::Unusable::Io(..)) => "folder_unusable",
            Self::Port(_) | Self::Http(_) | Self::Threads(_) | Self::Metrics(_) => "failed",
        }
    }
}

/// A server that runs until it is [stopped](Self::stop).
pub struct Embedded {
    description: Description,
    held: Held,
    database: Arc<Database>,
    agents: Arc<Agents>,
    /// Ends what answers requests.
    close: oneshot::Sender<()>,
    answering: tokio::task::JoinHandle<()>,
    /// What hands out commands and looks for what is due.
    moving: JoinSet<()>,
    workshop: Workshop,
    paused: bool,
    left_out: Vec<LeftOut>,
}

impl Embedded {
    /// Starts everything. Once this returns, requests are answered and what was under way goes on.
    ///
    /// # Errors
    /// In one sentence for whoever started it.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        if let Some(address) = options.listen.filter(|address| !address.ip().is_loopback()) {
            return Err(StartError::NotLoopback(address));
        }
        let before = folder::description(&options.data);
        let held = folder::hold(&options.data)?;
        let database = Arc::new(Database::open(&held.database())?);
        let (listener, address) = listen(options.listen, before.as_ref()).await?;
        let base = format!("http://{address}");

        let objects = Arc::new(Objects::new(
            database.clone(),
            held.objects(),
            secret(&database, "links").await?,
            base.clone(),
        ));
        let threads = tokio::runtime::Builder::new_multi_thread()
            .thread_name("agents")
            .enable_all()
            .build()
            .map_err(StartError::Threads)?;
        let handle = threads.handle().clone();
        let workshop = Workshop(Some(threads));
        let store: Arc<dyn ArtifactStore> = objects.clone();
        let configured = &options.configuration.agents;
        let agents = Arc::new(Agents::new(configured, &store, handle)?);
        let all = read_flows(&options.configuration, &options.flows)?;
        let (flows, left_out) = startable(all, &options.configuration)?;
        let (commands, asked, queues) = MemoryQueues::new(configured.keys().cloned());
        let engine = Engine {
            rules: options.rules.clone(),
            table: Arc::new(SqliteTable(database.clone())),
            commands: Arc::new(commands),
            clock: Arc::new(SystemClock),
            flows: Arc::new(flows),
        };
        engine.flows.register(engine.table.as_ref()).await?;
        let keys = Arc::new(KeyRing::new(
            Arc::new(SqliteKeys(database.clone())),
            Arc::new(SystemClock),
            true,
        ));
        let parts = Parts {
            engine,
            objects,
            keys,
            base: base.clone(),
            database: database.clone(),
        };
        let (intake, approval, callback) = (parts.intake(), parts.approval(), parts.callback());
        let takers = Takers {
            intake: intake.clone(),
            approval: approval.clone(),
            callback: callback.clone(),
        };
        let handlers = Handlers {
            intake,
            approval: approval.clone(),
            callback,
            artifacts: parts.artifacts(),
        };
        let id = secret(&database, "id").await?;
        let id = HEXLOWER.encode(&id);
        let site = Arc::new(Site {
            handlers,
            takers,
            database: database.clone(),
            objects: parts.objects.clone(),
            metrics: recorder()?,
            address,
            data: options.data.clone(),
            id: id.clone(),
            room: Room::default(),
        });
        let (close, closed) = oneshot::channel();
        let answering = tokio::spawn(async move {
            // An answer in two pieces must not wait for the acknowledgement of the first.
            let listener = listener.tap_io(|stream| {
                let _ = stream.set_nodelay(true);
            });
            let serving = axum::serve(listener, site.router()).with_graceful_shutdown(async {
                // An error is a server that was dropped.
                let _ = closed.await;
            });
            if let Err(error) = serving.await {
                tracing::error!(%error, "requests are not answered any more");
            }
        });

        let dispatchers = parts.dispatchers(&agents);
        let mut moving = JoinSet::new();
        let paused = records::paused(&database, options.resume).await?;
        if !paused {
            recovery::recover(&parts, &dispatchers, &agents).await?;
            moving.spawn(asked.serve(approval, parts.letters(aegis_approval::SERVICE)));
            serve_agents(&mut moving, &parts, queues, dispatchers);
            moving.spawn(sweep(parts.deadlines()));
        }
        let description = Description::new(base, &options.data, id);
        held.describe(&description)?;
        Ok(Self {
            description,
            held,
            database,
            agents,
            close,
            answering,
            moving,
            workshop,
            paused,
            left_out,
        })
    }

    /// Whether a server has run in this folder before.
    ///
    /// # Errors
    /// Where nobody may look.
    pub fn was_here(data: &Path) -> std::io::Result<bool> {
        folder::database(data).try_exists()
    }

    /// Workflows in which an agent is asked for or at work.
    ///
    /// # Errors
    /// Of the file.
    pub fn at_work(&self) -> Result<usize, PortError> {
        let counted = self.database.read(|connection| {
            let sql = "SELECT count(*) FROM workflows WHERE status = 'running'";
            connection.query_row(sql, [], |row| row.get::<_, i64>(0))
        })?;
        Ok(usize::try_from(counted).unwrap_or_default())
    }

    /// Where it listens, for clients.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Whether nothing moves, because the folder was restored from a backup and nobody said that it may.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Flows that nobody can start, because an agent of theirs is not configured.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Hands out no more work, lets built-in agents finish for a moment, and answers requests until then. What is not
    /// finished goes on at the next start, in the same attempt.
    pub async fn stop(self) {
        let mut moving = self.moving;
        moving.shutdown().await;
        self.agents.end().await;
        let _ = self.close.send(());
        // A client that keeps its connection does not keep the server.
        let _ = tokio::time::timeout(Duration::from_secs(2), self.answering).await;
        drop(self.workshop);
        if let Err(error) = self.database.tidy() {
            tracing::info!(%error, "the database is tidied up at the next start");
        }
        self.held.release();
    }
}

/// The threads on which built-in agents work.
struct Workshop(Option<tokio::runtime::Runtime>);

impl Drop for Workshop {
    /// Nobody may wait for threads where others run.
    fn drop(&mut self) {
        if let Some(workshop) = self.0.take() {
            workshop.shutdown_background();
        }
    }
}

async fn listen(
    wanted: Option<SocketAddr>,
    before: Option<&Description>,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let last = before.and_then(|server| server.api_endpoint.strip_prefix("http://")?.parse().ok());
    let tried: Vec<SocketAddr> = match wanted {
        Some(address) => vec![address],
        None => last.into_iter().chain([USUAL, ANY]).collect(),
    };
    let mut failed = None;
    for address in tried {
        let bound = TcpListener::bind(address).await;
        match bound.and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Ok((address, listener)) => return Ok((listener, address)),
            Err(error) => failed = Some(StartError::Listen(address, error)),
        }
    }
    Err(failed
        .unwrap_or_else(|| StartError::Listen(ANY, std::io::ErrorKind::AddrNotAvailable.into())))
}

fn serve_agents(
    moving: &mut JoinSet<()>,
    parts: &Parts,
    queues: BTreeMap<Name, Queue>,
    dispatchers: BTreeMap<Name, Arc<Dispatcher>>,
) {
    let mut dispatchers = dispatchers;
    for (agent, queue) in queues {
        if let Some(dispatcher) = dispatchers.remove(&agent) {
            let letters = parts.letters(&format!("{agent}-dispatch"));
            moving.spawn(queue.serve(dispatcher, letters));
        }
    }
}

async fn sweep(deadlines: Deadlines) {
    let mut ticks = tokio::time::interval(SWEEP);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = deadlines.tick().await {
            tracing::error!(%error, "what is due could not be looked for");
        }
    }
}

/// What services are made of.
struct Parts {
    engine: Engine,
    objects: Arc<Objects>,
    keys: Arc<KeyRing>,
    base: String,
    database: Arc<Database>,
}

impl Parts {
    fn letters(&self, service: &str) -> Arc<dyn DeadLetters> {
        Arc::new(SqliteDeadLetters {
            database: self.database.clone(),
            service: service.to_owned(),
        })
    }

    fn intake(&self) -> Arc<Intake> {
        Arc::new(Intake {
            engine: self.engine.clone(),
            artifacts: self.objects.clone(),
            api_url: self.base.clone(),
            authorization: Authorization::None.into(),
            approval_timeout: APPROVAL_TIMEOUT,
            result_url_valid: RESULT_LINK,
            bucket: BUCKET.to_owned(),
        })
    }

    fn approval(&self) -> Arc<Approval> {
        Arc::new(Approval {
            engine: self.engine.clone(),
            artifacts: self.objects.clone(),
            authorization: Authorization::None,
            readers: Authorization::None,
            operators: Authorization::None,
            keys: self.keys.clone(),
            api_url: self.base.clone(),
            // Whoever can reach the server may do everything.
            approver_sources: vec!["*".to_owned()],
        })
    }

    fn callback(&self) -> Arc<Callback> {
        Arc::new(Callback {
            engine: self.engine.clone(),
            artifacts: self.objects.clone(),
            keys: self.keys.clone(),
        })
    }

    fn artifacts(&self) -> Arc<ArtifactService> {
        Arc::new(ArtifactService {
            engine: self.engine.clone(),
            bucket: self.objects.clone(),
            keys: self.keys.clone(),
        })
    }

    fn deadlines(&self) -> Deadlines {
        Deadlines {
            engine: self.engine.clone(),
            artifacts: self.objects.clone(),
            dead_letters: self.letters(aegis_deadlines::SERVICE),
        }
    }

    fn dispatchers(&self, agents: &Arc<Agents>) -> BTreeMap<Name, Arc<Dispatcher>> {
        let one = |agent: &Name| Dispatcher {
            engine: self.engine.clone(),
            runtime: agents.clone(),
            keys: self.keys.clone(),
            agent: agent.clone(),
            callback_api_url: self.base.clone(),
        };
        let named = agents
            .names()
            .map(|agent| (agent.clone(), Arc::new(one(agent))));
        named.collect()
    }
}

/// Made at first use.
async fn secret(database: &Database, name: &'static str) -> Result<Vec<u8>, PortError> {
    let made: [u8; 32] = rand::random();
    let kept = records::secret_or(database, name, HEXLOWER.encode(&made)).await?;
    let broken = |_| PortError::Permanent(format!("the stored secret `{name}` cannot be read"));
    HEXLOWER.decode(kept.as_bytes()).map_err(broken)
}

/// The flows of the configuration, else those that ship, and those of further folders.
fn read_flows(
    configuration: &Configuration,
    folders: &[PathBuf],
) -> Result<Vec<Flow>, flows::Unusable> {
    let mut all = match &configuration.flows {
        Some(folder) => flows::read_folder(folder)?,
        None => shipped_flows()?,
    };
    for folder in folders {
        all.extend(flows::read_folder(folder)?);
    }
    Ok(all)
}

/// Those whose agents are all there: a workflow of another one would wait for nobody.
fn startable(
    all: Vec<Flow>,
    configuration: &Configuration,
) -> Result<(Flows, Vec<LeftOut>), flows::Unusable> {
    let (mut startable, mut left_out) = (Vec::new(), Vec::new());
    for flow in all {
        let there = |agent: &Name| configuration.agents.contains_key(agent);
        let missing = flow.agent_steps().find(|step| !there(&step.agent));
        match missing.map(|step| step.agent.clone()) {
            None => startable.push(flow),
            Some(agent) => left_out.push(LeftOut {
                agent,
                flow: flow.flow,
            }),
        }
    }
    Ok((Flows::new(startable)?, left_out))
}

fn shipped_flows() -> Result<Vec<Flow>, flows::Unusable> {
    let files = FLOWS.dirs().flat_map(|folder| folder.files());
    let read = files.map(|file| {
        let unusable = |faults: Vec<aegis_contracts::flow::Fault>| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            flows::Unusable::File(file.path().display().to_string(), faults.join("; "))
        };
        Flow::parse(file.contents()).map_err(unusable)
    });
    read.collect()
}

/// One for the process: measurements are the process's, whichever server in it they come from.
fn recorder() -> Result<PrometheusHandle, StartError> {
    static RECORDER: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut known = RECORDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*known {
        return Ok(handle.clone());
    }
    let installed = PrometheusBuilder::new().install_recorder();
    let handle = installed.map_err(|error| StartError::Metrics(error.to_string()))?;
    metrics::describe();
    *known = Some(handle.clone());
    Ok(handle)
}
