//! A server as its clients see it: over HTTP, with the agents that ship.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aegis_agent_kit::claim;
use aegis_agent_kit::publish::sha256_hex;
use aegis_agent_kit::store::Put;
use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::ids::{SessionId, WorkflowId};
use aegis_contracts::sources::{SourceFiles, SourceUploads};
use aegis_contracts::transfer::{FileToPut, Transfer};
use aegis_embedded::{Configuration, Database, Embedded, Objects, Options};
use aegis_engine::ports::Artifacts as _;
use aegis_workflow::Rules;
use data_encoding::HEXLOWER;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

async fn server(data: &Path) -> Embedded {
    server_with(data, Vec::new()).await
}

async fn server_with(data: &Path, flows: Vec<PathBuf>) -> Embedded {
    let options = Options {
        flows,
        ..options(data)
    };
    Embedded::start(options).await.unwrap()
}

fn options(data: &Path) -> Options {
    Options {
        data: data.to_owned(),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        configuration: Configuration::default(),
        flows: Vec::new(),
        rules: Rules::default(),
        resume: false,
    }
}

struct Client {
    base: String,
    http: reqwest::Client,
}

impl Client {
    fn of(server: &Embedded) -> Self {
        Self {
            base: server.description().api_endpoint.clone(),
            http: reqwest::Client::new(),
        }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self
            .http
            .get(format!("{}{path}", self.base))
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.base)).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Once the workflow has this status.
    async fn wait_for(&self, id: &str, status: &str) -> Value {
        let wait = async {
            loop {
                let view = self.get(&format!("/workflows/{id}")).await;
                if view["status"] == status {
                    return view;
                }
                assert_ne!(view["status"], "failed", "{view:#}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), wait)
            .await
            .unwrap()
    }

    async fn put(&self, transfer: &Transfer, content: &str) -> u16 {
        let mut request = self.http.put(&transfer.url).body(content.to_owned());
        for (name, value) in &transfer.headers {
            request = request.header(name, value);
        }
        request.send().await.unwrap().status().as_u16()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_uploaded_once_and_read() {
    const NAMES: [&str; 2] = ["good, (ä) 数据 #1?%25+&;*'\\.md", "more/a b.txt"];
    const TEXT: &str =
        "# The Halvorsen tidal clock\n\nThe Halvorsen tidal clock keeps time by a float of oak.\n";
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let client = Client::of(&server);
    let content = |text: &str| FileToPut {
        size: text.len() as u64,
        sha256: sha256_hex(text.as_bytes()),
        media_type: "text/markdown; charset=utf-8".to_owned(),
    };
    let wanted = SourceFiles {
        set: "handbook".to_owned(),
        files: NAMES.map(|name| (name.to_owned(), content(TEXT))).into(),
    };
    let ask = async || -> SourceUploads {
        let told = client.post("/sources", json!(wanted)).await;
        serde_json::from_value(told.clone()).unwrap_or_else(|_| panic!("{told}"))
    };
    let SourceUploads { uri, uploads } = ask().await;
    for name in NAMES {
        let upload = &uploads[name];
        // Other bytes, other headers, and links that were not made here.
        assert_eq!(client.put(upload, &TEXT.replace("oak", "elm")).await, 400);
        let other = |name: &str, value: &str| {
            let mut other = upload.clone();
            other.headers.insert(name.to_owned(), value.to_owned());
            other
        };
        assert_eq!(
            client.put(&other("content-type", "text/html"), TEXT).await,
            403
        );
        assert_eq!(client.put(&other("if-none-match", "x"), TEXT).await, 403);
        for (part, forged) in [
            ("/handbook/", "/other/"),
            ("expires=", "expires=9"),
            ("signature=", "signature=00"),
        ] {
            let mut other = upload.clone();
            other.url = other.url.replacen(part, forged, 1);
            assert_ne!(other.url, upload.url);
            assert_eq!(client.put(&other, TEXT).await, 403, "{}", other.url);
        }
        assert!(ask().await.uploads.contains_key(name), "nothing was put");
        assert_eq!(client.put(upload, TEXT).await, 200);
        assert_eq!(client.put(upload, TEXT).await, 412);
    }
    let expired = expired(folder.path(), &uploads[NAMES[0]], &content(TEXT)).await;
    assert_eq!(client.put(&expired, TEXT).await, 403);
    assert!(ask().await.uploads.is_empty(), "all are there");
    let mut changed = wanted.clone();
    changed.files.insert(NAMES[0].to_owned(), content("other"));
    let refused = client.post("/sources", json!(changed)).await;
    assert_eq!(refused["code"], "source_conflict");

    let parameters = json!({"sources": [uri]});
    let topic =
        json!({"topic": "How does the Halvorsen clock keep time?", "parameters": parameters});
    let started = client.post("/workflows", topic).await;
    let id = started["workflow_id"].as_str().unwrap();
    client.wait_for(id, "awaiting_approval").await;
    let evidence = client
        .get(&format!("/workflows/{id}/artifacts/evidence.json"))
        .await;
    assert_eq!(evidence["documents_read"], 2, "{evidence:#}");
    assert!(evidence.to_string().contains("a float of oak"));
    server.stop().await;
}

/// The same address as the server makes it, but for its time.
async fn expired(data: &Path, upload: &Transfer, file: &FileToPut) -> Transfer {
    let database = Database::open(&data.join("aegis.db")).unwrap();
    let secret: String = database
        .read(|connection| {
            let sql = "SELECT value FROM secrets WHERE name = 'links'";
            connection.query_row(sql, [], |row| row.get(0))
        })
        .unwrap();
    let secret = HEXLOWER.decode(secret.as_bytes()).unwrap();
    let (base, path) = upload.url.split_once("/objects/").unwrap();
    let key = percent_decode_str(path.split('?').next().unwrap());
    let key = key.decode_utf8().unwrap();
    let files = data.join("objects");
    let objects = Objects::new(Arc::new(database), files, secret, base.to_owned());
    let good = objects.presign_put(&key, file, Duration::from_secs(900));
    assert_eq!(
        good.await.unwrap().url.split('?').next(),
        upload.url.split('?').next()
    );
    objects
        .presign_put(&key, file, Duration::ZERO)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_becomes_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let client = Client::of(&server);
    let topic = json!({"topic": "Impact of quantum computing on cryptography"});
    let started = client.post("/workflows", topic).await;
    let id = started["workflow_id"].as_str().unwrap();
    let view = client.wait_for(id, "awaiting_approval").await;
    assert_eq!(view["at"], "findings");
    let decision = json!({"decision": "approve", "approver": "ada"});
    client.post(&format!("/approve/{id}"), decision).await;
    let view = client.wait_for(id, "completed").await;
    let url = view["result"]["url"].as_str().unwrap();
    let report = client.http.get(url).send().await.unwrap();
    assert_eq!(report.headers()["x-content-type-options"], "nosniff");
    let report = report.text().await.unwrap();
    assert!(report.starts_with("# "), "{report}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_without_its_agents_is_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    let flows = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/flows");
    let server = server_with(folder.path(), vec![flows]).await;
    let left_out: Vec<String> = server.left_out().iter().map(ToString::to_string).collect();
    let missing = "flow `due-diligence`: aegis.toml names no agent `reviewer`";
    assert!(left_out.iter().any(|flow| flow == missing), "{left_out:?}");
    let client = Client::of(&server);
    let wanted = json!({"flow": "due-diligence", "topic": "a company"});
    let refused = client.post("/workflows", wanted).await;
    assert_eq!(refused["code"], "unknown_flow", "{refused:#}");
    server.stop().await;
}

/// As servers leave it that end between an agent's claim and the note that it was asked, one after another.
#[tokio::test(flavor = "multi_thread")]
async fn claims_of_processes_that_have_ended_are_no_lives_of_an_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    server(data).await.stop().await;
    let database = Arc::new(Database::open(&data.join("aegis.db")).unwrap());
    let pause = |transaction: &rusqlite::Transaction<'_>| {
        transaction.execute("INSERT INTO secrets VALUES ('paused', '')", [])
    };
    database.write(pause).await.unwrap();
    let paused = server(data).await;
    let topic = json!({"topic": "Impact of quantum computing on cryptography"});
    let started = Client::of(&paused).post("/workflows", topic).await;
    let id: WorkflowId = started["workflow_id"].as_str().unwrap().parse().unwrap();
    paused.stop().await;

    let of = Attempt::once("research".parse().unwrap(), 1);
    let session = SessionId::derive(&id, &of).runtime_session();
    let claim = json!({"session": session, "invocation": "of a process that has ended"});
    let claim = serde_json::to_vec(&claim).unwrap();
    let prefix = attempt_prefix(&"report".parse().unwrap(), &id, &of);
    let objects = Objects::new(database, data.join("objects"), Vec::new(), String::new());
    for key in claim::keys(&prefix) {
        let put = objects.put(&key, claim.clone(), "application/json").await;
        assert_eq!(put, Ok(Put::Written));
    }

    let resumed = Options {
        resume: true,
        ..options(data)
    };
    let server = Embedded::start(resumed).await.unwrap();
    let client = Client::of(&server);
    let view = client.wait_for(id.as_str(), "awaiting_approval").await;
    assert_eq!(view["steps"][0]["attempt"], 1, "{view:#}");
    server.stop().await;
}
