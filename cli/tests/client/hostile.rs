//! What the world may say does not steer a terminal: every verb, against a stage whose every text is hostile, into a
//! pipe and onto a terminal.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::story::{self, Scene, WORKFLOW};
use crate::terminal;

/// Sequences that a terminal acts upon, in 7 and in 8 bits, and characters that hide or turn text. The first is one
/// that this program writes too.
const HOSTILE: &str = "bad\u{1b}[31mred\u{1b}[8mhidden\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}2J\u{9d}0;t\u{9c}\u{90}q\u{0}\u{8}\u{7f}\r\
    \u{1b}]8;;http://x\u{1b}\\link\u{85}\u{ad}\u{200b}\u{202e}\u{2066}\u{2028}\u{feff}\u{e0041}\u{e0001}end";

/// Where a text is not free: ids, times, words of a closed list, addresses that are followed.
fn is_fixed(name: &str) -> bool {
    let fixed = [
        "workflow_id",
        "status",
        "step",
        "agent",
        "flow",
        "approval",
        "at",
        "redo",
        "decision",
        "stance",
        "kind",
        "type",
        "depth",
        "url",
        "id",
        "evidence",
        "on_timeout",
        "source",
        "document",
    ];
    fixed.contains(&name) || name.ends_with("_at") || name.ends_with("_since")
}

/// Every free text in it, and every free text of a list, is hostile.
fn poisoned(value: Value) -> Value {
    match value {
        Value::String(_) => HOSTILE.into(),
        Value::Array(items) => items.into_iter().map(poisoned).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| match is_fixed(&name) && value.is_string() {
                true => (name, value),
                false => (name, poisoned(value)),
            })
            .collect(),
        other => other,
    }
}

fn view(scene: Scene, origin: &str) -> Value {
    let mut view = story::view(scene, origin);
    view["tags"] = json!({HOSTILE: "x"});
    view["parameters"]["sources"] = json!(["s3://b/x"]);
    view["artifacts"] =
        json!([{"name": "n", "key": "k", "size": 1, "sha256": "0".repeat(64), "media_type": "m"}]);
    if view["approval"].is_object() {
        view["approval"]["approvers"] = json!(["ann"]);
        view["approval"]["decisions"] = json!([{"approver": "ann", "decision": "approve", "comment": "c",
            "decided_at": "2026-11-23T18:00:05.000Z"}]);
        view["approval"]["required"] = json!(2);
    }
    poisoned(view)
}

fn history() -> Value {
    let event = |version: u32, kind: &str, data: Value| json!({"version": version, "type": kind, "occurred_at": "2026-11-23T18:00:00.000Z", "data": data});
    let mut history = poisoned(story::history());
    let events = history["events"].as_array_mut().unwrap();
    let recorded = json!({"approval": "findings", "revision": 0, "approver": "a", "decision": "approve", "comment": "c", "claimed_by": "x",
        "approvals": 1, "required": 2});
    events.push(event(7, "ApprovalRecorded", poisoned(recorded)));
    let cancelled = json!({"cancelled_by": "a", "reason": "c", "at": "write"});
    events.push(event(8, "WorkflowCancelled", poisoned(cancelled)));
    events.push(event(9, HOSTILE, json!({HOSTILE: HOSTILE})));
    history
}

#[derive(Clone)]
pub struct Stage {
    origin: String,
    scene: Arc<Mutex<Scene>>,
    /// Whether the dead letter is in somebody's hands.
    taken: Arc<Mutex<bool>>,
    refuses: bool,
}

impl Stage {
    pub async fn start(scene: Scene, refuses: bool) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stage = Self {
            origin: format!("http://{}", listener.local_addr().unwrap()),
            scene: Arc::new(Mutex::new(scene)),
            taken: Arc::default(),
            refuses,
        };
        let app = Router::new().fallback(answer).with_state(stage.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        stage
    }

