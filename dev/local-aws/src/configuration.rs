//! `aegis.toml`: which flows a stack on this machine has, and which agents.
//!
//! ```toml
//! flows = "my-flows"             # a folder beside this file; without it, the flows that ship
//!
//! [agents.collector]
//! built_in = "researcher"        # the program of an agent that ships
//!
//! [agents.reviewer]
//! url = "http://127.0.0.1:9100"  # a server that runs already
//! ```
//!
//! The three built-in agents are there without being named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aegis_contracts::flow::Name;
use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::binaries::AGENTS;
use aegis_client::local;

/// Names another file than `aegis.toml` in the working directory.
pub const VARIABLE: &str = "AEGIS_CONFIG";
const FILE: &str = "aegis.toml";
/// Of the agents that ship, the one that reads documents.
const RESEARCHER: &str = "researcher";
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

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    flows: Option<PathBuf>,
    agents: BTreeMap<Name, Entry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Entry {
    built_in: Option<String>,
    url: Option<String>,
    reads_sources: Option<bool>,
}

impl Configuration {
    /// Of the file that the environment or the working directory has, else what ships.
    ///
    /// # Errors
    /// Where the file cannot be read, or says what cannot be.
    pub fn find() -> Result<Self> {
        let named = std::env::var_os(VARIABLE).map(PathBuf::from);
        let file = named.clone().unwrap_or_else(|| PathBuf::from(FILE));
        if named.is_none() && !file.exists() {
            return Self::shipped();
        }
        let file = std::path::absolute(&file)?;
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let folder = file.parent().unwrap_or(Path::new("."));
        Self::read(&text, folder).with_context(|| format!("{} cannot be used", file.display()))
    }

    /// Without a file.
    ///
    /// # Errors
    /// Where this program does not lie in a clone of the sources.
    pub fn shipped() -> Result<Self> {
        Self::read("", &local::root()?)
    }

    /// `folder`: what paths begin from.
    fn read(text: &str, folder: &Path) -> Result<Self> {
        let file: File = toml::from_str(text)?;
        let flows = match file.flows {
            Some(flows) => folder.join(flows),
            None => local::root()?.join("flows"),
        };
        let mut agents = BTreeMap::new();
        for name in AGENTS {
            agents.insert(name.parse()?, Agent::built_in(name));
        }
        for (name, entry) in file.agents {
            let agent = entry.agent().with_context(|| format!("agents.{name}"))?;
            agents.insert(name, agent);
        }
        if agents.len() > MOST_AGENTS {
            bail!("a stack on one machine has at most {MOST_AGENTS} agents");
        }
        Ok(Self { flows, agents })
    }
}

impl Agent {
    fn built_in(program: &str) -> Self {
        Self {
            source: Source::BuiltIn(program.to_owned()),
            reads_sources: program == RESEARCHER,
        }
    }
}

impl Entry {
    fn agent(self) -> Result<Agent> {
        let agent = match (self.built_in, self.url) {
            (Some(program), None) if AGENTS.contains(&program.as_str()) => {
                Agent::built_in(&program)
            }
            (Some(program), None) => {
                bail!("`{program}` does not ship: {} do", AGENTS.join(", "))
            }
            (None, Some(url)) => Agent {
                source: Source::Url(base(&url)?),
                reads_sources: false,
            },
            (Some(_), Some(_)) | (None, None) => bail!("say `built_in` or `url`"),
        };
        Ok(Agent {
            reads_sources: self.reads_sources.unwrap_or(agent.reads_sources),
            ..agent
        })
    }
}

/// Without a slash at its end.
fn base(text: &str) -> Result<String> {
    let url = Url::parse(text).with_context(|| format!("`{text}` is no URL"))?;
    if url.scheme() != "http" || !url.has_host() {
        bail!("`{text}` is not http://<host>:<port>");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Configuration> {
        Configuration::read(text, Path::new("/home"))
    }

    #[test]
    fn what_ships_is_there_and_more_can_be_named() {
        let text = "flows = 'mine'\n[agents.reviewer]\nurl = 'http://127.0.0.1:9100/'\n\
                    [agents.collector]\nbuilt_in = 'researcher'\n";
        let read = read(text).unwrap();
        assert_eq!(read.flows, Path::new("/home/mine"));
        let names: Vec<&str> = read.agents.keys().map(Name::as_str).collect();
        assert_eq!(
            names,
            ["analyst", "collector", "researcher", "reviewer", "writer"]
        );
        let of = |name: &str| &read.agents[&name.parse::<Name>().unwrap()];
        assert_eq!(
            of("reviewer").source,
            Source::Url("http://127.0.0.1:9100".to_owned())
        );
        assert!(of("collector").reads_sources && !of("reviewer").reads_sources);
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (text, said) in [
            ("agents = 1", "agents"),
            ("[agents.Reviewer]\nbuilt_in = 'analyst'", "must be a name"),
            ("[agents.reviewer]", "agents.reviewer"),
            (
                "[agents.reviewer]\nbuilt_in = 'poet'",
                "`poet` does not ship",
            ),
            ("[agents.reviewer]\nurl = 'ftp://x'", "is not http://"),
            ("[agents.reviewer]\nport = 1", "port"),
        ] {
            let refused = format!("{:#}", read(text).unwrap_err());
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
