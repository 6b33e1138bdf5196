//! Agents without work in the place of the agent host, which is what dispatchers find at its port.

use std::sync::Arc;

use aegis_client::stage::Stage;
use aegis_loadtest::agents::{self, Conduct, Worker};
use aegis_loadtest::report::Report;
use aegis_platform::client::objects::S3Objects;
use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{Order, against, or_interrupted};
use crate::context::Context;
use crate::stack::folder::StackFolder;
use crate::stack::settings::Settings;
use crate::stack::{agents as agent_host, down, up};

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
            ..
        } = &self.conduct;
        match artifact_bytes {
            0 => latency.to_string(),
            bytes => format!("{latency}, writing {bytes} bytes each"),
        }
    }
}

pub async fn on_a_stack_of_its_own(
    order: &Order,
    conduct: Conduct,
    keep: bool,
    context: &Context,
) -> Result<Report> {
    let own = Context {
        folder: StackFolder::new(context.folder.root().join("load")),
        stage: None,
        token_file: None,
        json: context.json,
    };
    let outcome = or_interrupted(all(order, conduct, keep, &own)).await;
    if keep {
        let folder = own.folder.root();
        eprintln!("The stack stays, without agents: {}", folder.display());
        return outcome;
    }
    let down = down::take_down(&own.folder, true).await;
    outcome.and_then(|report| down.map(|()| report))
}

async fn all(order: &Order, conduct: Conduct, keep: bool, own: &Context) -> Result<Report> {
    let folder = &own.folder;
    if !keep && folder.root().exists() {
        down::take_down(folder, true).await?;
    }
    // What was kept holds more than this run will bring.
    let alone = !folder.settings_file().exists();
    let stack = up::bring_up(&up::Arguments::default(), folder).await;
    stack.context("the stack")?;
    let stand_in = StandIn::replace(folder, conduct).await?;
    against(order, Some(&stand_in), alone, own).await
}