    fn file(&self) -> Value {
        json!({
            "api_endpoint": format!("{}/api", self.origin),
            "aws_endpoint_url": self.origin, "region": "us-east-1", "access_key_id": "id", "secret_access_key": "secret",
            "api_authorization": "none",
            "outputs": {
                "artifact_bucket_name": "bucket", "event_bus_name": "bus", "token_keys_parameter": "/keys",
                "queue_urls": {"intake": format!("{}/000000000000/intake", self.origin)},
                "dlq_urls": {"intake": format!("{}/000000000000/dead", self.origin)},
                "log_group_names": {"intake": "/group"},
            },
        })
    }

    fn api(&self, method: &Method, path: &str) -> Value {
        let accepted = json!({"workflow_id": WORKFLOW, "status": "running",
            "links": {"self": "a", "history": "b", "approve": "c", "cancel": "d", "redrive": "e"}});
        match path.rsplit('/').next().unwrap_or_default() {
            "history" => history(),
            "flows" => {
                let step = json!({"step": "draft", "agent": "writer", "writes": "report.md"});
                let parameters =
                    json!({"type": "object", "properties": {HOSTILE: {"description": HOSTILE}}});
                json!({"flows": [{"flow": "report", "version": 1, "title": HOSTILE, "parameters": parameters,
                    "steps": [step], "result": "draft"}]})
            }
            "review" => poisoned(story::review(*self.scene.lock().unwrap(), 0)),
            "approval-links" => {
                json!({"url": format!("https://x/{HOSTILE}"), "approver": HOSTILE, "approval": "findings", "revision": 1,
                "expires_at": "2026-11-23T18:00:00.000Z"})
            }
            "workflows" if *method == Method::GET => {
                json!({"next_cursor": HOSTILE, "workflows": [{"workflow_id": WORKFLOW,
                "flow": "report", "status": "failed", "topic": HOSTILE, "created_at": "2026-11-23T18:00:00.000Z"}]})
            }
            "sources" => {
                let upload = json!({"method": "PUT", "url": format!("{}/put", self.origin), "headers": {},
                    "expires_at": "2026-11-23T18:00:00.000Z"});
                json!({"uri": HOSTILE, "uploads": {"good.md": upload, HOSTILE: upload}})
            }
            WORKFLOW if path.contains("/approve/") => {
                *self.scene.lock().unwrap() = Scene::Writing;
                poisoned(story::approval(
                    0,
                    Some(&json!({"decision": "approve", "comment": "c"})),
                ))
            }
            WORKFLOW => {
                let mut scene = self.scene.lock().unwrap();
                let view = view(*scene, &self.origin);
                *scene = scene.next();
                view
            }
            _ => poisoned(accepted),
        }
    }

    fn aws(&self, target: &str) -> Value {
        let log_line = json!({"timestamp": "2026-11-23T18:00:00.5Z", "level": HOSTILE, "message": HOSTILE, HOSTILE: HOSTILE});
        match target.rsplit('.').next().unwrap_or_default() {
            "GetQueueAttributes" => json!({"Attributes": {"ApproximateNumberOfMessages": "1",
                "ApproximateNumberOfMessagesDelayed": "0", "ApproximateNumberOfMessagesNotVisible": "0"}}),
            "ReceiveMessage" => match std::mem::replace(&mut *self.taken.lock().unwrap(), true) {
                true => json!({}),
                false => json!({"Messages": [{"MessageId": HOSTILE, "ReceiptHandle": "r",
                    "Body": json!({"detail-type": HOSTILE, "detail": {"workflow_id": HOSTILE}}).to_string(),
                    "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1"},
                    "MessageAttributes": {"reason": {"DataType": "String", "StringValue": HOSTILE}}}]}),
            },
            "ChangeMessageVisibility" | "DeleteMessage" => {
                *self.taken.lock().unwrap() = false;
                json!({})
            }
            "SendMessage" => json!({"MessageId": "m", "MD5OfMessageBody": "x"}),
            "PutParameter" => json!({"Version": 2}),
            "PutEvents" => json!({"FailedEntryCount": 0, "Entries": [{"EventId": HOSTILE}]}),
            "GetParameter" => {
                let keys = json!({"current": {"kid": HOSTILE, "secret": "c2VjcmV0", "made_at": "2026-11-23T18:00:00.000Z"}});
                json!({"Parameter": {"Name": "/keys", "Value": keys.to_string(), "Version": 1, "Type": "SecureString"}})
            }
            "FilterLogEvents" => json!({"events": [
                {"eventId": "1", "timestamp": now_millis(), "message": log_line.to_string()},
                {"eventId": "2", "timestamp": now_millis(), "message": HOSTILE},
            ]}),
            other => panic!("nobody answers {other}"),
        }
    }
}

