//! Definitions of flows: what is refused, and where; what a definition is known by; which ones were released.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use aegis_contracts::flow::{Fault, Flow, FlowId, MAX_FILE, MAX_STEPS};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{golden, specimens};

fn triage() -> Value {
    json!({
        "flow": "triage", "version": 1, "title": "Triage of incidents",
        "steps": [
            {"step": "gather", "agent": "collector", "writes": "facts.json"},
            {"step": "sort", "agent": "sorter", "reads": ["gather"], "writes": "sorted.json"},
            {"approval": "plan", "shows": "sort", "redo": "sort", "search_again": "gather"},
            {"step": "act", "agent": "actor", "reads": ["gather", "sort"], "writes": "done.md"},
            {"approval": "close", "shows": "act", "redo": "act"},
        ],
        "result": "act",
    })
}

/// With `value` at the place `pointer`, of which all but the last part is there; without what is there for `Null`.
fn with(pointer: &str, value: Value) -> Value {
    changed(triage(), pointer, value)
}

fn changed(mut flow: Value, pointer: &str, value: Value) -> Value {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    match flow.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[field.parse::<usize>().unwrap()] = value,
        parent if value.is_null() => drop(parent.as_object_mut().unwrap().remove(field)),
        parent => parent[field] = value,
    }
    flow
}

fn faults(flow: Value) -> Vec<String> {
    let read = Flow::from_value(flow);
    let faults = read.err().unwrap_or_default();
    faults.iter().map(Fault::to_string).collect()
}

const NAME: &str = "must be a name of at most 32 characters: words of a to z and 0 to 9 with `-` between them, a letter first";
const FILE: &str =
    "must be a file name of at most 128 letters, digits, `.`, `_` and `-`, a letter or digit first";

