//! The definitions that a process knows, and those that the table keeps.

use std::path::PathBuf;

use aegis_contracts::flow::{Flow, FlowId};
use aegis_engine::error::PortError;
use aegis_engine::flows::{Flows, Unusable};
use aegis_engine::ports::{KeptFlow, Table};
use aegis_testkit::flow::{flows, flows_of, name, report, triage};
use aegis_testkit::harness::{Harness, at_once};
use aegis_workflow::Pinned;
use serde_json::json;

/// `report/1` with another title: a definition of its own.
fn edited() -> Flow {
    let mut flow = Flow::clone(&report());
    flow.title = "Another report".to_owned();
    flow
}

fn newer() -> Flow {
    Flow {
        version: 2,
        ..edited()
    }
}

fn kept(harness: &Harness, version: u16) -> Option<FlowId> {
    let kept = at_once(harness.ports.table.flow(&name("report"), version));
    kept.unwrap().map(|kept| kept.id)
}

fn register(harness: &Harness, flows: &Flows) -> Result<(), PortError> {
    at_once(flows.register(harness.ports.table.as_ref()))
}

fn find(harness: &Harness, flows: &Flows, id: &FlowId) -> Result<Pinned, PortError> {
    at_once(flows.find(harness.ports.table.as_ref(), id))
}

fn as_kept(id: &FlowId, definition: &Flow) -> KeptFlow {
    KeptFlow {
        id: id.clone(),
        definition: serde_json::to_string(definition).unwrap(),
    }
}

#[test]
fn new_workflows_run_by_the_newest_version() {
    let flows = flows_of(vec![newer(), Flow::clone(&report()), triage()]);
    assert_eq!(flows.newest(&name("report")).unwrap().version, 2);
    assert_eq!(flows.newest(&name("reports")), None);
    let all: Vec<String> = flows.all().map(|flow| flow.id().to_string()).collect();
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[0].starts_with("report/2/") && all[1].starts_with("triage/1/"));
}

#[test]
fn what_is_deployed_is_kept() {
    let harness = Harness::empty();
    let flows = flows_of(vec![newer(), Flow::clone(&report())]);
    // Each start of the service does it once more.
    for _ in 0..2 {
        assert_eq!(register(&harness, &flows), Ok(()));
        assert_eq!(kept(&harness, 1).as_ref(), Some(report().id()));
        assert_eq!(kept(&harness, 2), Some(newer().id()));
    }
}

#[test]
fn a_version_that_was_edited_in_place_is_refused() {
    let harness = Harness::empty();
    register(&harness, &flows()).unwrap();
    let Err(PortError::Permanent(told)) = register(&harness, &flows_of(vec![edited()])) else {
        panic!("it is refused for good");
    };
    assert!(
        told.starts_with("flows/report/1.json was changed"),
        "{told}"
    );
    assert_eq!(kept(&harness, 1).as_ref(), Some(report().id()));
}

/// Two processes of different packages start at once: the one that is later is refused.
#[test]
fn of_two_definitions_kept_at_once_one_is_refused() {
    for (other, taken) in [(Flow::clone(&report()), true), (edited(), false)] {
        let harness = Harness::empty();
        let first = as_kept(&other.id(), &other);
        harness.ports.table.keep_first(first);
        let outcome = register(&harness, &flows());
        assert_eq!(outcome.is_ok(), taken, "{outcome:?}");
        assert!(outcome.err().is_none_or(|error| error.is_permanent()));
        assert_eq!(kept(&harness, 1), Some(other.id()));
    }
}

#[test]
fn a_table_that_does_not_answer_refuses_no_definition() {
    let harness = Harness::empty();
    for operation in ["flow", "keep_flow"] {
        let fault = PortError::Transient("away".to_owned());
        harness.ports.faults.fail_next(operation, fault.clone());
        assert_eq!(register(&harness, &flows()), Err(fault), "{operation}");
    }
    assert_eq!(register(&harness, &flows()), Ok(()));
}

/// The package dropped the flow, or rolled it back: whoever began with it ends with it.
#[test]
fn a_workflow_goes_on_with_a_definition_that_is_not_deployed_any_more() {
    let mut harness = Harness::started_in(triage());
    register(&harness, &flows_of(vec![triage()])).unwrap();
    harness.engine.flows = flows().into();
    let workflow = harness.workflow();
    assert_eq!(*workflow.flow, triage());
    harness.succeed();
    assert_eq!(harness.workflow().at(), Some(&name("scope")));
    // It is read once.
    let reads = || harness.ports.faults.calls().get("flow").copied();
    let before = reads();
    harness.workflow();
    assert_eq!(reads(), before);
}

