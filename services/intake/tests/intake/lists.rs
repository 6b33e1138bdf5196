//! `GET /workflows`.

use aegis_contracts::openapi::ClientAccess;
use aegis_engine::api::ApiRequest;
use aegis_engine::error::PortError;
use aegis_engine::ports::Table;
use aegis_testkit::flow::triage;
use aegis_testkit::harness::{Harness, at_once};
use aegis_testkit::life::Life;
use aegis_testkit::requests::{With, ask, ok, problem, request, tells_of_port_errors};
use serde_json::{Value, json};

use crate::service;

/// A harness with this many workflows, one a second, the oldest first.
fn filled(count: usize) -> (Harness, Vec<String>) {
    let harness = Harness::empty();
    let mut ids = Vec::new();
    for index in 0..count {
        let life = Life::begin(&format!("topic {index}"), harness.now());
        at_once(
            harness
                .ports
                .table
                .open(&life.workflow, &life.request, &life.entry),
        )
        .unwrap();
        ids.push(life.id().to_string());
        harness.wait(1);
    }
    (harness, ids)
}

fn page(harness: &Harness, request: &ApiRequest) -> (Vec<String>, Option<String>) {
    let page = ok(200, &ask(service(harness).as_ref(), request));
    let rows = page["workflows"].as_array().unwrap().iter();
    let ids = rows.map(|row| row["workflow_id"].as_str().unwrap().to_owned());
    (
        ids.collect(),
        page["next_cursor"].as_str().map(str::to_owned),
    )
}

fn get() -> ApiRequest {
    request("GET /workflows")
}

#[test]
fn an_empty_list_is_a_page_too() {
    assert_eq!(page(&Harness::empty(), &get()), (Vec::new(), None));
}

#[test]
fn pages_follow_one_another_newest_first() {
    let (harness, mut ids) = filled(45);
    ids.reverse();
    let (mut found, mut next) = page(&harness, &get());
    assert_eq!(found.len(), 20, "by default");
    while let Some(cursor) = next {
        let (more, after) = page(
            &harness,
            &get().query("cursor", &cursor).query("limit", "7"),
        );
        assert!(more.len() <= 7);
        found.extend(more);
        next = after;
    }
    assert_eq!(found, ids);
}

#[test]
fn a_full_last_page_has_no_next() {
    let (harness, _) = filled(4);
    let (found, next) = page(&harness, &get().query("limit", "4"));
    assert_eq!((found.len(), next), (4, None));
}

#[test]
fn rows_can_be_chosen_by_status() {
    let harness = Harness::cancelled();
    let of = |status: &str| page(&harness, &get().query("status", status)).0.len();
    assert_eq!((of("cancelled"), of("running")), (1, 0));
    let row: Value = ok(200, &ask(service(&harness).as_ref(), &get()))["workflows"][0].take();
    assert_eq!(row["status"], "cancelled");
    assert_eq!(row["topic"], "quantum computing");
    assert!(row["created_at"].is_string());
}

/// Two flows that both have a step `write` would not be told apart by `at` alone.
#[test]
fn rows_can_be_chosen_by_flow_and_place() {
    let harness = Harness::started_in(triage());
    let of = |flow: &str, at: &str| {
        let mut wanted = get();
        for (name, value) in [("flow", flow), ("at", at)] {
            if !value.is_empty() {
                wanted = wanted.query(name, value);
            }
        }
        page(&harness, &wanted).0.len()
    };
    assert_eq!((of("triage", ""), of("report", "")), (1, 0));
    assert_eq!((of("triage", "collect"), of("", "collect")), (1, 1));
    assert_eq!((of("report", "collect"), of("triage", "scope")), (0, 0));
    harness.succeed();
    assert_eq!((of("triage", "collect"), of("triage", "scope")), (0, 1));
    let wanted = get().query("status", "awaiting_approval");
    let found = ok(
        200,
        &ask(service(&harness).as_ref(), &wanted.query("at", "scope")),
    );
    let row = &found["workflows"][0];
    assert_eq!(
        (&row["flow"], &row["at"]),
        (&json!("triage"), &json!("scope"))
    );
    // What has ended is nowhere any more.
    harness.cancel();
    assert_eq!((of("triage", ""), of("triage", "scope")), (1, 0));
}

#[test]
fn queries_are_checked() {
    let harness = Harness::empty();
    for (name, value) in [
        ("status", "researching"),
        ("flow", "Report"),
        ("flow", ""),
        ("at", "1"),
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "-1"),
        ("limit", "many"),
        ("limit", ""),
        ("status", ""),
        ("cursor", ""),
        ("cursor", "x"),
        ("cursor", "////"),
        ("cursor", "MjAyNg"),
    ] {
        let problem = problem(&ask(service(&harness).as_ref(), &get().query(name, value)));
        assert_eq!(
            (problem.status, problem.code.as_str()),
            (400, "invalid_query")
        );
        assert!(problem.detail.contains(name), "{}", problem.detail);
    }
}

#[test]
fn parameters_that_are_not_known_or_there_twice_are_refused() {
    let harness = Harness::empty();
    let refused = |request: ApiRequest| {
        let problem = problem(&ask(service(&harness).as_ref(), &request));
        assert_eq!(
            (problem.status, problem.code.as_str()),
            (400, "invalid_query")
        );
        problem.detail
    };
    assert_eq!(
        refused(get().query("statuss", "failed")),
        "there is no query parameter `statuss`: this route takes status, flow, at, limit, cursor"
    );
    for name in ["", "Status", "st\u{1b}atus", "status[]"] {
        assert!(refused(get().query(name, "failed")).contains("there is no"));
    }
    let twice = get().query("status", "failed").query("status", "failed");
    assert_eq!(
        refused(twice),
        "the query parameter `status` is there twice"
    );
}

#[test]
fn the_parameters_are_those_of_the_description() {
    let document = aegis_contracts::openapi::document(ClientAccess::None.into());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let given = operation["parameters"].as_array().into_iter().flatten();
            let given = given.filter(|one| one["in"] == "query");
            let mut names: Vec<&str> = given.map(|one| one["name"].as_str().unwrap()).collect();
            names.sort_unstable();
            let expected: &[&str] = match (method.as_str(), path.as_str()) {
                ("get", "/workflows") => &["at", "cursor", "flow", "limit", "status"],
                ("get", "/workflows/{id}/review") => &["revision"],
                ("get", "/approval-links/{token}") => &["passages"],
                _ => &[],
            };
            assert_eq!(names, expected, "{method} {path}");
        }
    }
}

#[test]
fn errors_of_ports_say_whether_to_try_again() {
    tells_of_port_errors(&|error: PortError| {
        let harness = Harness::empty();
        harness.ports.faults.fail_next("list", error);
        ask(service(&harness).as_ref(), &get())
    });
}
