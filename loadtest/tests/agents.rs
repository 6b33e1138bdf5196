//! The agents without work, called over HTTP as dispatchers call them.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::sync::Arc;
use std::time::Duration;

use aegis_agent_kit::memory::MemoryStore;
use aegis_agent_kit::publish::sha256_hex;
use aegis_agent_kit::testing::{SESSION, task};
use aegis_contracts::agent::AgentTask;
use aegis_contracts::artifact::CompletionRecord;
use aegis_contracts::findings::{AnalysisFile, EvidenceFile};
use aegis_loadtest::agents::{self, Completion, Conduct, Latency, Taken, Worker};
use async_trait::async_trait;
use tokio::sync::mpsc;

/// Hands reports to the test.
struct Told(mpsc::UnboundedSender<(AgentTask, CompletionRecord)>);

#[async_trait]
impl Completion for Told {
    async fn succeeded(&self, task: &AgentTask, record: &CompletionRecord) -> Taken {
        self.0.send((task.clone(), record.clone())).unwrap();
        Taken::Yes
    }
}

type Reports = mpsc::UnboundedReceiver<(AgentTask, CompletionRecord)>;

async fn serving(conduct: Conduct) -> (Arc<Worker>, Arc<MemoryStore>, Reports, String) {
    let (sender, reports) = mpsc::unbounded_channel();
    let store = Arc::new(MemoryStore::new());
    let worker = Worker::new(store.clone(), conduct, Arc::new(Told(sender)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(agents::serve(
        listener,
        worker.clone(),
        std::future::pending(),
    ));
    (worker, store, reports, url)
}

async fn post(url: &str, path: &str, session: &str, body: String) -> (u16, serde_json::Value) {
    let answer = reqwest::Client::new()
        .post(format!("{url}/runtimes/arn:aws:x:runtime%2Fy/{path}"))
        .header("x-amzn-bedrock-agentcore-runtime-session-id", session)
        .body(body)
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn json(task: &AgentTask) -> String {
    serde_json::to_string(task).unwrap()
}

#[tokio::test]
async fn each_step_writes_its_artifact_and_reports_it_with_its_hash() {
    let conduct = Conduct {
        artifact_bytes: 5_000,
        ..Conduct::default()
    };
    let (_, store, mut reports, url) = serving(conduct.clone()).await;
    for step in ["research", "analyze", "write"] {
        let task = task(step, "topic", "http://127.0.0.1:9/");
        let (status, answer) = post(&url, "invocations", SESSION, json(&task)).await;
        assert_eq!((status, answer["status"].as_str()), (200, Some("accepted")));
        let (reported, record) = reports.recv().await.unwrap();
        assert_eq!(reported, task);
        assert_eq!(record.usage, conduct.usage);
        let artifact = &record.artifacts[0];
        let bytes = store.peek(&artifact.key).unwrap();
        assert_eq!(
            artifact.key,
            format!("{}{}", task.output_prefix, task.writes)
        );
        assert_eq!(artifact.sha256, sha256_hex(&bytes));
        assert!(bytes.len() >= 5_000);
        match step {
            "research" => drop(serde_json::from_slice::<EvidenceFile>(&bytes).unwrap()),
            "analyze" => drop(serde_json::from_slice::<AnalysisFile>(&bytes).unwrap()),
            _ => assert!(bytes.starts_with(b"# topic")),
        }
    }
}

#[tokio::test]
async fn an_attempt_that_is_handed_out_again_is_done_once() {
    let (worker, _, mut reports, url) = serving(Conduct::default()).await;
    let task = task("write", "topic", "http://127.0.0.1:9/");
    post(&url, "invocations", SESSION, json(&task)).await;
    let (_, first) = reports.recv().await.unwrap();
    worker.idle().await;
    let (status, answer) = post(&url, "invocations", SESSION, json(&task)).await;
    assert_eq!(
        (status, answer["status"].as_str()),
        (200, Some("already_completed"))
    );
    let (_, second) = reports.recv().await.unwrap();
    assert_eq!(first, second);
    let counted = worker.counted();
    assert_eq!((counted.invocations, counted.again), (2, 1));
    let other = "another-session-of-a-test-0000000000000000";
    let fresh = aegis_agent_kit::testing::task("analyze", "topic", "http://127.0.0.1:9/");
    post(&url, "invocations", SESSION, json(&fresh)).await;
    reports.recv().await.unwrap();
    worker.idle().await;
    assert_eq!(post(&url, "invocations", other, json(&fresh)).await.0, 200);
}

#[tokio::test]
async fn more_starts_than_it_lets_in_are_throttled_as_aws_throttles() {
    let conduct = Conduct {
        latency: Latency::Fixed(Duration::from_secs(3_600)),
        new_sessions: Some(0.001),
        ..Conduct::default()
    };
    let (worker, _, mut reports, url) = serving(conduct).await;
    let task = task("write", "topic", "http://127.0.0.1:9/");
    let (status, _) = post(&url, "invocations", SESSION, json(&task)).await;
    assert_eq!(status, 200);
    let (again, _) = post(&url, "invocations", SESSION, json(&task)).await;
    assert_eq!(
        again, 200,
        "a session that runs already is none that starts"
    );
    let other = aegis_agent_kit::testing::task("analyze", "topic", "http://127.0.0.1:9/");
    let (status, _) = post(&url, "invocations", SESSION, json(&other)).await;
    assert_eq!(status, 429);
    let counted = worker.counted();
    assert_eq!((counted.invocations, counted.throttled), (3, 1));
    assert!(reports.try_recv().is_err(), "nobody has worked for so long");
}

#[tokio::test]
async fn a_session_that_is_stopped_reports_nothing() {
    let conduct = Conduct {
        latency: Latency::Fixed(Duration::from_secs(3_600)),
        ..Conduct::default()
    };
    let (worker, _, mut reports, url) = serving(conduct).await;
    let task = task("research", "topic", "http://127.0.0.1:9/");
    post(&url, "invocations", SESSION, json(&task)).await;
    let (status, answer) = post(&url, "invocations", SESSION, json(&task)).await;
    assert_eq!(
        (status, answer["status"].as_str()),
        (200, Some("already_running"))
    );
    assert_eq!(
        post(&url, "stopruntimesession", SESSION, String::new())
            .await
            .0,
        200
    );
    worker.idle().await;
    assert!(reports.try_recv().is_err());
    assert_eq!(worker.counted().completed, 0);
    assert_eq!(
        post(&url, "stopruntimesession", SESSION, String::new())
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn what_is_no_task_is_refused_as_aws_refuses() {
    let (_, _, _, url) = serving(Conduct::default()).await;
    let (status, answer) = post(&url, "invocations", SESSION, "{}".to_owned()).await;
    assert_eq!(status, 400);
    assert!(
        answer["message"]
            .as_str()
            .unwrap()
            .contains("missing field")
    );
    let task = task("write", "topic", "http://127.0.0.1:9/");
    assert_eq!(post(&url, "invocations", "short", json(&task)).await.0, 400);
}

/// Takes reports of attempts whose token it knows, and of no others.
struct Guarded(Told);

#[async_trait]
impl Completion for Guarded {
    async fn alive(&self, task: &AgentTask) -> Taken {
        match task.callback.token.as_str() {
            "v1.k.0.test" => Taken::Yes,
            _ => Taken::NoLongerWanted("the token counts no more".to_owned()),
        }
    }

    async fn succeeded(&self, task: &AgentTask, record: &CompletionRecord) -> Taken {
        self.0.succeeded(task, record).await
    }
}

/// As Lambda hands on what came to a function URL.
fn event(path: &str, body: &str) -> serde_json::Value {
    serde_json::json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {"x-amzn-bedrock-agentcore-runtime-session-id": SESSION, "content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
            "userAgent": "aws-sdk-rust"}, "routeKey": "$default", "stage": "$default", "timeEpoch": 1},
        "body": body, "isBase64Encoded": false,
    })
}

#[tokio::test]
async fn as_a_function_the_work_is_done_before_the_answer_and_not_for_strangers() {
    let (sender, mut reports) = mpsc::unbounded_channel();
    let store = Arc::new(MemoryStore::new());
    let completion: Arc<dyn Completion> = Arc::new(Guarded(Told(sender)));
    let worker = Worker::new(store.clone(), Conduct::default(), completion.clone());
    let service = aegis_aws::lambda::Service {
        api: Some(Arc::new(agents::Function::new(worker, completion))),
        ..aegis_aws::lambda::Service::default()
    };
    let invocations = "/runtimes/arn%3Aaws%3Ax/invocations";
    let mut task = task("write", "topic", "http://127.0.0.1:9/");
    task.callback.token = "forged".to_owned();
    let refused = service
        .answer(event(invocations, &json(&task)))
        .await
        .unwrap();
    assert_eq!(refused["statusCode"], 403);
    assert_eq!(store.keys(), Vec::<String>::new());
    task.callback.token = "v1.k.0.test".to_owned();
    let taken = service
        .answer(event(invocations, &json(&task)))
        .await
        .unwrap();
    assert_eq!(taken["statusCode"], 200);
    assert_eq!(taken["body"], r#"{"status":"accepted"}"#);
    assert_eq!(reports.try_recv().unwrap().0, task);
    let other = service.answer(event("/elsewhere", "{}")).await.unwrap();
    assert_eq!(other["statusCode"], 404);
}
