//! Nothing that handles anything is missing from the laws.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use aegis_contracts::command::{Command, Destination};

use crate::services::dispatch_of;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// (service, trigger) of every case.
fn listed() -> BTreeSet<(String, String)> {
    let cases = crate::all().into_iter();
    cases
        .map(|case| (case.service.to_owned(), case.trigger.to_owned()))
        .collect()
}

#[test]
fn every_service_is_under_the_laws() {
    let folders = fs::read_dir(root().join("services")).unwrap();
    let names = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let services: BTreeSet<String> = names.collect();
    // Each agent's function runs the program `dispatch`.
    let program = |service: String| service.rsplit('-').next().map(str::to_owned);
    let under = listed().into_iter();
    let under: BTreeSet<String> = under.filter_map(|(service, _)| program(service)).collect();
    assert_eq!(under, services);
}

/// Whoever adds a command has to say here who takes it, or this does not compile.
fn takers(command: &Command) -> (&'static str, &'static [&'static str]) {
    const DISPATCHERS: &[&str] = &["researcher-dispatch", "analyst-dispatch", "writer-dispatch"];
    match command {
        Command::RunStep(_) => ("RunStep", DISPATCHERS),
        Command::RequestApproval(_) => ("RequestApproval", &["approval"]),
        Command::StopSession(_) => ("StopSession", DISPATCHERS),
    }
}

/// As many as the schema of commands has.
fn commands() -> Vec<Command> {
    let schemas = aegis_contracts::schemas::all().into_iter();
    let schema = schemas.into_iter().find(|schema| schema.name == "command");
    let schema = schema.unwrap().schema.to_value();
    let kinds = schema["oneOf"].as_array().unwrap().iter();
    kinds
        .map(|kind| {
            let name = &kind["properties"]["type"]["const"];
            let data = serde_json::json!({"agent": "writer", "step": "write", "attempt": 1, "revision": 0});
            serde_json::from_value(serde_json::json!({"type": name, "data": data})).unwrap()
        })
        .collect()
}

#[test]
fn every_command_is_under_the_laws() {
    let listed = listed();
    let commands = commands();
    assert!(commands.len() >= 3, "{commands:?}");
    for command in commands {
        let (kind, services) = takers(&command);
        let addressed = match command.destination() {
            Destination::Agent(agent) => dispatch_of(agent),
            Destination::Approval => "approval",
        };
        assert!(services.contains(&addressed), "{kind} goes to {addressed}");
        for service in services {
            let case = ((*service).to_owned(), kind.to_owned());
            assert!(listed.contains(&case), "{case:?} is not listed");
        }
    }
}

/// The quoted words of a line.
fn quoted(line: &str) -> Vec<&str> {
    line.split('"').skip(1).step_by(2).collect()
}

fn terraform(file: &str) -> String {
    fs::read_to_string(root().join("terraform").join(file)).unwrap()
}

#[test]
fn every_external_event_is_under_the_laws() {
    let text = terraform("bus.tf");
    let block = text.split("external_commands = {").nth(1).unwrap();
    let block = block.split('}').next().unwrap();
    let mut seen = 0;
    for line in block.lines().filter(|line| line.contains('=')) {
        let service = line.split('=').next().unwrap().trim();
        for kind in quoted(line) {
            seen += 1;
            let case = (service.to_owned(), kind.to_owned());
            assert!(listed().contains(&case), "{case:?} is not listed");
        }
    }
    assert!(seen >= 5, "{block}");
}

#[test]
fn every_route_that_changes_something_is_under_the_laws() {
    let text = terraform("api.tf");
    let routes = text.lines().filter_map(|line| match quoted(line)[..] {
        // Client routes name their group too.
        [route, service] | [route, service, _]
            if route.contains(" /") && !route.starts_with("GET ") =>
        {
            Some((service.to_owned(), route.to_owned()))
        }
        _ => None,
    });
    let routes: BTreeSet<_> = routes.collect();
    assert!(routes.len() >= 5, "{routes:?}");
    let missing: Vec<_> = routes.difference(&listed()).cloned().collect();
    assert!(missing.is_empty(), "not listed: {missing:?}");
}