fn now_millis() -> u128 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis()
}

async fn answer(
    State(stage): State<Stage>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    _: Bytes,
) -> Response {
    let path = uri.path();
    let target = headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok());
    if stage.refuses {
        let problem = json!({"type": "about:blank", "title": HOSTILE, "status": 409, "detail": HOSTILE, "code": HOSTILE,
            "errors": [{"field": HOSTILE, "reason": HOSTILE}]});
        // The gateway's own words, AWS's, and the API's.
        return match target {
            Some(_) => (
                StatusCode::BAD_REQUEST,
                json!({"__type": HOSTILE, "message": HOSTILE}).to_string(),
            ),
            None if path.starts_with("/api/workflows/") => {
                (StatusCode::FORBIDDEN, HOSTILE.to_owned())
            }
            None => (StatusCode::CONFLICT, problem.to_string()),
        }
        .into_response();
    }
    if let Some(target) = target {
        let content = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
        return (content, stage.aws(target).to_string()).into_response();
    }
    match path.strip_prefix("/api") {
        Some(path) => stage.api(&method, path).to_string().into_response(),
        None if path.ends_with("report.md") => format!("# Report\n\n{HOSTILE}\n").into_response(),
        None => {
            let error = format!("<Error><Message>{HOSTILE}</Message></Error>");
            (StatusCode::BAD_REQUEST, error).into_response()
        }
    }
}

/// Each verb of the table and what it is called with. A verb that is missing here fails the test.
fn calls() -> BTreeMap<&'static str, Vec<(Scene, Vec<String>)>> {
    use Scene::{Completed, Failed, Rejected, Researching, Stuck, Waiting};
    let mut calls: BTreeMap<&str, Vec<(Scene, Vec<String>)>> = BTreeMap::new();
    let mut add = |scene: Scene, words: &[&str]| {
        let verb = [
            "run",
            "serve",
            "backup",
            "restore",
            "doctor",
            "events",
            "start",
            "get",
            "findings",
            "list",
            "flow",
            "watch",
            "history",
            "report",
            "approve",
            "reject",
            "request-changes",
            "approval-link",
            "cancel",
            "redrive",
            "emit",
            "dlq",
            "keys",
            "logs",
        ];
        let verb = verb.into_iter().find(|verb| *verb == words[0]).unwrap();
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        calls.entry(verb).or_default().push((scene, words));
    };
    for scene in [Researching, Waiting(0), Stuck, Failed, Rejected, Completed] {
        add(Completed, &["serve", "--config", HOSTILE_TYPED]);
        add(Completed, &["events"]);
        add(Completed, &["backup", HOSTILE_TYPED]);
        add(Completed, &["restore", HOSTILE_TYPED]);
        add(Completed, &["doctor", "--config", HOSTILE_TYPED]);
        add(scene, &["get", WORKFLOW]);
    }
    for scene in [Researching, Failed, Rejected] {
        add(scene, &["run", "t\u{202a}", "--approve"]);
    }
    add(Researching, &["run", "topic"]);
    add(
        Researching,
        &[
            "run",
            "topic",
            "--approve",
            "--sources",
            "docs",
            "-o",
            "r\u{9b}.md",
        ],
    );
    add(Researching, &["start", "topic", "--sources", "docs"]);
    add(
        Researching,
        &["start", "topic", "--idempotency-key", HOSTILE_TYPED],
    );
    add(
        Researching,
        &["start", "topic", "--sources", "docs/\u{202e}.md"],
    );
    add(Researching, &["list"]);
    for words in [
        vec!["flow", "list"],
        vec!["flow", "show", "report"],
        vec!["flow", "show", "other"],
        vec!["flow", "show", HOSTILE_TYPED],
        vec!["flow", "check", "flow.json"],
        vec!["flow", "check", "no\u{1b}[2Jfile"],
    ] {
        add(Researching, &words);
    }
    for scene in [Failed, Rejected, Completed] {
        add(scene, &["watch", WORKFLOW]);
    }
    for scene in [Waiting(0), Completed] {
        add(scene, &["findings", WORKFLOW]);
    }
    add(Failed, &["history", WORKFLOW]);
    add(Completed, &["report", WORKFLOW]);
    add(Completed, &["report", WORKFLOW, "-o", "o\u{9b}.md"]);
    add(Failed, &["report", WORKFLOW]);
    for verb in ["approve", "reject"] {
        add(Waiting(0), &[verb, WORKFLOW]);
    }
    add(Waiting(0), &["request-changes", WORKFLOW, "-m", "c"]);
    add(
        Waiting(0),
        &["approval-link", WORKFLOW, "--approver", "ann"],
    );
    add(Researching, &["cancel", WORKFLOW, "--reason", "r"]);
    add(Failed, &["redrive", WORKFLOW]);
    add(Failed, &["emit", "WorkflowRequested", "--set", "topic=t"]);
    add(
        Failed,
        &["emit", HOSTILE_TYPED, "--source", HOSTILE_TYPED, "--force"],
    );
    add(
        Failed,
        &["emit", "WorkflowRequested", "--detail", "@no\u{1b}[2Jfile"],
    );
    for words in [
        vec!["dlq", "list"],
        vec!["dlq", "show", "intake", "--body"],
        vec!["dlq", "show", HOSTILE_TYPED],
        vec!["dlq", "redrive", "intake", "--all"],
        vec!["dlq", "drop", "intake", "--all", "-y"],
        vec!["dlq", "drop", "intake", "--message", HOSTILE_TYPED],
        vec!["keys", "list"],
        vec!["keys", "rotate"],
        vec!["logs"],
        vec!["logs", HOSTILE_TYPED],
    ] {
        add(Failed, &words);
    }
    calls
}

