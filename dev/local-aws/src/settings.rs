//! What a stack keeps for as long as it lives: its ports, its root credentials, and the Terraform
//! variables that were given to it by hand.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::TcpListener;
use std::path::Path;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use crate::configuration::Configuration;
use crate::digest;
use crate::json::{read_json, write_json};
use aegis_client::local::StackFolder;

/// Below the range from which systems give outgoing connections their ports.
const FIRST_PORT: u16 = 14_000;
const PORTS_PER_STACK: u16 = 40;
const BLOCKS: u16 = 225;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Settings {
    /// The first of the ports that belong to this stack.
    pub first_port: u16,
    pub access_key_id: String,
    pub secret_access_key: String,
    /// Given by `up --var`; kept until the stack is wiped.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Given by `up --traces`; kept likewise.
    #[serde(default)]
    pub traces: Option<String>,
    /// Services and agents reach AWS through the fault proxy.
    #[serde(default)]
    pub faults: bool,
    /// Attempts of each step, where not as many as usual.
    #[serde(default)]
    pub attempts: Option<u32>,
    /// What `aegis.toml` said when the stack was last brought up.
    pub configuration: Configuration,
}

#[cfg(test)]
impl Settings {
    /// Of a stack that does not exist.
    pub fn sample() -> Self {
        Self {
            first_port: FIRST_PORT,
            access_key_id: "id".to_owned(),
            secret_access_key: "secret".to_owned(),
            variables: BTreeMap::new(),
            traces: None,
            faults: false,
            attempts: None,
            configuration: Configuration::shipped().unwrap(),
        }
    }
}

impl Settings {
    /// Reads the stack's settings; makes them up for a new stack.
    pub fn load_or_create(folder: &StackFolder) -> Result<Self> {
        if let Some(settings) = read_json(&folder.settings_file()) {
            return Ok(settings);
        }
        let settings = Self {
            first_port: free_block(folder.root())?,
            access_key_id: "AKIAAEGISLOCALSTACK0".to_owned(),
            secret_access_key: random_secret(),
            variables: BTreeMap::new(),
            traces: None,
            faults: false,
            attempts: None,
            configuration: Configuration::find()?,
        };
        settings.save(folder)?;
        Ok(settings)
    }

    pub fn save(&self, folder: &StackFolder) -> Result<()> {
        write_json(&folder.settings_file(), self)
    }

    pub fn emulator_port(&self) -> u16 {
        self.first_port
    }

    pub fn agent_host_port(&self) -> u16 {
        self.first_port + 1
    }

    pub fn agent_port(&self, index: u16) -> u16 {
        self.first_port + 8 + index
    }

    /// Where a collector of traces may listen; nothing does unless a test starts one.
    pub fn trace_port(&self) -> u16 {
        self.first_port + 3
    }

    pub fn fault_proxy_port(&self) -> u16 {
        self.first_port + 2
    }

    /// Whether Terraform was told to put a function in the place of the agents.
    pub fn has_instant_agents(&self) -> bool {
        let told = self.variables.get("instant_agents");
        told.is_some_and(|value| value == "true")
    }

    /// Where services and agents reach AWS.
    pub fn called_endpoint_url(&self) -> String {
        if self.faults {
            format!("http://127.0.0.1:{}", self.fault_proxy_port())
        } else {
            self.aws_endpoint_url()
        }
    }

    pub fn aws_endpoint_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.emulator_port())
    }

    /// Known only to this user: derived from the secret key, and of no use to find it.
    pub fn credentials_token(&self, agent: &str) -> String {
        digest::of_bytes(format!("{}/credentials/{agent}", self.secret_access_key).as_bytes())
    }

    pub fn agent_host_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.agent_host_port())
    }
}

impl Settings {
    /// What `up` was given replaces what was given before; an empty value takes it back.
    pub fn set_traces(&mut self, given: Option<&str>) {
        if let Some(given) = given {
            self.traces = (!given.is_empty()).then(|| given.to_owned());
        }
    }
}

/// Adds `name=value` pairs to what was given before.
pub fn merge_variables(variables: &mut BTreeMap<String, String>, given: &[String]) -> Result<()> {
    for pair in given {
        match pair.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                variables.insert(name.trim().to_owned(), value.to_owned());
            }
            _ => bail!("--var wants name=value, got `{pair}`"),
        }
    }
    Ok(())
}

/// A block that nobody uses, first looked for where the folder's name points, so that two stacks
/// that do not run at the same time rarely want the same one.
fn free_block(root: &Path) -> Result<u16> {
    let mut hasher = DefaultHasher::new();
    root.hash(&mut hasher);
    let offset = u16::try_from(hasher.finish() % u64::from(BLOCKS))?;
    let candidates =
        (0..BLOCKS).map(|step| FIRST_PORT + (offset + step) % BLOCKS * PORTS_PER_STACK);
    for first in candidates {
        if (first..first + PORTS_PER_STACK).all(port_is_free) {
            return Ok(first);
        }
    }
    bail!(
        "no {PORTS_PER_STACK} ports in a row are free on 127.0.0.1; stop some servers and try again"
    )
}

pub fn port_is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

fn random_secret() -> String {
    use rand::Rng as _;
    rand::rng()
        .sample_iter(rand::distr::Alphanumeric)
        .take(40)
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_made_once() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = StackFolder::new(temporary.path().to_path_buf());
        let first = Settings::load_or_create(&folder).unwrap();
        let second = Settings::load_or_create(&folder).unwrap();
        assert_eq!(first.first_port, second.first_port);
        assert_eq!(first.secret_access_key, second.secret_access_key);
        assert_eq!(first.secret_access_key.len(), 40);
    }

    #[test]
    fn a_used_port_is_passed_over() {
        let root = Path::new("/some/stack");
        let wanted = free_block(root).unwrap();
        let _taken = TcpListener::bind(("127.0.0.1", wanted + 3)).unwrap();
        assert_ne!(free_block(root).unwrap(), wanted);
    }

    #[test]
    fn variables_are_added_and_replaced() {
        let mut variables = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
        merge_variables(&mut variables, &["a=2".to_owned(), "b=x=y".to_owned()]).unwrap();
        assert_eq!(variables["a"], "2");
        assert_eq!(variables["b"], "x=y");
        assert!(merge_variables(&mut variables, &["nothing".to_owned()]).is_err());
        assert!(merge_variables(&mut variables, &["=1".to_owned()]).is_err());
    }
}
