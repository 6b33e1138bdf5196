//! `cargo xtask bench step-functions`.

use std::path::Path;
use std::sync::Arc;

use crate::step_functions::{
    Calls, Comparison, Deployment, Ground, Plan, Timeline, Wanted, compare, serve,
};
use aegis_aws::client::objects::S3Objects;
use aegis_client::api::Api;
use aegis_client::proof::Proofs;
use aegis_client::stage::Stage;
use anyhow::{Context as _, Result};
use tokio::net::TcpListener;

use super::functions;
use aegis_client::local::StackFolder;
use aegis_local_aws::Context;
use aegis_local_aws::binaries::AGENTS;
use aegis_local_aws::emulator;
use aegis_local_aws::json::read_json;
use aegis_local_aws::process::ProcessRecord;
use aegis_local_aws::settings::Settings;
use aegis_local_aws::signals::{Interrupted, interrupted};
use aegis_local_aws::terraform::variables::{lambda_architecture, runtime_arn};
use aegis_local_aws::{agents, down, up};
use aegis_terminal::progress::Step;

/// As many as workflows that are in flight: starts of agents are no quota here.
const DISPATCHES: u32 = 20;

/// Measure the flow of aegis against the same flow on Step Functions, in turns on one local AWS.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// Workflows of each flow, one at a time.
    #[arg(long, default_value_t = 60, value_name = "N")]
    single: u32,
    /// Blocks of workflows of each flow, many at a time.
    #[arg(long, default_value_t = 3, value_name = "N")]
    rounds: u32,
    /// Workflows in each block.
    #[arg(long, default_value_t = 200, value_name = "N")]
    block: u32,
    /// Workflows at a time in a block.
    #[arg(long, default_value_t = 20, value_name = "N")]
    in_flight: u32,
}

impl Arguments {
    fn command(&self) -> String {
        let Self {
            single,
            rounds,
            block,
            in_flight,
        } = self;
        format!(
            "cargo xtask bench step-functions --single {single} --rounds {rounds} --block {block} --in-flight {in_flight}"
        )
    }
}

/// The stack begins empty, as what it holds from before makes the emulator slower, and is taken down afterwards, whatever
/// came of the bench.
pub async fn run(
    arguments: &Arguments,
    packages: Option<&Path>,
    context: &Context,
) -> Result<(String, Comparison)> {
    let folder = StackFolder::new(context.folder.root().join("bench"));
    if folder.root().exists() {
        down::take_down(&folder, true).await?;
    }
    let outcome = tokio::select! {
        outcome = measured(arguments, packages, &folder) => outcome,
        name = interrupted() => name.and_then(|name| Err(Interrupted(name).into())),
    };
    let stopped = down::take_down(&folder, true).await;
    let found = outcome?;
    stopped?;
    Ok((arguments.command(), found))
}

async fn measured(
    arguments: &Arguments,
    packages: Option<&Path>,
    folder: &StackFolder,
) -> Result<Comparison> {
    let deployable = functions::deployable(packages, &folder.root().join("unpacked"))?;
    let profile = if deployable.is_some() {
        functions::RELEASE
    } else {
        functions::DEV
    };
    let place = deployable.map_or_else(|| folder.packages(), |(place, _)| place);
    let wanted = up::Arguments {
        variables: vec![
            format!("lambda_dist_dir={}", place.display()),
            format!("dispatch_concurrency={DISPATCHES}"),
        ],
        traces: None,
    };
    up::bring_up(&wanted, folder)
        .await
        .context("the stack of the bench")?;
    // The agents that do not work listen in the place of those that do.
    agents::end(folder).await?;
    let settings = Settings::load_or_create(folder)?;
    let stage = Stage::read(&folder.stack_file())?;
    let config = stage.connection().load().await;
    let calls = Calls::new(&config, &settings.aws_endpoint_url())?;
    let objects = S3Objects::new(&config, stage.output("artifact_bucket_name")?);
    let timeline = Arc::new(Timeline::default());
    let listener = TcpListener::bind(("127.0.0.1", settings.agent_host_port())).await?;
    let server = serve(listener, objects.clone(), calls.clone(), timeline.clone())?;
    let step = Step::begin("Put the flow on Step Functions up");
    let wanted = Wanted {
        account: stage.account().context("no account in the stage")?,
        region: emulator::REGION.to_owned(),
        architecture: lambda_architecture(),
        package: functions::dispatcher(folder, profile).await?,
        agent_endpoint: settings.agent_host_url(),
        agent_arns: AGENTS.map(runtime_arn),
        push_url: format!("{}/pushed", settings.agent_host_url()),
    };
    let deployment = Deployment::put_up(&calls, &objects, &wanted).await?;
    step.done("two state machines");
    let proofs = Proofs::of(&stage, None).await?;
    let ground = Ground {
        api: Api::new(
            &stage.api_endpoint,
            proofs,
            "the bench's stack does not answer",
        )?,
        calls: calls.clone(),
        timeline,
        deployment,
    };
    let record: ProcessRecord =
        read_json(&folder.process_file(emulator::NAME)).context("no emulator runs")?;
    let plan = Plan {
        single: arguments.single,
        rounds: arguments.rounds,
        block: arguments.block,
        in_flight: arguments.in_flight as usize,
        emulator: record.pid,
        profile,
    };
    let step = Step::begin("Let the flows take turns");
    let found = compare(&ground, &plan, &|what| step.waiting_for(what)).await?;
    step.done("done");
    Deployment::take_down(&calls).await?;
    server.abort();
    Ok(found)
}
