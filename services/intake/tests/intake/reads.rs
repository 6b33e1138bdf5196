//! One workflow, its history and its artifacts.

use aegis_engine::error::PortError;
use aegis_testkit::harness::Harness;
use aegis_testkit::requests::{With, ask, ok, refusal, request, tells_of_port_errors};
use serde_json::{Value, json};

use crate::{because, service};

fn get(harness: &Harness, rest: &str) -> Value {
    let route = format!("GET /workflows/{{id}}{rest}");
    ok(
        200,
        &ask(
            service(harness).as_ref(),
            &request(&route).id(harness.id.as_str()),
        ),
    )
}

#[test]
fn a_fresh_workflow_has_one_step_and_nothing_else() {
    let harness = Harness::started();
    let view = get(&harness, "");
    assert_eq!(view["workflow_id"], json!(harness.id));
    assert_eq!(
        (&view["status"], &view["at"]),
        (&json!("running"), &json!("research"))
    );
    assert_eq!(
        (&view["flow"], &view["flow_version"]),
        (&json!("report"), &json!(1))
    );
    let course = json!([
        {"step": "research", "agent": "researcher"},
        {"step": "analyze", "agent": "analyst"},
        {"approval": "findings"},
        {"step": "write", "agent": "writer"},
    ]);
    assert_eq!(view["course"], course);
    assert_eq!(view["topic"], "quantum computing");
    assert_eq!(view["version"], 1);
    assert_eq!(view["steps"][0]["step"], "research");
    assert_eq!(view["steps"][0]["agent"], "researcher");
    assert_eq!(view["steps"][0]["status"], "requested");
    assert_eq!(view["artifacts"], json!([]));
    for name in ["approval", "result", "failure"] {
        assert_eq!(view[name], Value::Null, "{name}");
    }
}

#[test]
fn a_waiting_one_shows_its_approval_and_results() {
    let view = get(&Harness::awaiting_approval(), "");
    assert_eq!(
        (&view["status"], &view["at"]),
        (&json!("awaiting_approval"), &json!("findings"))
    );
    assert_eq!(view["approval"]["revision"], 0);
    assert_eq!(view["approval"]["decisions"], json!([]));
    let names: Vec<_> = view["artifacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| &a["name"])
        .collect();
    assert_eq!(names, ["evidence.json", "analysis.json"]);
    assert_eq!(view["artifacts"][0]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(view["result"], Value::Null);
}

#[test]
fn a_completed_one_has_a_link_to_its_result() {
    let view = get(&Harness::completed(), "");
    assert_eq!(view["status"], "completed");
    let url = view["result"]["url"].as_str().unwrap();
    assert!(url.ends_with("/write/1/report.md"), "{url}");
    assert!(view["result"]["expires_at"].is_string());
    let steps = view["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 3);
    assert!(steps.iter().all(|step| step["succeeded_at"].is_string()));
    assert_eq!(view["at"], Value::Null);
}

#[test]
fn a_failed_one_says_why_and_where() {
    let failure = &get(&Harness::failed(), "")["failure"];
    assert_eq!(failure["code"], "nothing_found");
    assert_eq!(failure["at"], "research");
    assert_eq!(failure["version"], 2);
}

#[test]
fn history_tells_what_happened_in_order() {
    let history = get(&Harness::completed(), "/history");
    let events = history["events"].as_array().unwrap();
    let kinds: Vec<_> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "WorkflowStarted",
            "StepCompleted",
            "StepCompleted",
            "ApprovalRequested",
            "ApprovalGranted",
            "StepCompleted",
            "WorkflowCompleted"
        ]
    );
    let versions: Vec<_> = events
        .iter()
        .map(|event| event["version"].as_u64().unwrap())
        .collect();
    assert_eq!(versions, [1, 2, 3, 3, 4, 5, 5]);
    assert_eq!(events[0]["data"]["topic"], "quantum computing");
    assert!(events.iter().all(|event| event["occurred_at"].is_string()));
}

#[test]
fn artifacts_are_redirected_to() {
    let harness = Harness::awaiting_approval();
    let read = |name: &str| {
        let route = "GET /workflows/{id}/artifacts/{name}";
        request(route).id(harness.id.as_str()).path("name", name)
    };
    let answer = ask(service(&harness).as_ref(), &read("analysis.json"));
    assert_eq!(answer.status, 302);
    let location = answer
        .headers
        .iter()
        .find(|(name, _)| *name == "location")
        .unwrap();
    assert!(
        location.1.ends_with("/analyze/1/analysis.json"),
        "{location:?}"
    );
    for name in ["report.md", "_completed.json", "", "../evidence.json"] {
        let refused = refusal(service(&harness).as_ref(), &read(name));
        assert_eq!(refused, because(404, "artifact_not_found"), "{name}");
    }
}

#[test]
fn errors_of_ports_say_whether_to_try_again() {
    for (rest, operation) in [
        ("", "load_with_request"),
        ("", "presign"),
        ("/history", "history"),
        ("/artifacts/{name}", "load"),
        ("/artifacts/{name}", "presign"),
    ] {
        tells_of_port_errors(&|error: PortError| {
            let harness = Harness::completed();
            harness.ports.faults.fail_next(operation, error);
            let request = request(&format!("GET /workflows/{{id}}{rest}"));
            let request = request.id(harness.id.as_str()).path("name", "report.md");
            ask(service(&harness).as_ref(), &request)
        });
    }
}
