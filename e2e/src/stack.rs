//! The stack that the tests run on, and how a test gets hold of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use aegis_aws::client::bus::BusClient;
use aegis_aws::client::connection::{Connection, Keys};
use aegis_aws::client::keys::token_keys;
use aegis_aws::client::objects::S3Objects;
use aegis_aws::client::tap::tap;
use aegis_client::proof::Proofs;
use aegis_client::stage::{Authorization, Stage};
use aegis_contracts::EVENT_SOURCE;
use aegis_engine::token::TokenKeys;
use anyhow::{Context as _, Result, anyhow};
use aws_config::SdkConfig;
use serde::Deserialize;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use crate::aws::caller;
use crate::http::Http;
use crate::inbox::{A_MOMENT, FOR_GOOD, Inbox};
use crate::spans::Spans;
use crate::wait::{SOON, Seen, eventually};

/// Path of the stack's description.
const VARIABLE: &str = "AEGIS_STACK";
const MISSING: &str = "these tests need a running stack: start them with `cargo xtask test e2e`, which sets AEGIS_STACK";
/// Queue and rule that carry all events to the tests.
const TAP: &str = "aegis-e2e-events";
/// Whose account the bus's events are of, locally.
pub const ACCOUNT: &str = "000000000000";
/// By which name an API without authorisation knows all callers.
const ANONYMOUS: &str = "anonymous";

/// `stack.json`, as far as tests read it.
#[derive(Debug, Clone, Deserialize)]
struct Description {
    api_endpoint: String,
    aws_endpoint_url: String,
    region: String,
    access_key_id: String,
    secret_access_key: String,
    otlp_endpoint: Option<String>,
    outputs: Outputs,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Outputs {
    pub agent_role_arns: BTreeMap<String, String>,
    pub artifact_bucket_name: String,
    pub event_bus_name: String,
    pub dlq_urls: BTreeMap<String, String>,
    pub log_group_names: BTreeMap<String, String>,
    pub token_keys_parameter: String,
    pub queue_urls: BTreeMap<String, String>,
    pub workflow_table_name: String,
    pub deployment_summary: Summary,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Summary {
    /// Of the stage, such as `aegis-dev`.
    pub name: String,
    pub environment: String,
}

/// One for all tests.
pub struct Stack {
    pub http: Http,
    pub bus: BusClient,
    pub objects: S3Objects,
    pub config: SdkConfig,
    /// Where AWS is.
    pub aws_endpoint_url: String,
    pub outputs: Outputs,
    /// `None`: the stack sends its spans nowhere, or to somebody else.
    pub spans: Option<Spans>,
    /// The stack's own folder, with the agents' logs.
    pub folder: PathBuf,
    /// When the tests began, in milliseconds since the Unix epoch.
    pub began_millis: i64,
    /// Whether its API asked clients to sign when the tests began.
    pub signed: bool,
    /// By which name the API then knows who has the stage file's keys.
    pub caller: String,
    dead_letters: BTreeMap<String, Inbox>,
    events: OnceCell<Inbox>,
}

/// Runs one test on the stack. All tests share one runtime, so that they may share their clients.
///
/// # Errors
/// The test's own, or that there is no stack.
pub fn e2e(test: impl AsyncFnOnce(&'static Stack) -> Result<()>) -> Result<()> {
    static SHARED: OnceLock<Result<(Runtime, Stack), String>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| open().map_err(|error| format!("{error:#}")));
    match shared {
        Ok((runtime, stack)) => runtime.block_on(test(stack)),
        Err(error) => Err(anyhow!("{error}")),
    }
}

fn open() -> Result<(Runtime, Stack)> {
    let path = std::env::var_os(VARIABLE).filter(|path| !path.is_empty());
    let path = PathBuf::from(path.context(MISSING)?);
    let text = std::fs::read(&path)
        .with_context(|| format!("{} is not readable; {MISSING}", path.display()))?;
    let description: Description =
        serde_json::from_slice(&text).with_context(|| format!("{}", path.display()))?;
    let runtime = Runtime::new()?;
    let folder = path.parent().unwrap_or(Path::new(".")).to_path_buf();
    let stage = Stage::read(&path)?;
    let stack = runtime.block_on(Stack::connect(description, &stage, folder))?;
    Ok((runtime, stack))
}

impl Stack {
    async fn connect(description: Description, stage: &Stage, folder: PathBuf) -> Result<Self> {
        let connection = Connection {
            region: Some(description.region),
            endpoint_url: Some(description.aws_endpoint_url.clone()),
            keys: Some(Keys {
                access_key_id: description.access_key_id,
                secret_access_key: description.secret_access_key,
            }),
        };
        let config = connection.load().await;
        let outputs = description.outputs;
        let spans = match &description.otlp_endpoint {
            Some(endpoint) => Some(Spans::receive(endpoint).await?),
            None => None,
        };
        let inbox = |url: &String| Inbox::of(config.clone(), url.clone(), A_MOMENT);
        let dead = outputs.dlq_urls.iter();
        let signed = stage.authorization("start") == Authorization::Iam;
        let caller = match signed {
            true => caller(&config, &description.aws_endpoint_url).await?,
            false => ANONYMOUS.to_owned(),
        };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        Ok(Self {
            http: Http::new(description.api_endpoint, Proofs::of(stage, None).await?)?,
            bus: BusClient::new(&config, outputs.event_bus_name.clone()),
            objects: S3Objects::new(&config, outputs.artifact_bucket_name.clone()),
            dead_letters: dead.map(|(name, url)| (name.clone(), inbox(url))).collect(),
            config,
            aws_endpoint_url: description.aws_endpoint_url,
            outputs,
            signed,
            caller,
            spans,
            folder,
            began_millis: i64::try_from(now.as_millis())?,
            events: OnceCell::new(),
        })
    }

    /// # Errors
    /// Where there is no such service.
    pub fn dead_letters(&self, service: &str) -> Result<&Inbox> {
        let inbox = self.dead_letters.get(service);
        inbox.with_context(|| format!("{service} has no dead-letter queue"))
    }

    /// What is on the bus. Events that went out before the first call of a run may be missing: call it before
    /// starting what is to be seen.
    ///
    /// # Errors
    /// Where the rule or its queue cannot be made.
    pub async fn events(&self) -> Result<&Inbox> {
        let bus = &self.outputs.event_bus_name;
        let made = self.events.get_or_try_init(|| async {
            let url = tap(&self.config, bus, EVENT_SOURCE, TAP).await?;
            anyhow::Ok(Inbox::of(self.config.clone(), url, FOR_GOOD))
        });
        made.await
    }

    /// The keys that sign callback tokens. The first dispatch makes them.
    ///
    /// # Errors
    /// Where there are none in time.
    pub async fn keys(&self) -> Result<TokenKeys> {
        eventually("token keys", SOON, async || {
            let keys = token_keys(&self.config, &self.outputs.token_keys_parameter).await?;
            Ok(keys.map_or_else(|| Seen::NotYet("none".to_owned()), Seen::Yes))
        })
        .await
    }

    /// Puts `detail` on the bus in the name of `source`.
    ///
    /// # Errors
    /// Where EventBridge does not take it.
    pub async fn emit(
        &self,
        source: &str,
        detail_type: &str,
        detail: &serde_json::Value,
    ) -> Result<()> {
        self.bus
            .put(source, detail_type, &detail.to_string())
            .await?;
        Ok(())
    }
}
