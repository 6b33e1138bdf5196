//! `cargo xtask test deploy`: `deploy.sh` as a platform engineer types it, against an emulator of its own, in dev and in a
//! rehearsal of prod, and nothing is left at the end.
//!
//! Stand-ins take the places of cargo, whose work is done already, and of docker, which a test cannot count on. They
//! note how they are called.

pub mod deployed;
mod development;
mod production;
mod site;

use std::path::PathBuf;

use aegis_client::local::{self, StackFolder};
use aegis_local_aws::emulator::{self, Running};
use aegis_local_aws::packages::Products;
use aegis_local_aws::settings::Settings;
use aegis_local_aws::{binaries, down, packages, prerequisites, venv};
use anyhow::{Context as _, Result, bail};

use site::Site;

/// Where the stack of this part is, below the folder that `--dir` names.
const FOLDER: &str = "deploy";

pub async fn test(parent: &StackFolder, keep: bool) -> Result<()> {
    let folder = StackFolder::new(parent.root().join(FOLDER));
    if folder.root().exists() {
        down::take_down(&folder, true).await?;
    }
    let outcome = all(&folder).await;
    down::after_use(&folder, keep, outcome).await
}

async fn all(folder: &StackFolder) -> Result<()> {
    let ground = Ground::prepare(folder, false).await?;
    let (dev, prod) = (ground.site("dev")?, ground.site("prod")?);
    // Side by side, because each of them mostly waits for the provider.
    tokio::try_join!(development::story(&dev), production::story(&prod))?;
    nothing_is_left(&prod, &[production::STATE_BUCKET]).await
}

async fn nothing_is_left(site: &Site, expected: &[&str]) -> Result<()> {
    let left = everything(site).await?;
    let unexpected: Vec<_> = left
        .iter()
        .filter(|(_, name)| !expected.contains(&name.as_str()))
        .map(|(kind, name)| format!("{kind} {name}"))
        .collect();
    if !unexpected.is_empty() {
        bail!("destroy left behind:\n{}", unexpected.join("\n"));
    }
    Ok(())
}

pub struct Ground {
    folder: StackFolder,
    root: PathBuf,
    /// The Python that has the command line of AWS.
    tools: PathBuf,
    pub settings: Settings,
    pub products: Products,
    pub emulator: Running,
}

impl Ground {
    /// With `traces`, agents and services send their spans to where the tests listen.
    pub async fn prepare(folder: &StackFolder, traces: bool) -> Result<Self> {
        let found = prerequisites::check()?;
        let root = local::root()?;
        folder.create()?;
        let mut settings = Settings::load_or_create(folder)?;
        if traces {
            let receiver = format!("http://127.0.0.1:{}", settings.trace_port());
            settings.set_traces(Some(&receiver));
        }
        let environments = local::default_stack_folder()?;
        let python = venv::ensure(&venv::EMULATOR, &environments, &found.python).await?;
        let tools = venv::ensure(&venv::DEPLOY_TOOLS, &environments, &found.python).await?;
        let emulator = emulator::ensure(folder, &settings, &python).await?;
        let built = binaries::build(&found.cargo, &root).await?;
        let products = packages::make(folder, &built, &settings.configuration.flows).await?;
        Ok(Self {
            folder: folder.clone(),
            root,
            tools,
            settings,
            products,
            emulator,
        })
    }

    /// A place to type in.
    pub fn site(&self, name: &'static str) -> Result<Site> {
        Site::prepare(name, &self.folder, &self.settings, &self.root, &self.tools)
    }
}

/// A kind of resource, and how the command line of AWS lists the names of it.
const KINDS: [(&str, &str); 18] = [
    ("bucket", "s3api list-buckets --query Buckets[].Name"),
    ("table", "dynamodb list-tables --query TableNames"),
    ("queue", "sqs list-queues --query QueueUrls"),
    (
        "function",
        "lambda list-functions --query Functions[].FunctionName",
    ),
    (
        "mapping",
        "lambda list-event-source-mappings --query EventSourceMappings[].UUID",
    ),
    ("role", "iam list-roles --query Roles[].RoleName"),
    ("user", "iam list-users --query Users[].UserName"),
    (
        "log group",
        "logs describe-log-groups --query logGroups[].logGroupName",
    ),
    (
        "bus",
        "events list-event-buses --query EventBuses[?Name!=`default`].Name",
    ),
    ("rule", "events list-rules --query Rules[].Name"),
    ("API", "apigatewayv2 get-apis --query Items[].Name"),
    (
        "repository",
        "ecr describe-repositories --query repositories[].repositoryName",
    ),
    (
        "parameter",
        "ssm describe-parameters --query Parameters[].Name",
    ),
    (
        "alarm",
        "cloudwatch describe-alarms --query MetricAlarms[].AlarmName",
    ),
    (
        "dashboard",
        "cloudwatch list-dashboards --query DashboardEntries[].DashboardName",
    ),
    ("topic", "sns list-topics --query Topics[].TopicArn"),
    (
        "stack",
        "cloudformation list-stacks --query StackSummaries[?StackStatus!=`DELETE_COMPLETE`].StackName",
    ),
    (
        "schedule",
        "scheduler list-schedules --query Schedules[].Name",
    ),
];

/// Kind and name of everything that is there.
async fn everything(site: &Site) -> Result<Vec<(&'static str, String)>> {
    let mut found = Vec::new();
    for (kind, list) in KINDS {
        found.extend(
            listed(site, list)
                .await?
                .into_iter()
                .map(|name| (kind, name)),
        );
    }
    Ok(found)
}

/// Whether there is one of a kind whose name begins like this.
pub async fn there_is(site: &Site, wanted: &str, start: &str) -> Result<bool> {
    let list = KINDS.iter().find(|(kind, _)| *kind == wanted);
    let (_, list) = list.with_context(|| format!("{wanted} is no kind"))?;
    let names = listed(site, list).await?;
    Ok(names.iter().any(|name| name.starts_with(start)))
}

async fn listed(site: &Site, list: &str) -> Result<Vec<String>> {
    let (call, query) = list.split_once(" --query ").unwrap_or((list, ""));
    // Named, because version 1 of the command line looks for queues elsewhere otherwise.
    let line =
        format!("aws --endpoint-url \"$AWS_ENDPOINT_URL\" {call} --output text --query '{query}'");
    let names = site.works(&line).await?.output;
    let names = names.split_whitespace().filter(|name| *name != "None");
    Ok(names.map(str::to_owned).collect())
}
