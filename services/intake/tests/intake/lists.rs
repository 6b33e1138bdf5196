//! `GET /workflows`.

use aegis_contracts::openapi::ClientAccess;
use aegis_engine::api::ApiRequest;
use aegis_engine::error::PortError;
use aegis_engine::ports::Table;
use aegis_testkit::life::Life;
use aegis_testkit::requests::{With, ask, ok, problem, request, tells_of_port_errors};
use aegis_testkit::world::{World, at_once};
use serde_json::Value;

use crate::service;

/// A world with this many workflows, one a second, the oldest first.
fn filled(count: usize) -> (World, Vec<String>) {
    let world = World::empty();
    let mut ids = Vec::new();
    for index in 0..count {
        let life = Life::begin(&format!("topic {index}"), world.now());
        at_once(
            world
                .ports
                .table
                .open(&life.workflow, &life.request, &life.entry),
        )
        .unwrap();
        ids.push(life.id().to_string());
        world.wait(1);
    }
    (world, ids)
}

fn page(world: &World, request: &ApiRequest) -> (Vec<String>, Option<String>) {
    let page = ok(200, &ask(service(world).as_ref(), request));
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
    assert_eq!(page(&World::empty(), &get()), (Vec::new(), None));
}

#[test]
fn pages_follow_one_another_newest_first() {
    let (world, mut ids) = filled(45);
    ids.reverse();
    let (mut found, mut next) = page(&world, &get());
    assert_eq!(found.len(), 20, "by default");
    while let Some(cursor) = next {
        let (more, after) = page(&world, &get().query("cursor", &cursor).query("limit", "7"));
        assert!(more.len() <= 7);
        found.extend(more);
        next = after;
    }
    assert_eq!(found, ids);
}

#[test]
fn a_full_last_page_has_no_next() {
    let (world, _) = filled(4);
    let (found, next) = page(&world, &get().query("limit", "4"));
    assert_eq!((found.len(), next), (4, None));
}

#[test]
fn rows_can_be_chosen_by_status() {
    let world = World::cancelled();
    let of = |status: &str| page(&world, &get().query("status", status)).0.len();
    assert_eq!((of("cancelled"), of("researching")), (1, 0));
    let row: Value = ok(200, &ask(service(&world).as_ref(), &get()))["workflows"][0].take();
    assert_eq!(row["status"], "cancelled");
    assert_eq!(row["topic"], "quantum computing");
    assert!(row["created_at"].is_string());
}

#[test]
fn queries_are_checked() {
    let world = World::empty();
    for (name, value) in [
        ("status", "running"),
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
        let problem = problem(&ask(service(&world).as_ref(), &get().query(name, value)));
        assert_eq!(
            (problem.status, problem.code.as_str()),
            (400, "invalid_query")
        );
        assert!(problem.detail.contains(name), "{}", problem.detail);
    }
}

#[test]
fn parameters_that_are_not_known_or_there_twice_are_refused() {
    let world = World::empty();
    let refused = |request: ApiRequest| {
        let problem = problem(&ask(service(&world).as_ref(), &request));
        assert_eq!(
            (problem.status, problem.code.as_str()),
            (400, "invalid_query")
        );
        problem.detail
    };
    assert_eq!(
        refused(get().query("statuss", "failed")),
        "there is no query parameter `statuss`: this route takes status, limit, cursor"
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
            let names: Vec<&str> = given.map(|one| one["name"].as_str().unwrap()).collect();
            let expected: &[&str] = match (method.as_str(), path.as_str()) {
                ("get", "/workflows") => &["status", "limit", "cursor"],
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
        let world = World::empty();
        world.ports.faults.fail_next("list", error);
        ask(service(&world).as_ref(), &get())
    });
}