#[test]
fn every_fault_is_told_with_its_place() {
    let steps = |count: usize| {
        (0..count)
            .map(|n| json!({"step": format!("s{n}"), "agent": "a", "writes": format!("{n}.md")}))
            .collect::<Value>()
    };
    let own_name = |place: &str| format!("{place}: {NAME}");
    let cases = [
        ("/flow", json!("Triage"), own_name("flow")),
        ("/flow", json!("2024"), own_name("flow")),
        ("/title", Value::Null, "title: missing field `title`".to_owned()),
        ("/version", json!(0), "version: counts from 1".to_owned()),
        ("/version", json!("1"), "version: must be a whole number, not a string".to_owned()),
        ("/title", json!(" "), "title: must have 1 to 120 characters".to_owned()),
        ("/title", json!("t".repeat(121)), "title: must have 1 to 120 characters".to_owned()),
        ("/steps", json!([]), "steps: must have 1 to 32 entries, it has 0".to_owned()),
        ("/steps", steps(33), "steps: must have 1 to 32 entries, it has 33".to_owned()),
        ("/steps/0", json!("gather"), "steps[0]: must be an object".to_owned()),
        ("/steps/0", json!({}), "steps[0]: must have the field `step`, `parallel` or `approval`".to_owned()),
        ("/steps/0/approval", json!("a"), "steps[0]: is a `step`, a `parallel` or an `approval`, only one of them".to_owned()),
        ("/steps/0/step", json!("Gather"), own_name("steps[0].step")),
        ("/steps/0/agent", json!("the collector"), own_name("steps[0].agent")),
        ("/steps/0/agent", Value::Null, "steps[0].agent: missing field `agent`".to_owned()),
        ("/steps/0/reads", json!("gather"), "steps[0].reads: must be a list, not a string".to_owned()),
        ("/steps/0/retries", json!(20), "steps[0].retries: must be from 0 to 19".to_owned()),
        ("/steps/0/timeout_minutes", json!(0), "steps[0].timeout_minutes: must be from 1 to 480".to_owned()),
        ("/steps/0/timeout_minutes", json!(481), "steps[0].timeout_minutes: must be from 1 to 480".to_owned()),
        ("/steps/0/heartbeat_seconds", json!(29), "steps[0].heartbeat_seconds: must be from 30 to 3600".to_owned()),
        ("/steps/0/heartbeat_seconds", json!(3601), "steps[0].heartbeat_seconds: must be from 30 to 3600".to_owned()),
        ("/steps/0/writes", json!("../facts.json"), format!("steps[0].writes: {FILE}")),
        ("/steps/0/writes", json!("_claim.json"), format!("steps[0].writes: {FILE}")),
        ("/steps/1/writes", json!("facts.json"), "steps[1].writes: `facts.json` is what `gather` writes".to_owned()),
        ("/steps/1/reads/0", json!("reserch"), "steps[1].reads[0]: no earlier step is called `reserch`".to_owned()),
        ("/steps/1/reads/0", json!("sort"), "steps[1].reads[0]: `sort` is this entry itself, or runs at the same time".to_owned()),
        ("/steps/1/reads/0", json!("act"), "steps[1].reads[0]: `act` comes later".to_owned()),
        ("/steps/3/reads/0", json!("plan"), "steps[3].reads[0]: `plan` is an approval, which writes nothing".to_owned()),
        ("/steps/3/reads/1", json!("gather"), "steps[3].reads[1]: `gather` is read already".to_owned()),
        ("/steps/2/shows", json!("act"), "steps[2].shows: `act` comes later".to_owned()),
        ("/steps/2/shows", json!("plan"), "steps[2].shows: `plan` is this entry itself, or runs at the same time".to_owned()),
        ("/steps/2/redo", Value::Null, "steps[2].search_again: goes with `redo` only".to_owned()),
        ("/steps/2/redo", json!("act"), "steps[2].redo: `act` comes later".to_owned()),
        (
            "/steps/2/shows",
            json!("gather"),
            "steps[2].redo: lies after `gather`, which would be shown again as it is".to_owned(),
        ),
        (
            "/steps/4",
            json!({"approval": "close", "shows": "act", "max_revisions": 2}),
            "steps[4].max_revisions: goes with `redo` only".to_owned(),
        ),
        ("/steps/2/search_again", json!("reserch"), "steps[2].search_again: no earlier step is called `reserch`".to_owned()),
        (
            "/steps/4/redo",
            json!("sort"),
            "steps[4].redo: lies before the approval `plan`, which would have to be asked for again".to_owned(),
        ),
        (
            "/steps/4/search_again",
            json!("gather"),
            "steps[4].search_again: lies before the approval `plan`, which would have to be asked for again".to_owned(),
        ),
        ("/steps/4/approval", json!("plan"), "steps[4].approval: `plan` is the name of an earlier one".to_owned()),
        ("/steps/4/approval", json!("gather"), "steps[4].approval: `gather` is the name of an earlier one".to_owned()),
        ("/steps/2/required", json!(0), "steps[2].required: lower than 1".to_owned()),
        ("/steps/2/max_revisions", json!(11), "steps[2].max_revisions: greater than 10".to_owned()),
        ("/steps/2/timeout_hours", json!(0), "steps[2].timeout_hours: must lie between one second and 8784 hours".to_owned()),
        ("/steps/2/on_timeout", json!("escalate"), "steps[2]: `on_timeout: escalate` needs `escalate_to`".to_owned()),
        ("/steps/2/approvers", json!(["ann", "Ann"]), "steps[2].approvers: `ann` and `Ann` are taken for the same person".to_owned()),
        ("/result", json!("plan"), "result: no step is called `plan`".to_owned()),
        ("/result", json!("reserch"), "result: no step is called `reserch`".to_owned()),
        ("/parameters", json!([]), "parameters: must be a JSON Schema, which is an object".to_owned()),
        ("/parameters", json!({}), "parameters: must have `\"type\": \"object\"`".to_owned()),
        (
            "/parameters",
            json!({"type": "object", "$defs": {"d": true}, "properties": {"a": {"$ref": "#/$defs/%64"}}}),
            "parameters: `$ref` must point into the schema itself: `#/…`, without `%`".to_owned(),
        ),
    ];
    for (pointer, value, expected) in cases {
        let flow = with(pointer, value);
        assert_eq!(faults(flow.clone()), [expected], "{flow}");
    }
    let fits = with("/steps", steps(MAX_STEPS));
    assert_eq!(faults(fits), ["result: no step is called `act`"]);
}

