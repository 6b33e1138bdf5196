//! `aegis.toml`: which flows there are, and which agents.
//!
//! ```toml
//! flows = "my-flows"             # a folder beside this file; without it, the flows that ship
//!
//! [agents.collector]
//! built_in = "researcher"        # an agent that ships
//!
//! [agents.reviewer]
//! url = "http://127.0.0.1:9100"  # a server that runs already
//! ```
//!
//! The three agents that ship are there without being named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aegis_contracts::flow::Name;
use serde::Deserialize;
use url::Url;

use crate::agents::Program;

/// Where it lies if nothing else is said.
pub const FILE: &str = "aegis.toml";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Absent: the flows that ship.
    pub flows: Option<PathBuf>,
    pub agents: BTreeMap<Name, Agent>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    pub source: Source,
    /// Whether it may read and list sources, on a stage where agents have roles.
    pub reads_sources: bool,
}

/// Where an agent's server comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// This agent ships.
    BuiltIn(Program),
    /// Somebody else runs it. Without a slash at its end.
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

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("{0} cannot be read: {1}")]
    Unread(PathBuf, std::io::Error),
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    #[error("agents.{0}: {1}")]
    Agent(Name, String),
    #[error("{file}: {source}")]
    File {
        file: PathBuf,
        #[source]
        source: Box<Self>,
    },
}

impl Default for Configuration {
    fn default() -> Self {
        let agents = Program::ALL.into_iter().filter_map(|(name, program)| {
            let name: Name = name.parse().ok()?;
            Some((name, Agent::built_in(program)))
        });
        Self {
            flows: None,
            agents: agents.collect(),
        }
    }
}

impl Configuration {
    /// # Errors
    /// Where the file cannot be read, or says what cannot be.
    pub fn read(file: &Path) -> Result<Self, Unusable> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| Unusable::Unread(file.to_owned(), error))?;
        let folder = file.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder).map_err(|source| Unusable::File {
            file: file.to_owned(),
            source: Box::new(source),
        })
    }

    /// `folder`: what paths begin from.
    fn parse(text: &str, folder: &Path) -> Result<Self, Unusable> {
        let file: File = toml::from_str(text)?;
        let mut read = Self {
            flows: file.flows.map(|flows| folder.join(flows)),
            ..Self::default()
        };
        for (name, entry) in file.agents {
            let agent = entry.agent();
            let agent = agent.map_err(|why| Unusable::Agent(name.clone(), why))?;
            read.agents.insert(name, agent);
        }
        Ok(read)
    }
}

impl Agent {
    fn built_in(program: Program) -> Self {
        Self {
            source: Source::BuiltIn(program),
            reads_sources: program == Program::Researcher,
        }
    }
}

impl Entry {
    fn agent(self) -> Result<Agent, String> {
        let agent = match (self.built_in, self.url) {
            (Some(program), None) => Agent::built_in(program_called(&program)?),
            (None, Some(url)) => Agent {
                source: Source::Url(base(&url)?),
                reads_sources: false,
            },
            (Some(_), Some(_)) | (None, None) => {
                return Err("say `built_in` or `url`".to_owned());
            }
        };
        Ok(Agent {
            reads_sources: self.reads_sources.unwrap_or(agent.reads_sources),
            ..agent
        })
    }
}

fn program_called(name: &str) -> Result<Program, String> {
    let mut all = Program::ALL.into_iter();
    match all.find(|(known, _)| *known == name) {
        Some((_, program)) => Ok(program),
        None => {
            let names = Program::ALL.map(|(name, _)| name).join(", ");
            Err(format!("`{name}` does not ship: {names} do"))
        }
    }
}

/// Without a slash at its end.
fn base(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| format!("`{text}` is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(format!("`{text}` is not http://<host>:<port>"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Configuration, Unusable> {
        Configuration::parse(text, Path::new("/home"))
    }

    #[test]
    fn what_ships_is_there_and_more_can_be_named() {
        let text = "flows = 'mine'\n[agents.reviewer]\nurl = 'http://127.0.0.1:9100/'\n\
                    [agents.collector]\nbuilt_in = 'researcher'\n";
        let read = read(text).unwrap();
        assert_eq!(read.flows.as_deref(), Some(Path::new("/home/mine")));
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
            let refused = read(text).unwrap_err().to_string();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
