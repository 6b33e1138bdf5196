//! The life of an attempt over HTTP: claims, heartbeats, results, and everything that comes in between.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aegis_agent_kit::health::{Ping, Status};
use aegis_agent_kit::memory::MemoryStore;
use aegis_agent_kit::reporter::now;
use aegis_agent_kit::store::{ArtifactStore, ObjectEntry, Put, StoreError};
use aegis_agent_kit::testing::{AgentProcess, FakePlatform, Reply, SESSION, TRACEPARENT, task};
use aegis_agent_kit::{Agent, Produced, WorkContext, WorkError};
use aegis_contracts::agent::{AgentTask, BudgetRemaining, InvocationStatus};
use aegis_contracts::artifact::CompletionRecord;
use aegis_contracts::callback::AgentReport;
use aegis_contracts::usage::Usage;
use async_trait::async_trait;
use tokio::sync::Semaphore;

const STEP: &str = "research";
/// Nothing in these tests takes so long.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// An agent that works once it is let in, and then does as it is told.
#[derive(Clone)]
struct Gated {
    gate: Arc<Semaphore>,
    begun: Arc<AtomicU32>,
    ending: Ending,
}

#[derive(Clone, Copy)]
enum Ending {
    Succeed,
    Fail,
    Panic,
    /// Spends, and then works on without an end.
    Linger,
}

impl Gated {
    fn new(ending: Ending) -> Self {
        Self {
            gate: Arc::new(Semaphore::new(0)),
            begun: Arc::default(),
            ending,
        }
    }

    fn open(&self) {
        self.gate.add_permits(1_000);
    }

    fn begun(&self) -> u32 {
        self.begun.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Agent for Gated {
    const NAME: &'static str = "tested";

    async fn work(&self, ctx: &WorkContext) -> Result<Produced, WorkError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        ctx.stage(10, "at the gate");
        let _pass = self.gate.acquire().await.unwrap();
        ctx.spend(Usage {
            input_tokens: 7,
            output_tokens: 1,
            cost_usd: 0.01,
        });
        match self.ending {
            Ending::Succeed => Ok(Produced::of(ctx.task(), "done", b"{}".to_vec())),
            Ending::Fail => Err(WorkError::permanent("no_evidence", "nothing about it")),
            Ending::Panic => panic!("out of cheese"),
            Ending::Linger => std::future::pending().await,
        }
    }
}

struct Scene {
    platform: FakePlatform,
    store: Arc<MemoryStore>,
    agent: Gated,
    task: AgentTask,
}

impl Scene {
    async fn new(ending: Ending) -> Self {
        let platform = FakePlatform::start().await;
        let task = task(STEP, "topic", platform.url());
        Self {
            platform,
            store: Arc::new(MemoryStore::new()),
            agent: Gated::new(ending),
            task,
        }
    }

    fn process(&self) -> AgentProcess {
        AgentProcess::start(self.agent.clone(), self.store.clone())
    }

    async fn progress_seen(&self) {
        let progress = |report: &AgentReport| matches!(report, AgentReport::Progress { .. });
        self.platform
            .until(|arrived| arrived.iter().any(|a| progress(&a.report)))
            .await;
    }

    fn record(&self) -> Option<CompletionRecord> {
        let key = format!("{}_completed.json", self.task.output_prefix);
        let bytes = self.store.peek(&key)?;
        Some(serde_json::from_slice(&bytes).unwrap())
    }
}

const IDLE: Ping = Ping {
    status: Status::Healthy,
    time_of_last_update: None,
};

/// A 200 says that it is idle; the work's end is seen before the process says so.
async fn idle(process: &AgentProcess) {
    let began = std::time::Instant::now();
    while began.elapsed() < PATIENCE {
        let ping = process.ping().await;
        if ping.status == Status::Healthy {
            assert_eq!(ping, IDLE);
            return;
        }
    }
    panic!("still at work after {PATIENCE:?}");
}

#[tokio::test]
async fn happy_path() {
    let scene = Scene::new(Ending::Succeed).await;
    let process = scene.process();
    assert_eq!(process.ping().await, IDLE);
    assert_eq!(
        process.invoke(&scene.task).await,
        InvocationStatus::Accepted
    );
    scene.progress_seen().await;
    let busy = process.ping().await;
    assert_eq!(busy.status, Status::HealthyBusy);
    scene.agent.open();
    let result = scene.platform.conclusion(1).await.remove(0);
    let AgentReport::Succeeded {
        artifacts,
        usage,
        summary,
        ..
    } = result
    else {
        panic!("{result:?}");
    };
    assert_eq!(summary, "done");
    assert_eq!(usage.input_tokens, 7);
    assert_eq!(scene.store.peek(&artifacts[0].key).unwrap(), b"{}");
    assert_eq!(scene.record().unwrap().artifacts, artifacts);
    idle(&process).await;
}

/// Storage that lets nobody claim before the gate opens.
struct SlowStore {
    store: Arc<MemoryStore>,
    gate: Semaphore,
}

#[async_trait]
impl ArtifactStore for SlowStore {
    fn artifact_bucket(&self) -> &str {
        self.store.artifact_bucket()
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get(bucket, key).await
    }