/// As hostile as an argument can be: it has no NUL in it.
const HOSTILE_TYPED: &str =
    "bad\u{1b}[31m\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}2J\r\u{202e}\u{200b}\u{feff}\u{e0041}";

pub fn command(folder: &TempDir, words: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aegis"));
    command.args(words);
    command.args(["--stage", "stage.json"]);
    command
        .current_dir(folder.path())
        .env("TZ", "UTC")
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .env_remove("CARGO")
        .env_remove("AEGIS_STAGE")
        .kill_on_drop(true);
    command
}

pub async fn folder(stage: &Stage) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("stage.json"), stage.file().to_string()).unwrap();
    let flow = json!({"flow": HOSTILE, HOSTILE: HOSTILE, "steps": [{"step": HOSTILE}]});
    std::fs::write(folder.path().join("flow.json"), flow.to_string()).unwrap();
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    for name in ["good.md", "\u{202e}.md", "e\u{1b}[2J.md"] {
        std::fs::write(docs.join(name), "# Text").unwrap();
    }
    folder
}

const PATIENCE: Duration = Duration::from_secs(60);

/// Standard output and standard error, into pipes.
async fn piped(folder: &TempDir, words: &[String]) -> (Vec<u8>, Vec<u8>) {
    let mut command = command(folder, words);
    let output = command.stdin(Stdio::null()).output();
    let output = tokio::time::timeout(PATIENCE, output).await;
    let output = output
        .unwrap_or_else(|_| panic!("{words:?} does not end"))
        .unwrap();
    assert_ne!(output.status.code(), Some(101), "{words:?} panicked");
    (output.stdout, output.stderr)
}

/// Both, on a terminal of `columns`. Nothing is typed there: standard input is none.
async fn on_a_terminal(folder: &TempDir, words: &[String], columns: u16) -> Vec<u8> {
    let (mut main, side) = terminal::pair(columns);
    let mut command = command(folder, words);
    command
        .stdin(Stdio::null())
        .stdout(OwnedFd::from(side.try_clone().unwrap()))
        .stderr(OwnedFd::from(side));
    let mut child = command.spawn().unwrap();
    // Ours must go, or the reader would never see the end.
    drop(command);
    let reader = tokio::task::spawn_blocking(move || {
        let mut seen = Vec::new();
        // The last one who has it open is gone: that is an error, and the end.
        let _ = main.read_to_end(&mut seen);
        seen
    });
    let status = tokio::time::timeout(PATIENCE, child.wait())
        .await
        .unwrap()
        .unwrap();
    assert_ne!(status.code(), Some(101), "{words:?} panicked");
    reader.await.unwrap()
}

