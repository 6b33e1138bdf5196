//! The embedded runtime under load, beside the limit that the disk sets in the same run. `cargo xtask bench embedded` builds
//! and starts it.
//!
//! A server in a process of its own, in release; the driver and its agents in this one. An agent answers at once: it puts
//! its artifact and reports it. So a workflow is three hand-overs, three results and a decision, each of them durable
//! before it is answered.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aegis_contracts::agent::{AgentTask, InvocationAnswer, InvocationStatus};
use aegis_contracts::transfer::Transfer;
use aegis_contracts::view::WorkflowAccepted;
use aegis_embedded::Database;
use anyhow::{Context as _, Result, bail, ensure};
use axum::extract::State;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use clap::Parser;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

const AGENTS: [&str; 3] = ["first", "second", "third"];
/// What the limit writes for a workflow: as often as a program would that knows no history, artifacts or approvals.
const COMMITS: usize = 15;
const COMMIT_BYTES: usize = 1536;
/// Nobody waits longer for one workflow.
const PATIENCE: Duration = Duration::from_secs(60);

/// What so many at once came to.
#[derive(Debug, Serialize)]
pub struct Figures {
    pub at_once: usize,
    pub aegis: Speed,
    /// [`COMMITS`] commits in a row, group commit, nothing else.
    pub limit: Speed,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct Speed {
    pub workflows_per_second: f64,
    pub median_ms: f64,
    pub p95_ms: f64,
}

#[derive(Debug, Serialize)]
pub struct Measured {
    pub rounds: usize,
    pub workflows_per_round: usize,
    pub figures: Vec<Figures>,
    /// Resident, before the first workflow.
    pub idle_mib: f64,
    /// Of the database, for each workflow that has ended.
    pub bytes_per_workflow: u64,
    /// Transactions and writes of the server, for each workflow.
    pub commits_per_workflow: f64,
    pub writes_per_workflow: f64,
}

/// Measure the embedded runtime with agents that answer at once.
#[derive(Debug, Parser)]
struct Arguments {
    /// The program to measure.
    #[arg(long)]
    program: PathBuf,
    /// The folder of this bench's flows.
    #[arg(long)]
    flows: PathBuf,
    /// Rounds that count, each of so many workflows.
    #[arg(long)]
    rounds: usize,
    #[arg(long)]
    workflows: usize,
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let Arguments {
        program,
        flows,
        rounds,
        workflows,
        json,
    } = &arguments;
    let measured = measure(program, flows, *rounds, *workflows).await?;
    let told = match json {
        true => serde_json::to_string_pretty(&measured)?,
        false => text(&measured),
    };
    writeln!(std::io::stdout(), "{told}")?;
    Ok(())
}

/// # Errors
/// Where the server cannot be started, or a workflow does not end as it should.
async fn measure(
    program: &Path,
    flows: &Path,
    rounds: usize,
    workflows: usize,
) -> Result<Measured> {
    let folder = tempfile::tempdir()?;
    let desk = Desk::open().await?;
    let data = folder.path().join("data");
    let mut server = Server::start(program, flows, folder.path(), &data, &desk).await?;
    let idle_mib = resident(&server.child)?;
    let driver = Driver::new(&server.endpoint, desk.clone())?;
    let mut figures = Vec::new();
    for at_once in [1, 20, 100] {
        let (mut ours, mut limits) = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            let speed = speed_of(workflows, at_once, || driver.one()).await?;
            let limit = limit(workflows, at_once, folder.path()).await?;
            let _ = writeln!(
                std::io::stderr(),
                "{at_once} at once, round {round} of {rounds}: {:.0} workflows/s",
                speed.workflows_per_second
            );
            // The first warms both up.
            if round > 0 {
                ours.push(speed);
                limits.push(limit);
            }
        }
        figures.push(Figures {
            at_once,
            aegis: middle(ours),
            limit: middle(limits),
        });
    }
    let done = (workflows * (rounds + 1) * 3) as u64;
    let metrics = driver.metrics().await?;
    let counted = |name: &str| metrics.get(name).copied().unwrap_or_default() / done as f64;
    let measured = Measured {
        rounds,
        workflows_per_round: workflows,
        figures,
        idle_mib,
        bytes_per_workflow: size(&data)? / done,
        commits_per_workflow: counted("aegis_database_transactions"),
        writes_per_workflow: counted("aegis_database_writes"),
    };
    server.child.kill().await?;
    Ok(measured)
}

fn middle(mut speeds: Vec<Speed>) -> Speed {
    let by = |speeds: &mut Vec<Speed>, of: fn(&Speed) -> f64| {
        speeds.sort_by(|a, b| of(a).total_cmp(&of(b)));
        speeds.get(speeds.len() / 2).map_or(0.0, of)
    };
    Speed {
        workflows_per_second: by(&mut speeds, |speed| speed.workflows_per_second),
        median_ms: by(&mut speeds, |speed| speed.median_ms),
        p95_ms: by(&mut speeds, |speed| speed.p95_ms),
    }
}