    async fn put_new(&self, key: &str, bytes: Vec<u8>, kind: &str) -> Result<Put, StoreError> {
        let _pass = self.gate.acquire().await.unwrap();
        self.store.put_new(key, bytes, kind).await
    }

    async fn list(
        &self,
        bucket: &str,
        under: &str,
        most: usize,
    ) -> Result<Vec<ObjectEntry>, StoreError> {
        self.store.list(bucket, under, most).await
    }
}

async fn busy(process: &AgentProcess) -> i64 {
    let began = std::time::Instant::now();
    while began.elapsed() < PATIENCE {
        let ping = process.ping().await;
        if ping.status == Status::HealthyBusy {
            return ping.time_of_last_update.unwrap();
        }
    }
    panic!("still idle after {PATIENCE:?}");
}

/// A session whose machine was made long ago must not count as idle while it claims.
#[tokio::test]
async fn it_is_busy_before_the_claim_and_idle_after_a_claim_that_fails() {
    let scene = Scene::new(Ending::Succeed).await;
    let slow = Arc::new(SlowStore {
        store: scene.store.clone(),
        gate: Semaphore::new(0),
    });
    let process = AgentProcess::start(scene.agent.clone(), slow.clone());
    assert_eq!(process.ping().await, IDLE);
    let invoked_at = now().as_seconds();
    let ((status, _), ()) = tokio::join!(process.invoke_as(SESSION, &scene.task), async {
        assert!(busy(&process).await >= invoked_at, "no older time");
        assert_eq!(scene.store.keys(), [""; 0], "nothing is claimed yet");
        assert_eq!(
            process.invoke(&scene.task).await,
            InvocationStatus::AlreadyRunning
        );
        busy(&process).await;
        let down = StoreError::Unavailable("down".to_owned());
        scene.store.fail_with(Some(down));
        slow.gate.add_permits(1_000);
    });
    assert_eq!(status, 503);
    assert_eq!(process.ping().await, IDLE);
    scene.store.fail_with(None);
    let claim = format!("{}_claim.json", scene.task.output_prefix);
    let other = r#"{"session":"another","invocation":"i"}"#;
    scene.store.arrange(&claim, other);
    let (status, _) = process.invoke_as(SESSION, &scene.task).await;
    assert_eq!(status, 409);
    assert_eq!(process.ping().await, IDLE);
    let mut unfit = scene.task.clone();
    unfit.attempt += 1;
    let (status, _) = process.invoke_as(SESSION, &unfit).await;
    assert_eq!(status, 400);
    assert_eq!(process.ping().await, IDLE);
}

/// Nothing but a call to a model happens after the gate.
#[tokio::test]
async fn a_call_to_a_model_is_a_sign_of_work() {
    let scene = Scene::new(Ending::Linger).await;
    let process = scene.process();
    process.invoke(&scene.task).await;
    scene.progress_seen().await;
    let before = busy(&process).await;
    while now().as_seconds() <= before {
        tokio::task::yield_now().await;
    }
    scene.agent.open();
    let began = std::time::Instant::now();
    while busy(&process).await <= before {
        assert!(began.elapsed() < PATIENCE, "the time stands still");
    }
}

#[tokio::test]
async fn a_second_invocation_starts_nothing_and_a_late_one_says_it_again() {
    let scene = Scene::new(Ending::Succeed).await;
    let process = scene.process();
    assert_eq!(
        process.invoke(&scene.task).await,
        InvocationStatus::Accepted
    );
    assert_eq!(
        process.invoke(&scene.task).await,
        InvocationStatus::AlreadyRunning
    );
    scene.agent.open();
    let first = scene.platform.conclusion(1).await.remove(0);
    idle(&process).await;
    assert_eq!(
        process.invoke(&scene.task).await,
        InvocationStatus::AlreadyCompleted
    );
    assert_eq!(scene.platform.conclusion(2).await[1], first);
    assert_eq!(scene.agent.begun(), 1);
}

#[tokio::test]
async fn a_restarted_process_takes_the_attempt_over() {
    let scene = Scene::new(Ending::Succeed).await;
    let first = scene.process();
    assert_eq!(first.invoke(&scene.task).await, InvocationStatus::Accepted);
    scene.progress_seen().await;
    first.kill();
    let second = scene.process();
    scene.agent.open();
    assert_eq!(second.invoke(&scene.task).await, InvocationStatus::Accepted);
    let results = scene.platform.conclusion(1).await;
    assert!(matches!(results[0], AgentReport::Succeeded { .. }));
    assert_eq!(scene.agent.begun(), 2);
    // Another session never gets it while it is claimed and not complete; complete, anybody is told.
    let (status, _) = second.invoke_as(&"x".repeat(40), &scene.task).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn another_session_is_turned_away() {
    let scene = Scene::new(Ending::Succeed).await;
    let first = scene.process();
    first.invoke(&scene.task).await;
    scene.progress_seen().await;
    first.kill();
    let (status, body) = scene
        .process()
        .invoke_as(&"x".repeat(40), &scene.task)
        .await;
    assert_eq!(
        (status, body["code"].as_str()),
        (409, Some("claimed_elsewhere"))
    );
}

#[tokio::test]
async fn an_attempt_that_kills_its_process_is_given_up() {
    let scene = Scene::new(Ending::Succeed).await;
    for life in 1..=3 {
        let process = scene.process();
        assert_eq!(
            process.invoke(&scene.task).await,
            InvocationStatus::Accepted
        );
        scene.platform.until(|_| scene.agent.begun() >= life).await;
        process.kill();
    }
    let process = scene.process();
    assert_eq!(
        process.invoke(&scene.task).await,
        InvocationStatus::AlreadyCompleted
    );
    let failure = scene.platform.conclusion(1).await.remove(0);
    assert_failed(&failure, "agent_died", true);
}

#[tokio::test]
async fn a_result_that_died_before_its_callback_is_said_by_the_next_life() {
    let scene = Scene::new(Ending::Succeed).await;
    scene.platform.always(Some(Reply::Status(503)));
    let first = scene.process();
    scene.agent.open();
    first.invoke(&scene.task).await;
    scene.platform.conclusion(1).await;
    first.kill();
    scene.platform.always(None);
    let second = scene.process();
    assert_eq!(
        second.invoke(&scene.task).await,
        InvocationStatus::AlreadyCompleted
    );
    let last = scene.platform.conclusion(2).await.pop().unwrap();
    let AgentReport::Succeeded { artifacts, .. } = last else {
        panic!("{last:?}");
    };
    assert_eq!(artifacts, scene.record().unwrap().artifacts);
    assert_eq!(scene.agent.begun(), 1, "the work was not done again");
}

#[tokio::test]
async fn an_answer_that_gets_lost_is_asked_for_again() {
    let scene = Scene::new(Ending::Succeed).await;
    scene
        .platform
        .plan(&[Reply::Status(200), Reply::Lost, Reply::Status(502)]);
    let process = scene.process();
    process.invoke(&scene.task).await;
    scene.progress_seen().await;
    scene.agent.open();
    let results = scene.platform.conclusion(3).await;
    assert!(results.iter().all(|result| *result == results[0]));
    idle(&process).await;
    assert_eq!(scene.platform.conclusions().len(), 3);
}

#[tokio::test]
async fn superseded_work_stops() {
    for code in [409, 401] {
        let scene = Scene::new(Ending::Succeed).await;
        scene.platform.always(Some(Reply::Status(code)));
        let process = scene.process();
        process.invoke(&scene.task).await;
        scene.progress_seen().await;
        idle(&process).await;
        assert_eq!(scene.record(), None);
        assert!(scene.platform.conclusions().is_empty(), "{code}");
    }
}

#[tokio::test]
async fn a_stopped_session_ends_without_a_word() {
    let scene = Scene::new(Ending::Succeed).await;
    let process = scene.process();
    process.invoke(&scene.task).await;
    scene.progress_seen().await;
    assert_eq!(
        process.stop("a-session-of-somebody-else-0000000000").await,
        404
    );
    assert_eq!(process.stop(SESSION).await, 204);
    idle(&process).await;
    assert_eq!(process.stop(SESSION).await, 404, "it has ended");
    assert_eq!(scene.record(), None);
    assert!(scene.platform.conclusions().is_empty());
    // As after the end of its container: the same session may be invoked again, and takes its attempt over.
    scene.agent.open();
    process.invoke(&scene.task).await;
    scene.platform.conclusion(1).await;
    assert_eq!(scene.agent.begun(), 2);
}

#[tokio::test]
async fn a_stopped_session_stops_knocking() {
    let scene = Scene::new(Ending::Succeed).await;
    scene.platform.always(Some(Reply::Status(503)));
    scene.agent.open();
    let process = scene.process();
    process.invoke(&scene.task).await;
    scene.platform.conclusion(1).await;
    assert_eq!(process.stop(SESSION).await, 204);
    idle(&process).await;
}

/// What the work that never ends by itself is told, with a budget of `left` to spend.
async fn stopped_by_budget(left: BudgetRemaining, spend: bool) -> AgentReport {
    let mut scene = Scene::new(Ending::Linger).await;
    scene.task.budget_remaining = Some(left);
    if spend {
        scene.agent.open();
    }
    let process = scene.process();
    process.invoke(&scene.task).await;
    let report = scene.platform.conclusion(1).await[0].clone();
    idle(&process).await;
    assert_eq!(scene.record(), None);
    report
}

#[tokio::test]
async fn work_over_its_budget_stops() {
    let tokens = BudgetRemaining {
        max_tokens: Some(7),
        ..BudgetRemaining::default()
    };
    let cost = BudgetRemaining {
        max_cost_usd: Some(0.005),
        ..BudgetRemaining::default()
    };
    let time = BudgetRemaining {
        seconds: Some(0),
        ..BudgetRemaining::default()
    };
    for (left, spend) in [(tokens, true), (cost, true), (time, false)] {
        let report = stopped_by_budget(left, spend).await;
        assert_failed(&report, "budget_exceeded", false);
        let AgentReport::Failed { usage, .. } = report else {
            panic!("{report:?}");
        };
        assert_eq!(usage.is_some(), spend, "what was spent is told");
    }
}

#[tokio::test]
async fn failures_and_panics_are_reported() {
    for (ending, code, retryable) in [
        (Ending::Fail, "no_evidence", false),
        (Ending::Panic, "agent_panicked", true),
    ] {
        let scene = Scene::new(ending).await;
        scene.agent.open();
        let process = scene.process();
        process.invoke(&scene.task).await;
        assert_failed(&scene.platform.conclusion(1).await[0], code, retryable);
        idle(&process).await;
        assert_eq!(
            process.invoke(&scene.task).await,
            InvocationStatus::AlreadyCompleted
        );
        assert_failed(&scene.platform.conclusion(2).await[1], code, retryable);
        assert_eq!(scene.agent.begun(), 1);
    }
}

#[tokio::test]
async fn a_process_that_must_end_says_so() {
    let scene = Scene::new(Ending::Succeed).await;
    let process = scene.process();
    process.invoke(&scene.task).await;
    scene.progress_seen().await;
    process.interrupt();
    assert_failed(&scene.platform.conclusion(1).await[0], "interrupted", true);
    let mut next = scene.task.clone();
    next.attempt = 2;
    next.output_prefix = next.output_prefix.replace("/1/", "/2/");
    assert_eq!(process.invoke_as(SESSION, &next).await.0, 503);
}

#[tokio::test]
async fn storage_that_fails_is_no_acceptance() {
    let scene = Scene::new(Ending::Succeed).await;
    scene
        .store
        .fail_with(Some(StoreError::Unavailable("down".to_owned())));
    let process = scene.process();
    let (status, body) = process.invoke_as(SESSION, &scene.task).await;
    assert_eq!(
        (status, body["code"].as_str()),
        (503, Some("storage_unavailable"))
    );
    scene.store.fail_with(None);
    assert_eq!(
        process.invoke(&scene.task).await,
        InvocationStatus::Accepted
    );
}

#[tokio::test]
async fn callbacks_belong_to_the_trace_of_the_task() {
    aegis_aws::telemetry::init("test").unwrap();
    let scene = Scene::new(Ending::Succeed).await;
    scene.agent.open();
    let process = scene.process();
    process.invoke(&scene.task).await;
    scene.platform.conclusion(1).await;
    for arrived in scene.platform.arrived() {
        let traceparent = arrived.traceparent.unwrap();
        assert_eq!(traceparent[..36], TRACEPARENT[..36], "same trace");
        assert_ne!(traceparent, TRACEPARENT, "another span");
    }
}

fn assert_failed(report: &AgentReport, expected: &str, again: bool) {
    let AgentReport::Failed { error, .. } = report else {
        panic!("{report:?}");
    };
    assert_eq!((error.code.as_str(), error.retryable), (expected, again));
}
