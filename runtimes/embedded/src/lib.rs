//! All services in one process: state and history in SQLite, commands in memory, agents in the process or behind URLs.
//!
//! The services, their handlers and what they decide are those that run on AWS; here are only the ports, one HTTP server
//! and the start. What a crash leaves unsent is owed by the state, so that commands need no second durable write:
//! [`start`](Embedded::start) sends them again, and begins attempts of built-in agents again that ended with the process.

mod agents;
mod configuration;
mod database;
mod folder;
mod objects;
mod queues;
mod records;
mod recovery;
mod server;
mod table;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
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
use data_encoding::HEXLOWER;
use include_dir::{Dir, include_dir};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

pub use agents::Program;
pub use configuration::{Agent, Configuration, FILE as CONFIGURATION_FILE, Source};
pub use database::{Database, Written};
pub use folder::{Description, Held, description};
pub use objects::{BUCKET, Objects};
pub use queues::MemoryQueues;
pub use records::{DeadLetter, SqliteDeadLetters, SqliteKeys, dead_letters};
pub use table::SqliteTable;

use agents::Agents;
use queues::Queue;
use server::{Handlers, Site};

/// The flows that ship.
static FLOWS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../flows");
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
    /// A loopback address. Port 0: any that is free.
    pub listen: SocketAddr,
    pub configuration: Configuration,
    /// More folders of flows.
    pub flows: Vec<PathBuf>,
    pub rules: Rules,
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
    #[error("{0}")]
    Port(#[from] PortError),
    #[error("no client for HTTP can be set up: {0}")]
    Http(#[from] reqwest::Error),
    #[error("no thread for agents can be started: {0}")]
    Threads(std::io::Error),
    #[error("{0}")]
    Metrics(String),
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
}

impl Embedded {
    /// Starts everything. Once this returns, requests are answered and what was under way goes on.
    ///
    /// # Errors
    /// In one sentence for whoever started it.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        if !options.listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(options.listen));
        }
        let held = folder::hold(&options.data)?;
        let database = Arc::new(Database::open(&held.database())?);
        let listener = TcpListener::bind(options.listen).await;
        let listener = listener.map_err(|error| StartError::Listen(options.listen, error))?;
        let address = listener
            .local_addr()
            .map_err(|error| StartError::Listen(options.listen, error))?;
        let base = format!("http://{address}");

        let objects = Arc::new(Objects::new(
            database.clone(),
            held.objects(),
            link_secret(&database).await?,
            base.clone(),
        ));
        let workshop = tokio::runtime::Builder::new_multi_thread()
            .thread_name("agents")
            .enable_all()
            .build()
            .map_err(StartError::Threads)?;
        let store: Arc<dyn ArtifactStore> = objects.clone();
        let configured = &options.configuration.agents;
        let agents = Arc::new(Agents::new(configured, &store, workshop.handle().clone())?);
        let (commands, asked, queues) = MemoryQueues::new(configured.keys().cloned());
        let engine = Engine {
            rules: options.rules.clone(),
            table: Arc::new(SqliteTable(database.clone())),
            commands: Arc::new(commands),
            clock: Arc::new(SystemClock),
            flows: Arc::new(read_flows(&options)?),
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
        let approval = parts.approval();
        let handlers = Handlers {
            intake: parts.intake(),
            approval: approval.clone(),
            callback: parts.callback(),
            artifacts: parts.artifacts(),
        };
        let site = Site::new(handlers, parts.objects.clone(), recorder()?, address);
        let (close, closed) = oneshot::channel();
        let answering = tokio::spawn(async move {
            let serving = axum::serve(listener, site.router()).with_graceful_shutdown(async {
                // An error is a server that was dropped.
                let _ = closed.await;
            });
            if let Err(error) = serving.await {
                tracing::error!(%error, "requests are not answered any more");
            }
        });

        let dispatchers = parts.dispatchers(&agents);
        recovery::recover(&parts, &dispatchers, &agents).await?;
        let mut moving = JoinSet::new();
        moving.spawn(asked.serve(approval, parts.letters(aegis_approval::SERVICE)));
        serve_agents(&mut moving, &parts, queues, dispatchers);
        moving.spawn(sweep(parts.deadlines()));
        let description = Description::new(base, &options.data);
        held.describe(&description)?;
        Ok(Self {
            description,
            held,
            database,
            agents,
            close,
            answering,
            moving,
            workshop: Workshop(Some(workshop)),
        })
    }

    /// Where it listens, for clients.
    pub fn description(&self) -> &Description {
        &self.description
    }

    pub fn database(&self) -> &Database {
        &self.database
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
            allowed_sources: vec![format!("s3://{BUCKET}/sources/")],
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
            approver_sources: Vec::new(),
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

async fn link_secret(database: &Database) -> Result<Vec<u8>, PortError> {
    let made: [u8; 32] = rand::random();
    let kept = records::secret_or(database, "links", HEXLOWER.encode(&made)).await?;
    let broken = |_| PortError::Permanent("the stored secret of links cannot be read".to_owned());
    HEXLOWER.decode(kept.as_bytes()).map_err(broken)
}

/// The flows of the configuration, else those that ship, and those of further folders.
fn read_flows(options: &Options) -> Result<Flows, flows::Unusable> {
    let mut all = match &options.configuration.flows {
        Some(folder) => flows::read_folder(folder)?,
        None => shipped_flows()?,
    };
    for folder in &options.flows {
        all.extend(flows::read_folder(folder)?);
    }
    Flows::new(all)
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
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = RECORDER.get() {
        return Ok(handle.clone());
    }
    let installed = PrometheusBuilder::new().install_recorder();
    match installed {
        Ok(handle) => {
            metrics::describe();
            Ok(RECORDER.get_or_init(|| handle).clone())
        }
        Err(error) => match RECORDER.get() {
            Some(handle) => Ok(handle.clone()),
            None => Err(StartError::Metrics(error.to_string())),
        },
    }
}