#[test]
fn a_definition_that_nobody_kept_is_gone_for_good() {
    let harness = Harness::empty();
    let told = format!("no definition of the flow {} is kept", newer().id());
    let gone = find(&harness, &flows(), &newer().id());
    assert_eq!(gone, Err(PortError::Permanent(told)));
    // Nor is the definition of another hash the one that is wanted.
    register(&harness, &flows()).unwrap();
    let other = find(&harness, &flows_of(vec![triage()]), &edited().id());
    assert!(other.is_err_and(|error| error.is_permanent()));
}

#[test]
fn a_definition_of_newer_code_is_left_to_it() {
    let harness = Harness::empty();
    let mut newest = as_kept(&newer().id(), &newer());
    let mut definition = serde_json::to_value(newer()).unwrap();
    definition["steps"][1]["unless"] = json!("research");
    newest.definition = definition.to_string();
    harness.ports.table.keep(newest);
    let Err(PortError::Transient(told)) = find(&harness, &flows(), &newer().id()) else {
        panic!("the message is left for newer code");
    };
    assert!(told.contains("steps[1].unless"), "{told}");
}

/// Whoever can write into the table cannot make a workflow run by something else.
#[test]
fn a_kept_definition_of_another_hash_is_refused() {
    let harness = Harness::empty();
    let id = newer().id();
    harness.ports.table.keep(as_kept(&id, &edited()));
    let told = format!("the definition that is kept for {id} is another one");
    let found = find(&harness, &flows(), &id);
    assert_eq!(found, Err(PortError::Permanent(told)));
}

#[test]
fn a_table_that_does_not_answer_hides_no_definition_for_good() {
    let harness = Harness::empty();
    let fault = PortError::Throttled("slow down".to_owned());
    harness.ports.faults.fail_next("flow", fault.clone());
    assert_eq!(find(&harness, &flows(), &newer().id()), Err(fault));
}

#[test]
fn no_version_stands_in_two_files() {
    let twice = Flows::new(vec![Flow::clone(&report()), edited()]);
    assert_eq!(twice.unwrap_err(), Unusable::Twice("report/1".to_owned()));
}

/// A folder of its own with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn read(files: &[(&str, &str)]) -> Result<Flows, Unusable> {
    Flows::read(folder(files).path())
}

#[test]
fn a_folder_holds_a_folder_for_each_flow() {
    let text = serde_json::to_string(&triage()).unwrap();
    let second = serde_json::to_string(&Flow {
        version: 2,
        ..triage()
    });
    let flows = read(&[
        ("triage/1.json", &text),
        ("triage/2.json", &second.unwrap()),
        ("triage/README.md", "not a flow"),
        ("released.json", "[]"),
    ]);
    let flows = flows.unwrap();
    assert_eq!(flows.newest(&name("triage")).unwrap().version, 2);
}

#[test]
fn the_flows_that_ship_can_be_read() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../flows");
    let flows = Flows::read(&folder).unwrap();
    assert!(flows.newest(&name("report")).is_some());
}

#[test]
fn a_folder_that_cannot_be_used_names_the_file() {
    let text = serde_json::to_string(&triage()).unwrap();
    let reads = text.replace(r#""reads":["collect"]"#, r#""reads":["colect"]"#);
    assert_ne!(reads, text);
    for (file, text, why) in [
        ("triage/1.json", "{", "the file is not JSON"),
        (
            "triage/1.json",
            &reads,
            "steps[2].reads[0]: no earlier step is called `colect`",
        ),
        (
            "triage/2.json",
            &text,
            "says of itself that it is triage/1.json",
        ),
        (
            "other/1.json",
            &text,
            "says of itself that it is triage/1.json",
        ),
        (
            "triage/01.json",
            &text,
            "says of itself that it is triage/1.json",
        ),
    ] {
        let Err(Unusable::File(named, told)) = read(&[(file, text)]) else {
            panic!("{file}: {why}");
        };
        assert!(named.ends_with(file), "{named}");
        assert!(told.starts_with(why), "{told}");
    }
    let absent = Flows::read(&folder(&[]).path().join("absent"));
    assert!(matches!(absent, Err(Unusable::File(named, _)) if named.ends_with("absent")));
}
