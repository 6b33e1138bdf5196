//! What is said to anyone: the API's description, and that something is no part of it.

use aegis_engine::api::{ApiRequest, Authorization};
use aegis_testkit::harness::Harness;
use aegis_testkit::requests::{With, ask, ok, problem, request};

use crate::{service, with};

#[test]
fn the_api_describes_itself_as_its_stage_is() {
    let harness = Harness::started();
    let strict = with(&harness, Authorization::Iam);
    let answer = ask(strict.as_ref(), &request("GET /openapi.json"));
    let document = ok(200, &answer);
    assert_eq!(document["openapi"], "3.1.0");
    let start = &document["paths"]["/workflows"]["post"];
    assert_eq!(start["security"][0]["signature"], serde_json::json!([]));
    // It says nothing about what there is.
    assert!(!answer.body.contains(harness.id.as_str()));
    assert!(!answer.body.contains("quantum"));
}

fn stray(path: &str) -> ApiRequest {
    request("$default").path("path", path)
}

#[test]
fn what_is_no_route_is_a_problem_too() {
    let harness = Harness::started();
    // Also without a signature: there is nothing behind it.
    for handler in [service(&harness), with(&harness, Authorization::Iam)] {
        let unknown = problem(&ask(handler.as_ref(), &stray("/nothing")));
        assert_eq!(
            (unknown.status, unknown.code.as_str()),
            (404, "route_not_found")
        );
        let answer = ask(handler.as_ref(), &stray("/workflows/wf_1"));
        let refused = problem(&answer);
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (405, "method_not_allowed")
        );
        assert!(answer.headers.contains(&("allow", "GET".to_owned())));
        let secret = "v1.0a1b2c3d.1795460400.e30.c2VjcmV0";
        let answer = ask(
            handler.as_ref(),
            &stray(&format!("/approval-links/{secret}")),
        );
        assert_eq!(problem(&answer).status, 405);
        assert!(!answer.body.contains(secret));
    }
}