/// Runs `times` of them, so many at once.
async fn speed_of<F, W>(times: usize, at_once: usize, one: W) -> Result<Speed>
where
    W: Fn() -> F,
    F: Future<Output = Result<()>>,
{
    use futures::{StreamExt as _, TryStreamExt as _};
    let began = Instant::now();
    let timed = || {
        let work = one();
        async move {
            let began = Instant::now();
            let done = tokio::time::timeout(PATIENCE, work).await;
            done.context("a workflow did not end")??;
            anyhow::Ok(began.elapsed())
        }
    };
    let runs = futures::stream::iter((0..times).map(|_| timed()));
    let mut taken: Vec<Duration> = runs.buffer_unordered(at_once).try_collect().await?;
    let all = began.elapsed();
    taken.sort_unstable();
    let at = |part: f64| {
        let place = ((taken.len() - 1) as f64 * part).round() as usize;
        taken
            .get(place)
            .map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    Ok(Speed {
        workflows_per_second: times as f64 / all.as_secs_f64(),
        median_ms: at(0.5),
        p95_ms: at(0.95),
    })
}

async fn limit(times: usize, at_once: usize, folder: &Path) -> Result<Speed> {
    let place = tempfile::tempdir_in(folder)?;
    let database = Arc::new(Database::open(&place.path().join("limit.db"))?);
    let create = |transaction: &rusqlite::Transaction<'_>| {
        transaction.execute_batch("CREATE TABLE rows (n INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    };
    database.write(create).await?;
    let body = vec![7_u8; COMMIT_BYTES];
    speed_of(times, at_once, || {
        let (database, body) = (database.clone(), body.clone());
        async move {
            for _ in 0..COMMITS {
                let body = body.clone();
                let write = move |transaction: &rusqlite::Transaction<'_>| {
                    let mut insert =
                        transaction.prepare_cached("INSERT INTO rows (body) VALUES (?1)")?;
                    insert.execute([&body]).map(|_| ())
                };
                database.write(write).await?;
            }
            Ok(())
        }
    })
    .await
}

/// A server in a process of its own.
struct Server {
    child: Child,
    endpoint: String,
}

impl Server {
    async fn start(
        program: &Path,
        flows: &Path,
        folder: &Path,
        data: &Path,
        desk: &Desk,
    ) -> Result<Self> {
        let agents = AGENTS.map(|name| format!("[agents.{name}]\nurl = \"{}\"\n", desk.url));
        let config = folder.join("aegis.toml");
        std::fs::write(&config, agents.concat())?;
        let mut child = Command::new(program)
            .args(["serve", "--json", "--listen", "127.0.0.1:0"])
            .arg("--flows")
            .arg(flows)
            .arg("--config")
            .arg(config)
            .arg("--data")
            .arg(data)
            .env("LOG_LEVEL", "WARN")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| program.display().to_string())?;
        let out = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(out).lines();
        let mut said = String::new();
        while let Some(line) = lines.next_line().await? {
            said.push_str(&line);
            if let Ok(told) = serde_json::from_str::<Value>(&said)
                && let Some(endpoint) = told["api_endpoint"].as_str()
            {
                return Ok(Self {
                    child,
                    endpoint: endpoint.to_owned(),
                });
            }
        }
        bail!("the server did not start: {said}")
    }
}

fn resident(child: &Child) -> Result<f64> {
    let pid = child.id().context("the server has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: f64 = kib.context("no resident size")?.parse()?;
    Ok(kib / 1024.0)
}

/// Bytes of the database and what is not yet in it.
fn size(data: &Path) -> Result<u64> {
    let files = ["aegis.db", "aegis.db-wal"].map(|name| std::fs::metadata(data.join(name)));
    let mut bytes = 0;
    for file in files {
        bytes += file?.len();
    }
    Ok(bytes)
}

/// Agents, and who waits for what they do.
#[derive(Clone)]
struct Desk {
    url: String,
    waiting: Arc<Mutex<HashMap<String, mpsc::UnboundedSender<String>>>>,
    http: reqwest::Client,
}

impl Desk {
    async fn open() -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let desk = Self {
            url: format!("http://{}", listener.local_addr()?),
            waiting: Arc::default(),
            http: client()?,
        };
        let router = Router::new()
            .route("/invocations", post(invoke))
            .with_state(desk.clone());
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(desk)
    }

    /// The steps of a workflow as they are done and taken.
    fn watch(&self, id: &str) -> mpsc::UnboundedReceiver<String> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.lock().insert(id.to_owned(), sender);
        receiver
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, mpsc::UnboundedSender<String>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn client() -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder().tcp_nodelay(true);
    Ok(builder.pool_max_idle_per_host(512).build()?)
}

async fn invoke(State(desk): State<Desk>, Json(task): Json<AgentTask>) -> Json<InvocationAnswer> {
    tokio::spawn(async move {
        if let Err(error) = work(&desk, &task).await {
            let _ = writeln!(
                std::io::stderr(),
                "{} {}: {error:#}",
                task.workflow_id,
                task.step
            );
        }
    });
    Json(InvocationAnswer {
        status: InvocationStatus::Accepted,
    })
}