/// Two steps at once, and one that runs for each item of the first.
fn survey() -> Value {
    json!({
        "flow": "survey", "version": 1, "title": "Survey",
        "steps": [
            {"step": "plan", "agent": "planner", "writes": "plan.json"},
            {"step": "search", "agent": "searcher", "each": "plan", "max": 16, "may_fail": 2, "at_once": 8, "writes": "notes.json"},
            {"parallel": [
                {"step": "weigh", "agent": "analyst", "reads": ["search"], "writes": "weights.json"},
                {"step": "doubt", "agent": "critic", "reads": ["search"], "writes": "doubts.json"}]},
            {"approval": "notes", "shows": "weigh", "redo": "search", "search_again": "plan"},
        ],
        "result": "weigh",
    })
}

#[test]
fn faults_of_what_runs_at_once_are_told_with_their_place() {
    assert_eq!(faults(survey()), [] as [&str; 0]);
    let step = |name: &str| json!({"step": name, "agent": "a", "writes": format!("{name}.md")});
    let many = "has branches, and so as many artifacts: name a step that gathers them";
    let cases = [
        ("/steps/1/max", Value::Null, "steps[1].max: must say how many branches there are at most, up to 64".to_owned()),
        ("/steps/1/max", json!(65), "steps[1].max: must be from 1 to 64".to_owned()),
        ("/steps/1/at_once", json!(0), "steps[1].at_once: must be from 1 to 64".to_owned()),
        ("/steps/1/may_fail", json!(16), "steps[1].may_fail: must be less than `max`, which is 16".to_owned()),
        ("/steps/1/each", json!("weigh"), "steps[1].each: `weigh` comes later".to_owned()),
        ("/steps/1/each", json!("search"), "steps[1].each: `search` is this entry itself, or runs at the same time".to_owned()),
        ("/steps/0/max", json!(3), "steps[0].max: goes with `each` only".to_owned()),
        ("/steps/0/at_once", json!(3), "steps[0].at_once: goes with `each` only".to_owned()),
        ("/steps/3/shows", json!("search"), format!("steps[3].shows: `search` {many}")),
        ("/result", json!("search"), format!("result: `search` {many}")),
        ("/steps/2/parallel", json!([step("one")]), "steps[2].parallel: must have 2 to 8 steps, it has 1".to_owned()),
        (
            "/steps/2/parallel/1/reads/0",
            json!("weigh"),
            "steps[2].parallel[1].reads[0]: `weigh` is this entry itself, or runs at the same time".to_owned(),
        ),
        (
            "/steps/2/parallel/1/step",
            json!("weigh"),
            "steps[2].parallel[1].step: `weigh` is the name of an earlier one".to_owned(),
        ),
        (
            "/steps/2/parallel/1/agent",
            json!("A"),
            format!("steps[2].parallel[1].agent: {NAME}"),
        ),
        (
            "/steps/2/parallel/0",
            json!({"step": "weigh", "agent": "a", "writes": "w.md", "each": "plan", "max": 3}),
            "steps[2].parallel[0].each: a step in `parallel` has no branches: give it an entry of its own".to_owned(),
        ),
        (
            "/steps/3",
            json!({"step": "again", "agent": "a", "writes": "a.md", "each": "search", "max": 3}),
            "steps[3].each: `search` has branches itself: one step has to say how many there are".to_owned(),
        ),
    ];
    for (pointer, value, expected) in cases {
        let flow = changed(survey(), pointer, value);
        let told = faults(flow.clone());
        assert!(told.contains(&expected), "{told:?} of {flow}");
    }
}

#[test]
fn a_field_that_is_not_known_is_no_part_of_a_definition() {
    for (pointer, place) in [
        ("/colour", "colour"),
        ("/steps/0/colour", "steps[0].colour"),
        ("/steps/2/colour", "steps[2].colour"),
        // Of the other kind of entry.
        ("/steps/0/shows", "steps[0].shows"),
        ("/steps/2/writes", "steps[2].writes"),
    ] {
        let flow = with(pointer, json!("red"));
        let (_, field) = place.rsplit_once('.').unwrap_or(("", place));
        let told = faults(flow.clone());
        let begins = format!("{place}: unknown field `{field}`");
        assert!(
            told.len() == 1 && told[0].starts_with(&begins),
            "{flow}: {told:?}"
        );
    }
}