/// A list of its own, so that it does not believe the code that it judges.
fn is_hostile(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[track_caller]
fn is_harmless(words: &[String], stream: &str, bytes: &[u8]) {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    if let Some(c) = text.chars().find(|c| is_hostile(*c)) {
        panic!(
            "{words:?}: U+{:04X} on {stream}:\n{}",
            u32::from(c),
            text.escape_debug()
        );
    }
}

/// Without the sequences that this program and its progress bars write: colours, and moving within its own lines.
fn without_our_own(text: &str) -> String {
    let mut rest = text;
    let mut left = String::new();
    while let Some((before, behind)) = rest.split_once('\u{1b}') {
        left.push_str(before);
        let parameters = behind.strip_prefix('[').unwrap_or_default();
        let end = parameters
            .find(|c: char| !"?;0123456789".contains(c))
            .unwrap_or(0);
        let (numbers, letter) = (&parameters[..end], parameters[end..].chars().next());
        let ours = match letter {
            Some('m') => ["0", "1", "2", "31", "32", "33", "35", "36"].contains(&numbers),
            Some('K') => ["", "2"].contains(&numbers),
            Some('A' | 'B' | 'C' | 'D') => true,
            Some('h' | 'l') => numbers == "?25",
            _ => false,
        };
        if ours {
            rest = &parameters[end + 1..];
        } else {
            left.push('\u{1b}');
            rest = behind;
        }
    }
    left + rest
}

#[track_caller]
fn is_harmless_on_a_terminal(words: &[String], bytes: &[u8]) {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    // Ours, but not where a document says it.
    assert!(
        !text.contains("bad\u{1b}[31m"),
        "{words:?}: {}",
        text.escape_debug()
    );
    // The terminal makes `\r\n` of a newline, and a bar goes back to the start of its line.
    let text = without_our_own(&text).replace('\r', "");
    is_harmless(words, "the terminal", text.as_bytes());
}

/// The verbs that `aegis --help` lists, so that none is forgotten here.
async fn verbs() -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_aegis"))
        .arg("--help")
        .output()
        .await
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let list = help.split("Usage:").nth(1).unwrap();
    let list = list.split("Options:").next().unwrap();
    let first = list
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let words = first.filter_map(|line| line.split_whitespace().next());
    words.map(str::to_owned).collect()
}

#[tokio::test]
async fn no_verb_lets_anybody_steer_the_terminal() {
    let calls = calls();
    let mut known = verbs().await;
    known.sort();
    assert_eq!(
        known,
        Vec::from_iter(calls.keys().copied()),
        "a verb that is not tried"
    );
    for (scene, words) in calls.values().flatten() {
        for refuses in [false, true] {
            let stage = Stage::start(*scene, refuses).await;
            let folder = folder(&stage).await;
            let (out, err) = piped(&folder, words).await;
            is_harmless(words, "standard output", &out);
            is_harmless(words, "standard error", &err);
            assert!(!out.is_empty() || !err.is_empty(), "{words:?} says nothing");

            *stage.scene.lock().unwrap() = *scene;
            *stage.taken.lock().unwrap() = false;
            is_harmless_on_a_terminal(words, &on_a_terminal(&folder, words, 60).await);

            *stage.scene.lock().unwrap() = *scene;
            *stage.taken.lock().unwrap() = false;
            let as_json = [words.clone(), vec!["--json".to_owned()]].concat();
            let (out, err) = piped(&folder, &as_json).await;
            is_harmless(&as_json, "standard output", &out);
            is_harmless(&as_json, "standard error", &err);
            let out = String::from_utf8(out).unwrap();
            for line in out
                .lines()
                .filter(|line| line.starts_with('{') && line.ends_with('}'))
            {
                let read = serde_json::from_str::<Value>(line);
                assert!(read.is_ok(), "{as_json:?}: {line}");
            }
        }
    }
}
