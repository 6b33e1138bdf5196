//! Who may call, and what is not a route.

use aegis_engine::api::Authorization;
use aegis_intake::ByGroup;
use aegis_testkit::harness::Harness;
use aegis_testkit::requests::{With, ask, ok, refusal, request};
use serde_json::json;

use crate::{because, service, with};

const ADA: &str = "arn:aws:iam::123456789012:user/ada";

const ROUTES: [&str; 9] = [
    "POST /workflows",
    "POST /sources",
    "GET /flows",
    "GET /workflows",
    "GET /workflows/{id}",
    "GET /workflows/{id}/history",
    "GET /workflows/{id}/artifacts/{name}",
    "POST /workflows/{id}/cancel",
    "POST /workflows/{id}/redrive",
];

#[test]
fn unsigned_requests_are_refused_on_every_route() {
    let harness = Harness::started();
    let strict = with(&harness, Authorization::Iam);
    let before = harness.workflow();
    for route in ROUTES {
        let unsigned = request(route)
            .id(harness.id.as_str())
            .header("authorization", "Bearer x");
        assert_eq!(
            refusal(strict.as_ref(), &unsigned),
            because(401, "unauthenticated"),
            "{route}"
        );
    }
    assert_eq!(harness.workflow(), before);
}

/// Neither what is wrong with a request, nor which workflows there are, is for those who may not call.
#[test]
fn who_calls_is_asked_before_anything_else() {
    let harness = Harness::started();
    let strict = with(&harness, Authorization::Iam);
    for route in ROUTES {
        for id in [harness.id.as_str(), "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa", "x"] {
            let odd = request(route).id(id).query("x", "y").body(b"{");
            let odd = odd.header("traceparent", "é").header("content-type", "x");
            let refused = refusal(strict.as_ref(), &odd);
            assert_eq!(refused, because(401, "unauthenticated"), "{route}");
        }
    }
}

#[test]
fn every_route_refuses_queries_and_headers_that_it_cannot_read() {
    let harness = Harness::started();
    let service = service(&harness);
    for route in ROUTES.into_iter().chain(["GET /openapi.json"]) {
        let plain = request(route).id(harness.id.as_str());
        let refused = refusal(service.as_ref(), &plain.clone().query("x", "y"));
        assert_eq!(refused, because(400, "invalid_query"), "{route}");
        for (name, value) in [
            ("traceparent", "é"),
            ("content-type", "application/json; charset=é"),
            ("x-anything", "a\u{1}"),
        ] {
            let refused = refusal(service.as_ref(), &plain.clone().header(name, value));
            assert_eq!(refused, because(400, "invalid_header"), "{route} {name}");
        }
    }
    // What is not read may be what it likes.
    let harmless = request("GET /workflows")
        .header("x-city", "Köln")
        .header("x-tab", "a\tb");
    assert_eq!(ask(service.as_ref(), &harmless).status, 200);
    // A signature in the query is the gateway's.
    let strict = with(&harness, Authorization::Iam);
    let signed = request("GET /workflows")
        .query("X-Amz-Signature", "x")
        .signed_by(ADA);
    assert_eq!(ask(strict.as_ref(), &signed).status, 200);
}

/// What a group of routes demands is demanded of each of its routes, and of no other.
#[test]
fn each_route_belongs_to_its_group() {
    let harness = Harness::started();
    for (group, own) in [
        ("start", &ROUTES[..2]),
        ("read", &ROUTES[2..7]),
        ("operate", &ROUTES[7..]),
    ] {
        let of = |name| match name == group {
            true => Authorization::Iam,
            false => Authorization::None,
        };
        let strict = with(
            &harness,
            ByGroup {
                start: of("start"),
                read: of("read"),
                operate: of("operate"),
                approve: Authorization::Iam,
            },
        );
        for route in ROUTES {
            let unsigned = request(route).id(harness.id.as_str());
            let answer = ask(strict.as_ref(), &unsigned);
            assert_eq!(
                answer.status == 401,
                own.contains(&route),
                "{group}: {route}"
            );
        }
    }
}

#[test]
fn the_signer_is_recorded_and_owns_the_key() {
    let harness = Harness::empty();
    let strict = with(&harness, Authorization::Iam);
    let start = |arn: &str| {
        let post = request("POST /workflows").json(json!({"topic": "lattices"}));
        let post = post.header("idempotency-key", "k1").signed_by(arn);
        ok(202, &ask(strict.as_ref(), &post))["workflow_id"].clone()
    };
    let ada = start(ADA);
    assert_ne!(
        start("arn:aws:iam::123456789012:user/bob"),
        ada,
        "keys of two people do not meet"
    );
    let read = request("GET /workflows/{id}/history")
        .id(ada.as_str().unwrap())
        .signed_by(ADA);
    let history = ok(200, &ask(strict.as_ref(), &read));
    assert_eq!(history["events"][0]["data"]["requested_by"], ADA);
}

#[test]
fn what_is_no_route_is_not_found() {
    let harness = Harness::started();
    for route in [
        "",
        "$default",
        "DELETE /workflows/{id}",
        "POST /approve/{id}",
    ] {
        let refused = refusal(
            service(&harness).as_ref(),
            &request(route).id(harness.id.as_str()),
        );
        assert_eq!(refused, because(404, "route_not_found"));
    }
}

#[test]
fn ids_that_name_nothing_are_not_found() {
    let harness = Harness::started();
    for route in &ROUTES[4..] {
        for id in [
            "",
            "x",
            "wf_AAAAAAAAAAAAAAAAAAAAAAAAAA",
            "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            let refused = refusal(service(&harness).as_ref(), &request(route).id(id));
            assert_eq!(refused, because(404, "workflow_not_found"), "{route} {id}");
        }
    }
}