#[test]
fn all_faults_are_told_together() {
    let mut unfit = with("/steps/1/reads/0", json!("reserch"));
    unfit["steps"][2]["redo"] = json!("act");
    unfit["result"] = json!("plan");
    let places = |flow: Value| -> Vec<String> {
        let faults = Flow::from_value(flow).unwrap_err();
        faults.into_iter().map(|fault| fault.place).collect()
    };
    assert_eq!(
        places(unfit),
        ["steps[1].reads[0]", "steps[2].redo", "result"]
    );
    // What cannot be read is told before what does not fit together.
    let mut unreadable = with("/steps/0/step", json!(7));
    unreadable["steps"][3] = json!([]);
    unreadable["parameters"] = json!(1);
    assert_eq!(
        places(unreadable),
        ["steps[0].step", "steps[3]", "parameters"]
    );
}

#[test]
fn a_file_is_read_as_strictly_as_a_body() {
    let twice = triage()
        .to_string()
        .replacen("\"version\":1", "\"version\":1,\"version\":2", 1);
    let long = format!("{}{}", triage(), " ".repeat(MAX_FILE));
    for (text, begins) in [
        ("", "the file is not JSON: "),
        ("{\"flow\":", "the file is not JSON: "),
        ("[]", "the body must be a JSON object"),
        (twice.as_str(), "duplicate field `version`"),
        (long.as_str(), "the file has "),
    ] {
        let told = Flow::parse(text.as_bytes()).unwrap_err();
        assert!(
            told.len() == 1 && told[0].to_string().starts_with(begins),
            "{told:?}"
        );
    }
    assert!(Flow::parse(triage().to_string().as_bytes()).is_ok());
}

fn id(flow: Value) -> FlowId {
    Flow::from_value(flow)
        .unwrap_or_else(|faults| panic!("{faults:?}"))
        .id()
}

/// The same JSON, with the fields of every object in the opposite order.
fn backwards(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().rev();
            let fields: Vec<String> = fields
                .map(|(name, value)| format!("{}:{}", json!(name), backwards(value)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(backwards).collect();
            format!("[{}]", items.join(","))
        }
        plain => plain.to_string(),
    }
}

#[test]
fn what_differs_in_anything_has_another_hash() {
    let mut ids = BTreeSet::from([id(triage())]);
    let different = [
        ("/flow", json!("triage-2")),
        ("/version", json!(2)),
        ("/title", json!("Triage")),
        ("/result", json!("sort")),
        ("/parameters", json!({"type": "object"})),
        (
            "/parameters",
            json!({"type": "object", "properties": {"a": {"default": 1}}}),
        ),
        (
            "/parameters",
            json!({"type": "object", "properties": {"a": {"default": "1"}}}),
        ),
        ("/steps/0/agent", json!("sorter")),
        ("/steps/0/writes", json!("facts.md")),
        ("/steps/0/retries", json!(0)),
        ("/steps/0/timeout_minutes", json!(1)),
        ("/steps/0/heartbeat_seconds", json!(30)),
        ("/steps/1/reads", json!([])),
        ("/steps/3/reads", json!(["sort", "gather"])),
        (
            "/steps/2",
            json!({"approval": "plan", "shows": "gather", "redo": "gather"}),
        ),
        ("/steps/2/redo", json!("gather")),
        ("/steps/2/search_again", Value::Null),
        ("/steps/4/redo", Value::Null),
        ("/steps/2/required", json!(1)),
        ("/steps/2/on_timeout", json!("expire")),
    ];
    let count = different.len();
    for (pointer, value) in different {
        assert!(ids.insert(id(with(pointer, value))), "{pointer}");
    }
    assert_eq!(ids.len(), count + 1);
    // What is left out is as if it were written.
    let mut written = triage();
    written["parameters"] = json!({"type": "object", "additionalProperties": false});
    written["steps"][0]["reads"] = json!([]);
    assert_eq!(id(written), id(triage()));
}

