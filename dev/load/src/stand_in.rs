//! Agents without work in the place of the agent host, which is what dispatchers find at its port.

use std::sync::Arc;

use aegis_aws::client::objects::S3Objects;
use aegis_client::stage::Stage;
use aegis_loadtest::agents::{self, Conduct, Worker};
use aegis_loadtest::command::Order;
use aegis_loadtest::report::Report;
use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::on_stack;
use aegis_client::local::StackFolder;
use aegis_local_aws::Context;
use aegis_local_aws::settings::Settings;
use aegis_local_aws::{agents as agent_host, down, up};

/// Serves until it is dropped.
pub struct StandIn {
    worker: Arc<Worker>,
    conduct: Conduct,
    _until_dropped: oneshot::Sender<()>,
}

impl StandIn {
    /// Ends the agents of a running stack and takes their place.
    pub async fn replace(folder: &StackFolder, conduct: Conduct) -> Result<Self> {
        agent_host::end(folder).await?;
        let settings = Settings::load_or_create(folder)?;
        let stage = Stage::read(&folder.stack_file())?;
        let config = stage.connection().load().await;
        let bucket = stage.output("artifact_bucket_name")?;
        let worker = agents::of_bucket(S3Objects::new(&config, bucket), conduct.clone())?;
        let address = format!("127.0.0.1:{}", settings.agent_host_port());
        let listener = TcpListener::bind(&address)
            .await
            .with_context(|| format!("cannot listen at {address}"))?;
        let (until_dropped, dropped) = oneshot::channel::<()>();
        let until = async {
            // An error means the same: nobody holds the other end.
            let _ = dropped.await;
        };
        tokio::spawn(agents::serve(listener, Arc::clone(&worker), until));
        Ok(Self {
            worker,
            conduct,
            _until_dropped: until_dropped,
        })
    }

    pub fn worker(&self) -> &Worker {
        &self.worker
    }

    pub fn told(&self) -> String {
        let Conduct {
            latency,
            artifact_bytes,
            new_sessions,
            ..
        } = &self.conduct;
        let mut told = latency.to_string();
        if *artifact_bytes > 0 {
            told += &format!(", writing {artifact_bytes} bytes each");
        }
        if let Some(new_sessions) = new_sessions {
            told += &format!(", of which {new_sessions} may start in a second");
        }
        told
    }
}

/// The stack that load tests have for themselves.
pub struct OwnStack(Context);

impl OwnStack {
    /// Below the folder of the stack of `context`.
    pub fn below(context: &Context) -> Self {
        Self(context.below("load"))
    }

    pub fn folder(&self) -> &StackFolder {
        &self.0.folder
    }

    /// With agents in this program.
    pub async fn with_stand_in(
        &self,
        order: &Order,
        conduct: Conduct,
        keep: bool,
    ) -> Result<Report> {
        let folder = &self.0.folder;
        if !keep && folder.root().exists() {
            down::take_down(folder, true).await?;
        }
        // What was kept holds more than this run will bring.
        let alone = !folder.settings_file().exists();
        self.up("instant_agents=false").await?;
        let stand_in = StandIn::replace(folder, conduct).await?;
        on_stack(order, Some(&stand_in), alone, folder).await
    }

    /// With agents that the stack itself has, as a function.
    pub async fn with_function(&self, order: &Order) -> Result<Report> {
        self.up("instant_agents=true").await?;
        on_stack(order, None, false, &self.0.folder).await
    }

    async fn up(&self, variable: &str) -> Result<()> {
        let arguments = up::Arguments {
            variables: vec![variable.to_owned()],
            ..up::Arguments::default()
        };
        let stack = up::bring_up(&arguments, &self.0.folder).await;
        stack.context("the stack").map(drop)
    }
}
