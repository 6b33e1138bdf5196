//! Private Python environments: pinned by hash, shared by all stacks of this workspace.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use crate::digest;
use crate::foreground::{self, Line};
use crate::lock;
use aegis_terminal::progress::Step;

/// What an environment holds.
pub struct Packages {
    /// What is said while they are installed.
    title: &'static str,
    /// The environment's folder, beside those of the stacks.
    folder: &'static str,
    /// What `pip install --require-hashes` reads.
    requirements: &'static str,
}

pub const EMULATOR: Packages = Packages {
    title: "Install the AWS emulator",
    folder: "venv",
    requirements: include_str!("../assets/emulator-requirements.txt"),
};

/// What stands between the stack and the emulator while faults are injected.
pub const FAULT_PROXY: Packages = Packages {
    title: "Install the fault proxy",
    folder: "faults",
    requirements: include_str!("../assets/fault-proxy-requirements.txt"),
};

/// What sends the API all that its description allows, and what it does not.
pub const API_FUZZER: Packages = Packages {
    title: "Install the API fuzzer",
    folder: "fuzzer",
    requirements: include_str!("../assets/api-fuzzer-requirements.txt"),
};

/// A linker for other machines than this one.
pub const LINKER: Packages = Packages {
    title: "Install the linker for packages",
    folder: "linker",
    requirements: include_str!("../assets/linker-requirements.txt"),
};

/// What looks for insecure settings in the Terraform sources.
pub const SCANNER: Packages = Packages {
    title: "Install the scanner of the Terraform sources",
    folder: "checkov",
    requirements: include_str!("../assets/checkov-requirements.txt"),
};

/// Another emulator, for what the first one does not do.
pub const SECOND_EMULATOR: Packages = Packages {
    title: "Install the second AWS emulator",
    folder: "moto",
    requirements: include_str!("../assets/second-emulator-requirements.txt"),
};

/// What checks scripts, images and dependencies, and the command line of AWS.
pub const DEPLOY_TOOLS: Packages = Packages {
    title: "Install the tools for deployments",
    folder: "tools",
    requirements: include_str!("../assets/deploy-tools-requirements.txt"),
};

impl Packages {
    /// Names the set of packages; changes whenever they do.
    pub fn fingerprint(&self) -> String {
        digest::of_bytes(self.requirements.as_bytes())
    }

    /// The environment's Python, in the folder that holds the stacks.
    pub fn python(&self, parent: &Path) -> PathBuf {
        parent.join(self.folder).join("bin").join("python")
    }
}

/// Returns the environment's Python, after making the environment if it is not there. `parent` is
/// the folder that holds the stacks.
pub async fn ensure(packages: &Packages, parent: &Path, python: &str) -> Result<PathBuf> {
    let folder = &parent.join(packages.folder);
    let program = packages.python(parent);
    let marker = folder.join("installed");
    let _lock = lock::acquire(&folder.with_extension("lock")).await?;
    let installed = std::fs::read_to_string(&marker).unwrap_or_default();
    if installed == packages.fingerprint() && program.exists() {
        return Ok(program);
    }
    let step = Step::begin(packages.title);
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    step.waiting_for("making a virtual environment");
    let mut make = Command::new(python);
    make.args(["-m", "venv"]).arg(folder);
    finish(make, &step, "making a virtual environment failed").await?;
    let requirements = folder.join("requirements.txt");
    std::fs::write(&requirements, packages.requirements)?;
    let mut install = Command::new(&program);
    install
        .args([
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
        ])
        .args(["--require-hashes", "--requirement"])
        .arg(&requirements);
    finish(
        install,
        &step,
        "installing the pinned Python packages failed",
    )
    .await?;
    std::fs::write(&marker, packages.fingerprint())?;
    step.done("ready");
    Ok(program)
}

async fn finish(command: Command, step: &Step, what_failed: &str) -> Result<()> {
    let finished = foreground::run(command, |line| {
        if let Line::Output(line) = line {
            step.waiting_for(line.trim());
        }
    })
    .await?;
    if !finished.status.success() {
        bail!("{what_failed}:\n{}", finished.errors.join("\n"));
    }
    Ok(())
}