async fn work(desk: &Desk, task: &AgentTask) -> Result<()> {
    let bytes = format!("{{\"step\":\"{}\"}}", task.step).into_bytes();
    let sha256 = data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes));
    let (name, media_type) = (&task.writes, "application/json");
    let size = bytes.len();
    let token = &task.callback.token;
    let file = json!({"size": size, "sha256": sha256, "media_type": media_type});
    let asked = desk.http.post(format!("{}/{name}", task.artifacts.url));
    let how = asked.bearer_auth(token).json(&file).send().await?;
    let how: Transfer = how.error_for_status()?.json().await?;
    let mut put = desk.http.put(&how.url).body(bytes);
    for (name, value) in how
        .headers
        .iter()
        .filter(|(name, _)| *name != "content-length")
    {
        put = put.header(name, value);
    }
    put.send().await?.error_for_status()?;
    let report = json!({
        "kind": "succeeded", "step": task.step, "attempt": task.attempt, "summary": "done",
        "artifacts": [{"name": name, "key": format!("{}{name}", task.output_prefix), "size": size,
            "media_type": media_type, "sha256": sha256}],
        "usage": {},
    });
    let told = desk
        .http
        .post(&task.callback.url)
        .bearer_auth(token)
        .json(&report);
    let told = told.send().await?;
    let status = told.status();
    ensure!(status.is_success(), "{status}: {}", told.text().await?);
    let waiting = desk.lock().get(task.workflow_id.as_str()).cloned();
    if let Some(waiting) = waiting {
        let _ = waiting.send(task.step.to_string());
    }
    Ok(())
}

struct Driver {
    endpoint: String,
    desk: Desk,
    http: reqwest::Client,
}

impl Driver {
    fn new(endpoint: &str, desk: Desk) -> Result<Self> {
        Ok(Self {
            endpoint: endpoint.to_owned(),
            desk,
            http: client()?,
        })
    }

    /// One workflow from its start to its end.
    async fn one(&self) -> Result<()> {
        // Known before the first agent is asked: an id follows from who asks and the key.
        let key = format!("{:032x}", rand::random::<u128>());
        let id = aegis_contracts::ids::WorkflowId::derive("anonymous", &key);
        let mut steps = self.desk.watch(id.as_str());
        let started = self.http.post(format!("{}/workflows", self.endpoint));
        let body = json!({"flow": "steps", "topic": "as fast as it goes"});
        let started = started
            .header("idempotency-key", key)
            .json(&body)
            .send()
            .await?;
        let accepted: WorkflowAccepted = started.error_for_status()?.json().await?;
        ensure!(
            accepted.workflow_id == id,
            "{} is not {id}",
            accepted.workflow_id
        );
        while let Some(step) = steps.recv().await {
            match step.as_str() {
                "analyze" => self.approve(id.as_str()).await?,
                "write" => break,
                _ => {}
            }
        }
        self.desk.lock().remove(id.as_str());
        Ok(())
    }

    async fn approve(&self, id: &str) -> Result<()> {
        let decision = json!({"decision": "approve", "approver": "ada"});
        let told = self.http.post(format!("{}/approve/{id}", self.endpoint));
        let told = told.json(&decision).send().await?;
        let status = told.status();
        ensure!(status.is_success(), "{status}: {}", told.text().await?);
        Ok(())
    }

    /// What the server counts, by name.
    async fn metrics(&self) -> Result<HashMap<String, f64>> {
        let text = self
            .http
            .get(format!("{}/metrics", self.endpoint))
            .send()
            .await?;
        let text = text.text().await?;
        let lines = text.lines().filter_map(|line| {
            let (name, value) = line.split_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Ok(lines.collect())
    }
}

/// For people.
pub fn text(measured: &Measured) -> String {
    let mut lines = vec![format!(
        "{:>8}  {:>12}  {:>12}  {:>8}  {:>18}  {:>18}",
        "at once", "workflows/s", "limit", "of it", "p50, p95 ms", "limit's p50, p95"
    )];
    for Figures {
        at_once,
        aegis,
        limit,
    } in &measured.figures
    {
        let both = |speed: &Speed| format!("{:.1}, {:.1}", speed.median_ms, speed.p95_ms);
        lines.push(format!(
            "{at_once:>8}  {:>12.0}  {:>12.0}  {:>7.0}%  {:>18}  {:>18}",
            aegis.workflows_per_second,
            limit.workflows_per_second,
            100.0 * aegis.workflows_per_second / limit.workflows_per_second,
            both(aegis),
            both(limit),
        ));
    }
    lines.push(format!(
        "idle {:.1} MiB resident; for each workflow {:.1} KiB on the disk, {:.1} writes in {:.1} transactions",
        measured.idle_mib,
        measured.bytes_per_workflow as f64 / 1024.0,
        measured.writes_per_workflow,
        measured.commits_per_workflow,
    ));
    lines.push(format!(
        "limit: {COMMITS} commits of {COMMIT_BYTES} bytes in a row, SQLite, WAL, synchronous=FULL, group commit, nothing else; \
         medians of {} rounds of {} workflows",
        measured.rounds, measured.workflows_per_round,
    ));
    lines.join("\n")
}
