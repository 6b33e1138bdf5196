//! What a rehearsal stands on: an emulator, what was built, and a copy of the Terraform sources to type in.

use std::path::PathBuf;

use anyhow::Result;

use crate::rehearsal::site::Site;
use aegis_client::local;
use aegis_client::local::StackFolder;
use aegis_local_aws::emulator::Running;
use aegis_local_aws::packages::Products;
use aegis_local_aws::settings::Settings;
use aegis_local_aws::{binaries, emulator, packages, prerequisites, venv};

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
