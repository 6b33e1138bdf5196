//! Builds every Lambda and every agent with one call of cargo and the profile that everything
//! else uses, so that nothing is compiled twice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde::Deserialize;
use tokio::process::Command;

use crate::environment;
use crate::foreground::{self, Line};
use aegis_terminal::progress::Step;
use aegis_terminal::text::counted;

/// The services, in the order in which a workflow meets them; binary and package have that name.
pub const SERVICES: [&str; 7] = [
    "intake",
    "dispatch",
    "approval",
    "callback",
    "artifacts",
    "relay",
    "deadlines",
];

/// Agents that wait instead of working, for a stage that is to be loaded; not one of the services.
pub const INSTANT_AGENTS: &str = "instant-agents";

/// The agents that ship; the binary of each is `<name>-agent`.
pub const AGENTS: [&str; 3] = ["researcher", "analyst", "writer"];

/// The developers' command: the agent host is one of its verbs.
pub const COMMAND: &str = "xtask";
/// The command of the product: the end-to-end tests type it.
pub const PRODUCT: &str = "aegis";

/// Where cargo put each binary, by its name.
pub type Binaries = BTreeMap<String, PathBuf>;

pub async fn build(cargo: &str, root: &Path) -> Result<Binaries> {
    let step = Step::begin("Build the services and agents");
    let mut command = environment::cargo(cargo, root);
    // The whole workspace: a narrower choice would unify features differently and compile again.
    command.args([
        "build",
        "--workspace",
        "--bins",
        "--message-format=json-render-diagnostics",
    ]);
    let (binaries, compiled) = compile(command, &step).await?;
    let missing: Vec<String> = expected()
        .filter(|name| !binaries.contains_key(name))
        .collect();
    if !missing.is_empty() {
        bail!("the build made no binary named {}", missing.join(", "));
    }
    step.done(&in_words(compiled));
    Ok(binaries)
}

/// Runs a build that reports in JSON; returns what it made and how many crates it compiled.
pub async fn compile(command: Command, step: &Step) -> Result<(Binaries, u32)> {
    let mut binaries = Binaries::new();
    let mut compiled = 0_u32;
    let finished = foreground::run(command, |line| match line {
        Line::Output(line) => note_artifact(line, &mut binaries),
        Line::Error(line) => {
            if line.trim_start().starts_with("Compiling") {
                compiled += 1;
            }
            step.waiting_for(&format!("{compiled} compiled; {}", line.trim()));
        }
    })
    .await?;
    if !finished.status.success() {
        bail!("the build failed:\n{}", finished.errors.join("\n"));
    }
    Ok((binaries, compiled))
}

pub fn in_words(compiled: u32) -> String {
    match compiled {
        0 => "nothing to compile".to_owned(),
        count => format!("{} compiled", counted(count, "crate")),
    }
}

/// Every binary that a stack needs.
pub fn expected() -> impl Iterator<Item = String> {
    let services = SERVICES.iter().map(|name| (*name).to_owned());
    let agents = AGENTS.iter().map(|name| agent_binary(name));
    let others = [INSTANT_AGENTS, COMMAND, PRODUCT].map(str::to_owned);
    services.chain(agents).chain(others)
}

/// Whether a service reads the flows, which are then in its package.
pub fn knows_flows(service: &str) -> bool {
    SERVICES.contains(&service) && service != RELAY
}

/// Publishes events, and knows nothing of workflows.
const RELAY: &str = "relay";

/// Whether a binary is run by Lambda, and so packaged.
pub fn is_function(binary: &str) -> bool {
    SERVICES.contains(&binary) || binary == INSTANT_AGENTS
}

pub fn agent_binary(agent: &str) -> String {
    format!("{agent}-agent")
}

/// The part of cargo's messages that says where a binary is.
/// <https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages>
#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

fn note_artifact(line: &str, binaries: &mut Binaries) {
    let Ok(message) = serde_json::from_str::<Message>(line) else {
        return;
    };
    if let (Some(target), Some(executable)) = (message.target, message.executable)
        && message.reason == "compiler-artifact"
    {
        binaries.insert(target.name, executable);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_executables_are_noted() {
        let mut binaries = Binaries::new();
        let binary =
            r#"{"reason":"compiler-artifact","target":{"name":"intake"},"executable":"/t/intake"}"#;
        let library =
            r#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}"#;
        for line in [
            binary,
            library,
            r#"{"reason":"build-finished","success":true}"#,
            "noise",
        ] {
            note_artifact(line, &mut binaries);
        }
        assert_eq!(
            binaries,
            Binaries::from([("intake".to_owned(), PathBuf::from("/t/intake"))])
        );
    }

    #[test]
    fn services_agents_and_commands_are_expected() {
        assert_eq!(expected().count(), 13);
    }
}
