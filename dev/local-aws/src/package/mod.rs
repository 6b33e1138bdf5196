//! `cargo xtask package`: what a stage in AWS runs, built for its processors: a Lambda package per service, or the
//! programs of the agents' images. A list of what each holds lies beside it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::builder::PossibleValuesParser;
use serde::Serialize;

use crate::Context;
use crate::binaries::{
    AGENTS, INSTANT_AGENTS, SERVICES, agent_binary, compile, in_words, knows_flows,
};
use crate::configuration::Configuration;
use crate::packages::{Files, make_release_package, make_release_program};
use crate::prerequisites;
use crate::signals::{Interrupted, interrupted};
use crate::venv;
use aegis_client::local;
use aegis_terminal::out;
use aegis_terminal::progress::{Step, say};

mod build;
mod contents;

/// As Lambda and the Terraform variable `lambda_architecture` name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Architecture {
    #[value(name = "arm64")]
    Arm64,
    #[value(name = "x86_64")]
    X86_64,
}

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The processors that the functions run on: Terraform's `lambda_architecture`. Agents on AgentCore run on arm64.
    #[arg(long, value_enum, default_value = "arm64")]
    architecture: Architecture,
    /// Build the programs of the agents' images instead of the services' packages.
    #[arg(long)]
    agents: bool,
    /// Build the package of this service alone; may be given more than once. `instant-agents`, for a stage that is to
    /// be loaded, is built only when it is named [default: all services].
    #[arg(
        long = "service",
        value_name = "NAME",
        value_parser = PossibleValuesParser::new(SERVICES.into_iter().chain([INSTANT_AGENTS])),
        conflicts_with = "agents"
    )]
    services: Vec<String>,
    /// Where they go: Terraform's `lambda_dist_dir` [default: target/lambda], or `agent_dist_dir` [default:
    /// target/agents].
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// One thing to build, and what is made of it.
struct Product {
    package: String,
    binary: String,
    /// The file that is deployed.
    file: String,
    /// Whether the file is a zip around the binary or the binary itself.
    zipped: bool,
}

impl Product {
    fn service(name: &str) -> Self {
        Self {
            package: format!("aegis-{name}"),
            binary: name.to_owned(),
            file: format!("{name}.zip"),
            zipped: true,
        }
    }

    fn instant_agents() -> Self {
        Self {
            package: "aegis-loadtest".to_owned(),
            ..Self::service(INSTANT_AGENTS)
        }
    }

    fn agent(name: &str) -> Self {
        Self {
            package: format!("aegis-agent-{name}"),
            binary: agent_binary(name),
            file: agent_binary(name),
            zipped: false,
        }
    }
}

/// What was made, for scripts.
#[derive(Serialize)]
struct Made {
    architecture: &'static str,
    folder: PathBuf,
    packages: BTreeMap<String, Package>,
}

#[derive(Serialize)]
struct Package {
    bytes: u64,
    sha256: String,
    /// The file's list of contents.
    contents: PathBuf,
}

impl Architecture {
    fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let made = tokio::select! {
        made = make(&arguments) => made?,
        name = interrupted() => return Err(Interrupted(name?).into()),
    };
    if context.json {
        out::json(serde_json::to_string_pretty(&made)?);
        return Ok(ExitCode::SUCCESS);
    }
    for (file, package) in &made.packages {
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
        let size = package.bytes as f64 / 1_000_000.0;
        say(&format!("  {file}  {size:.1} MB"));
    }
    say(&format!(
        "Packages for {} are in {}",
        made.architecture,
        made.folder.display()
    ));
    Ok(ExitCode::SUCCESS)
}

async fn make(arguments: &Arguments) -> Result<Made> {
    let root = local::root()?;
    let target = arguments.architecture.target();
    build::ensure_standard_library(&root, target).await?;
    let parent = local::default_stack_folder()?;
    let python = venv::ensure(&venv::LINKER, &parent, &prerequisites::python()?).await?;
    let products = products(arguments);
    let step = Step::begin(if arguments.agents {
        "Build the agents for deployment"
    } else {
        "Build the services for deployment"
    });
    let build = build::Build {
        cargo: &prerequisites::cargo(),
        root: &root,
        python: &python,
        target,
    };
    let names: Vec<&str> = products.iter().map(|made| made.package.as_str()).collect();
    let (binaries, compiled) = compile(build.command(&names).await?, &step).await?;
    step.done(&in_words(compiled));

    let folder = match &arguments.out {
        Some(folder) => std::path::absolute(folder)?,
        None => root.join("target").join(default_folder(arguments.agents)),
    };
    let flows = Files::read(&Configuration::find()?.flows)?;
    if products.iter().any(|made| knows_flows(&made.binary)) {
        flows.place(&folder)?;
    }
    let mut packages = BTreeMap::new();
    for product in products {
        let binary = binaries
            .get(&product.binary)
            .with_context(|| format!("the build made no binary named {}", product.binary))?;
        build::warn_of_places(&root, binary).await?;
        let file = folder.join(&product.file);
        let sha256 = if product.zipped {
            let own = knows_flows(&product.binary).then(|| flows.clone());
            make_release_package(binary, &own.unwrap_or_default(), &file)?
        } else {
            make_release_program(binary, &file)?
        };
        let contents = contents::write(&build, &product.package, &file).await?;
        let bytes = file.metadata()?.len();
        let package = Package {
            bytes,
            sha256,
            contents,
        };
        packages.insert(product.file, package);
    }
    Ok(Made {
        architecture: arguments.architecture.name(),
        folder,
        packages,
    })
}

fn products(arguments: &Arguments) -> Vec<Product> {
    if arguments.agents {
        return AGENTS.iter().map(|name| Product::agent(name)).collect();
    }
    let named = |name: &str| arguments.services.iter().any(|one| one == name);
    let all = arguments.services.is_empty();
    let services = SERVICES.iter().filter(|name| all || named(name));
    let instant = named(INSTANT_AGENTS).then(Product::instant_agents);
    services
        .map(|name| Product::service(name))
        .chain(instant)
        .collect()
}

fn default_folder(agents: bool) -> &'static str {
    if agents { "agents" } else { "lambda" }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn built(words: &[&str]) -> Option<Vec<String>> {
        let line = Line::try_parse_from([&["package"], words].concat()).ok()?;
        let products = products(&line.arguments).into_iter();
        Some(products.map(|product| product.file).collect())
    }

    #[test]
    fn services_may_be_picked() {
        assert_eq!(built(&[]).unwrap().len(), SERVICES.len());
        assert_eq!(built(&["--service", "relay"]).unwrap(), ["relay.zip"]);
        let two = built(&["--service", "relay", "--service", "intake"]).unwrap();
        assert_eq!(two.len(), 2);
        let instant = built(&["--service", "instant-agents"]).unwrap();
        assert_eq!(instant, ["instant-agents.zip"]);
        assert_eq!(built(&["--service", "nobody"]), None);
        assert_eq!(built(&["--service", "relay", "--agents"]), None);
    }
}