#[test]
fn an_id_is_written_and_read() {
    let id = id(triage());
    assert_eq!(id.to_string().parse(), Ok(id.clone()));
    let hash = &id.hash;
    for text in [
        "",
        "triage",
        "triage/1",
        &format!("triage/x/{hash}"),
        &format!("triage/70000/{hash}"),
        &format!("Triage/1/{hash}"),
        &format!("triage/1/{}", hash.to_uppercase()),
        &format!("triage/1/{hash}0"),
        &format!("triage/1/{hash}/"),
    ] {
        assert!(text.parse::<FlowId>().is_err(), "{text}");
    }
}

/// What a random entry is made of: its kind, which earlier steps it reads, and numbers that choose.
type Seed = (bool, Vec<bool>, [usize; 3], [Option<u32>; 3], f64);

fn seed() -> impl Strategy<Value = Seed> {
    let settings = [0..=19u32, 1..=480, 30..=3600].map(proptest::option::of);
    (
        proptest::bool::weighted(0.3),
        proptest::collection::vec(any::<bool>(), 32),
        any::<[usize; 3]>(),
        settings,
        0.001..8784.0,
    )
}

fn entry(place: usize, seed: Seed, steps: &[String], since_approval: usize) -> Value {
    let (approval, reads, choices, settings, hours) = seed;
    let writable = steps.get(since_approval..).unwrap_or_default();
    let (name, mut entry) = (format!("e{place}"), Map::new());
    if !approval || writable.is_empty() {
        let read = steps
            .iter()
            .zip(reads)
            .filter_map(|(step, read)| read.then_some(step));
        entry.insert("reads".to_owned(), read.cloned().collect());
        for (field, value) in ["retries", "timeout_minutes", "heartbeat_seconds"]
            .into_iter()
            .zip(settings)
        {
            entry.extend(value.map(|value| (field.to_owned(), json!(value))));
        }
        entry.insert("step".to_owned(), json!(name));
        entry.insert(
            "agent".to_owned(),
            json!(format!("agent-{}", choices[0] % 3)),
        );
        entry.insert("writes".to_owned(), json!(format!("{place}.md")));
        return entry.into();
    }
    entry.insert("approval".to_owned(), json!(name));
    let shown = choices[1] % steps.len();
    entry.insert("shows".to_owned(), json!(steps[shown]));
    entry.insert("timeout_hours".to_owned(), json!(hours));
    let back = writable
        .iter()
        .filter(|step| steps[..=shown].contains(step));
    let back: Vec<_> = back.collect();
    if reads[0] && !back.is_empty() {
        let redo = choices[0] % back.len();
        entry.insert("redo".to_owned(), json!(back[redo]));
        if reads[1] {
            entry.insert(
                "search_again".to_owned(),
                json!(back[choices[2] % (redo + 1)]),
            );
        }
    }
    if reads[2] {
        entry.insert("on_timeout".to_owned(), json!("escalate"));
        entry.insert("escalate_to".to_owned(), json!(["grace", "zoë"]));
    }
    entry.into()
}

fn plain_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        proptest::num::f64::NORMAL.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!({"b": [1, {"d": 1, "c": 2}], "a": false})),
    ]
}

/// A definition that keeps all rules.
fn any_flow() -> impl Strategy<Value = Value> {
    let seeds = proptest::collection::vec(seed(), 1..10);
    let parameters = proptest::option::of(plain_value());
    (seeds, parameters, 1..=u16::MAX, any::<usize>()).prop_map(
        |(seeds, default, version, choice)| {
            let (mut entries, mut steps, mut since_approval) = (Vec::new(), Vec::new(), 0);
            for (place, seed) in seeds.into_iter().enumerate() {
                let entry = entry(place, seed, &steps, since_approval);
                match entry["step"].as_str() {
                    Some(step) => steps.push(step.to_owned()),
                    None => since_approval = steps.len(),
                }
                entries.push(entry);
            }
            let mut flow = json!({
                "flow": "random", "version": version, "title": "Zufällig",
                "steps": entries, "result": steps[choice % steps.len()],
            });
            if let Some(default) = default {
                flow["parameters"] =
                    json!({"type": "object", "properties": {"a": {"default": default}}});
            }
            flow
        },
    )
}

