//! `aegis.toml`: which flows a stack on this machine has, and which agents. The embedded runtime reads the same file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use aegis_contracts::flow::Name;
use aegis_embedded::CONFIGURATION_FILE;
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use aegis_client::local;

/// Names another file than `aegis.toml` in the working directory.
pub const VARIABLE: &str = "AEGIS_CONFIG";
/// As many as a stack has ports for.
pub const MOST_AGENTS: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    pub flows: PathBuf,
    pub agents: BTreeMap<Name, Agent>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    pub source: Source,
    /// Whether it may read and list `sources/*` of the artifact bucket.
    pub reads_sources: bool,
}

/// Where an agent's server comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// The program of this agent that ships, started with the stack.
    BuiltIn(String),
    /// Somebody else runs it.
    Url(String),
}

impl Configuration {
    /// Of the file that the environment or the working directory has, else what ships.
    ///
    /// # Errors
    /// Where the file cannot be read, or says what cannot be.
    pub fn find() -> Result<Self> {
        let named = std::env::var_os(VARIABLE).map(PathBuf::from);
        let file = named
            .clone()
            .unwrap_or_else(|| PathBuf::from(CONFIGURATION_FILE));
        if named.is_none() && !file.exists() {
            return Self::shipped();
        }
        Self::of(aegis_embedded::Configuration::read(&std::path::absolute(
            &file,
        )?)?)
    }

    /// Without a file.
    ///
    /// # Errors
    /// Where this program does not lie in a clone of the sources.
    pub fn shipped() -> Result<Self> {
        Self::of(aegis_embedded::Configuration::default())
    }

    fn of(read: aegis_embedded::Configuration) -> Result<Self> {
        let agents = read.agents.into_iter();
        let agents: BTreeMap<Name, Agent> = agents
            .map(|(name, agent)| {
                let source = match agent.source {
                    aegis_embedded::Source::BuiltIn(program) => {
                        Source::BuiltIn(program.name().to_owned())
                    }
                    aegis_embedded::Source::Url(url) => Source::Url(url),
                };
                let reads_sources = agent.reads_sources;
                let agent = Agent {
                    source,
                    reads_sources,
                };
                (name, agent)
            })
            .collect();
        if agents.len() > MOST_AGENTS {
            bail!("a stack on one machine has at most {MOST_AGENTS} agents");
        }
        let flows = match read.flows {
            Some(flows) => flows,
            None => local::root()?.join("flows"),
        };
        Ok(Self { flows, agents })
    }
}
