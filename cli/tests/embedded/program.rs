//! A server in a process, and a client that outlives it.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Nothing here takes so long; a test that waits longer waits for ever.
pub const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(10);

pub fn aegis(data: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aegis"));
    command
        .args(words)
        .arg("--data")
        .arg(data)
        .current_dir(data.parent().unwrap())
        .env_remove("CARGO")
        .env_remove("AEGIS_STAGE")
        .env_remove("AEGIS_CONFIG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

pub async fn output(data: &Path, words: &[&str]) -> Output {
    let ended = aegis(data, words).output();
    tokio::time::timeout(PATIENCE, ended)
        .await
        .unwrap()
        .unwrap()
}

pub struct Server {
    pub child: Child,
    pub endpoint: String,
}

impl Server {
    /// Once it says that it listens, where nobody else does.
    pub async fn start(data: &Path) -> Self {
        Self::start_with(data, &[]).await
    }

    pub async fn start_with(data: &Path, words: &[&str]) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        Self::start_at(data, &[&["--listen", &address], words].concat()).await
    }

    /// The same at an address of one's own.
    pub async fn start_at(data: &Path, words: &[&str]) -> Self {
        let mut command = aegis(data, &[&["serve", "--json"], words].concat());
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(data.parent().unwrap().join("serve.log"));
        let mut child = command.stderr(log.unwrap()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = String::new();
        let read = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                said.push_str(&line);
                if let Ok(told) = serde_json::from_str::<Value>(&said) {
                    return told["api_endpoint"].as_str().unwrap().to_owned();
                }
            }
            panic!("the server ended: {said}");
        };
        let endpoint = tokio::time::timeout(PATIENCE, read).await.unwrap();
        Self { child, endpoint }
    }

    /// SIGKILL.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// Asks whichever server listens at the address, again and again while none does.
pub struct Client {
    http: reqwest::Client,
    pub endpoint: String,
}

impl Client {
    pub fn of(server: &Server) -> Self {
        Self {
            http: reqwest::Client::builder()
                .timeout(Duration::from_secs(10))
                // A connection to a server that was killed must not be met again.
                .pool_max_idle_per_host(0)
                .build()
                .unwrap(),
            endpoint: server.endpoint.clone(),
        }
    }

    async fn answered(&self, make: impl Fn() -> reqwest::RequestBuilder) -> (u16, Value) {
        let wait = async {
            loop {
                if let Ok(answer) = make().send().await {
                    let status = answer.status().as_u16();
                    if let Ok(body) = answer.json().await
                        && status != 503
                    {
                        return (status, body);
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.endpoint);
        self.answered(|| self.http.get(&url)).await
    }

    pub async fn post(&self, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}{path}", self.endpoint);
        let request = || {
            self.http
                .post(&url)
                .header("idempotency-key", key)
                .json(body)
        };
        self.answered(request).await
    }

    /// Once `until` says so.
    pub async fn wait_for(&self, id: &str, until: impl Fn(&Value) -> bool) -> Value {
        let wait = async {
            loop {
                let (_, view) = self.get(&format!("/workflows/{id}")).await;
                if until(&view) {
                    return view;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap()
    }

    pub async fn text(&self, url: &str) -> String {
        self.http
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    }
}