proptest! {
    #[test]
    fn a_definition_reads_back_as_itself_under_the_same_id(file in any_flow()) {
        let read = |text: &str| Flow::parse(text.as_bytes()).map_err(|faults| TestCaseError::fail(format!("{text}: {faults:?}")));
        let flow = read(&file.to_string())?;
        let again = read(&serde_json::to_string(&flow).unwrap())?;
        prop_assert_eq!(&again, &flow);
        prop_assert_eq!(again.id(), flow.id());
        let reordered = read(&backwards(&file))?;
        prop_assert_eq!(reordered.id(), flow.id());
    }

    #[test]
    fn the_schema_takes_what_is_taken(file in any_flow()) {
        let schemas = aegis_contracts::schemas::all();
        let schema = schemas.iter().find(|message| message.name == "flow").unwrap();
        let verdict = jsonschema::validate(schema.schema.as_value(), &file);
        prop_assert!(verdict.is_ok(), "{file}: {verdict:?}");
    }
}

fn shipped() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../flows")
}

/// A workflow that runs is pinned to its definition, and so is everything that was said about a released version.
///
/// `UPDATE_GENERATED=1` adds the files that are missing from the list. It never changes a hash.
#[test]
fn a_released_definition_never_changes() {
    let list = shipped().join("released.json");
    let released: BTreeMap<String, String> = fs::read_to_string(&list)
        .map(|text| serde_json::from_str(&text).unwrap())
        .unwrap_or_default();
    let mut found = BTreeMap::new();
    for folder in fs::read_dir(shipped()).unwrap() {
        let folder = folder.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let flow = Flow::parse(&fs::read(&path).unwrap());
            let flow = flow.unwrap_or_else(|faults| panic!("{}: {faults:?}", path.display()));
            let name = format!("{}/{}", flow.flow, flow.version);
            assert!(path.ends_with(format!("{name}.json")), "{}", path.display());
            found.insert(name, flow.id().hash);
        }
    }
    for (name, hash) in &released {
        let now = found.get(name);
        assert_eq!(
            now,
            Some(hash),
            "flows/{name}.json was changed: put the change into a new version"
        );
    }
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&list, golden::pretty(&json!(found))).unwrap();
    } else {
        assert_eq!(
            released, found,
            "UPDATE_GENERATED=1 cargo test -p aegis-contracts adds what is missing"
        );
    }
}

#[test]
fn the_shipped_flow_takes_the_golden_request() {
    let faults = |parameters: Value| -> Vec<String> {
        let parameters = parameters.as_object().unwrap();
        let faults = specimens::flow().parameters.faults(parameters);
        faults.into_iter().map(|fault| fault.field).collect()
    };
    assert_eq!(
        faults(golden::read("api-start-request")["parameters"].clone()),
        [""; 0]
    );
    let sources = |list: Value| json!({ "sources": list });
    for (parameters, expected) in [
        (json!({}), vec![]),
        (json!({"depth": "deep"}), vec!["parameters.depth"]),
        (json!({"colour": "red"}), vec!["parameters"]),
        (sources(json!(["s3://bucket/sources/größe 1/"])), vec![]),
        (
            sources(json!(["corpus:builtin", "s3://bucket/prefix/"])),
            vec![],
        ),
        (
            sources(json!(["http://example.org"])),
            vec!["parameters.sources[0]"],
        ),
        (
            sources(json!(["corpus:builtin", "s3://bucket"])),
            vec!["parameters.sources[1]"],
        ),
        (
            sources(json!(["s3://bucket/"])),
            vec!["parameters.sources[0]"],
        ),
        (sources(json!(["s3:///key"])), vec!["parameters.sources[0]"]),
        (
            sources(json!(["s3://bucket/sources/a\nb"])),
            vec!["parameters.sources[0]"],
        ),
        (
            sources(json!(vec!["corpus:builtin"; 21])),
            vec!["parameters.sources"],
        ),
    ] {
        assert_eq!(faults(parameters.clone()), expected, "{parameters}");
    }
}
