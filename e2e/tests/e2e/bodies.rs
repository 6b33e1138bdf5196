//! Bad input: refused with what is wrong, in one form for all errors.

use aegis_contracts::problem::Problem;
use aegis_contracts::view::FlowList;
use aegis_e2e::run::TOPIC;
use aegis_e2e::stack::{Stack, e2e};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

async fn start(stack: &Stack, body: &Value, code: &str) -> Result<Problem> {
    let answer = stack.http.post("/workflows", &[], body).await?;
    answer
        .problem(400, code)
        .with_context(|| format!("for {body}"))
}

#[test]
fn what_is_no_json_is_refused() -> Result<()> {
    e2e(async |stack| {
        let two_marks = "\u{feff}\u{feff}{\"topic\": \"a\"}";
        for text in ["", "{", "topic=x", "{\"topic\": \"a\"} trailing", two_marks] {
            let body = text.to_owned();
            let sent = stack
                .http
                .post_text("/workflows", &[], "application/json", body);
            sent.await?
                .problem(400, "invalid_json")
                .with_context(|| format!("for `{text}`"))?;
        }
        Ok(())
    })
}

#[test]
fn wrong_fields_are_named() -> Result<()> {
    e2e(async |stack| {
        let approval = |key: &str, value: Value| json!({"topic": TOPIC, "approval": {key: value}});
        let cases = [
            (json!({"topic": TOPIC, "colour": "red"}), "colour"),
            (json!({"parameters": {}}), "topic"),
            (json!({"topic": 7}), "topic"),
            (json!({"topic": ""}), "topic"),
            (json!({"topic": " \n "}), "topic"),
            (json!({"topic": "x".repeat(1_001)}), "topic"),
            (approval("required", json!(0)), "approval.required"),
            (approval("required", json!("two")), "approval.required"),
            (
                approval("timeout_hours", json!(-1)),
                "approval.timeout_hours",
            ),
            (
                approval("on_timeout", json!("shrug")),
                "approval.on_timeout",
            ),
            (
                json!({"topic": TOPIC, "budget": {"max_tokens": -5}}),
                "budget.max_tokens",
            ),
            (json!({"topic": TOPIC, "tags": {"a": 1}}), "tags.a"),
            (json!({"topic": "x\u{202e}y"}), "topic"),
            (json!({"topic": TOPIC, "tags": {"a": "\u{1b}[2J"}}), "tags"),
            (approval("approvers", json!([" "])), "approval.approvers[0]"),
            (
                approval("approvers", json!(["ann", "Ann "])),
                "approval.approvers",
            ),
        ];
        for (body, field) in cases {
            let problem = start(stack, &body, "invalid_request").await?;
            let named = problem
                .errors
                .iter()
                .any(|e| e.field == field || e.reason.contains(field));
            assert!(named, "`{field}` is not named for {body}: {problem:?}");
            assert!(problem.errors.iter().all(|error| !error.reason.is_empty()));
        }
        Ok(())
    })
}

#[test]
fn what_the_flow_does_not_take_is_named() -> Result<()> {
    e2e(async |stack| {
        let parameters =
            |key: &str, value: Value| json!({"topic": TOPIC, "parameters": {key: value}});
        for (body, field) in [
            (parameters("depth", json!("deep")), "parameters.depth"),
            (parameters("colour", json!("red")), "parameters"),
            (
                parameters("sources", json!(["file:///etc/passwd"])),
                "parameters.sources[0]",
            ),
            (
                json!({"topic": TOPIC, "approvals": {"nobody": {}}}),
                "approvals.nobody",
            ),
        ] {
            let answer = stack.http.post("/workflows", &[], &body).await?;
            let problem = answer.problem(422, "unfit_for_flow")?;
            let named = problem.errors.iter().any(|error| error.field == field);
            assert!(named, "`{field}` is not named for {body}: {problem:?}");
        }
        let unknown = json!({"topic": TOPIC, "flow": "no-such-flow"});
        let answer = stack.http.post("/workflows", &[], &unknown).await?;
        answer.problem(422, "unknown_flow")?;
        let flows = stack.http.get("/flows").await?;
        let flows: FlowList = flows.read(200)?;
        assert!(
            flows
                .flows
                .iter()
                .any(|flow| flow.flow.as_str() == "report")
        );
        Ok(())
    })
}

#[test]
fn rules_across_fields_are_explained() -> Result<()> {
    e2e(async |stack| {
        let cases = [
            (json!({"required": 3, "approvers": ["a", "b"]}), "required"),
            (json!({"on_timeout": "escalate"}), "escalate_to"),
        ];
        for (approval, word) in cases {
            let body = json!({"topic": TOPIC, "approval": approval});
            let problem = start(stack, &body, "invalid_request").await?;
            assert!(problem.detail.contains(word), "{}", problem.detail);
        }
        Ok(())
    })
}

#[test]
fn sources_outside_the_allowed_ones_are_refused() -> Result<()> {
    e2e(async |stack| {
        let bucket = &stack.outputs.artifact_bucket_name;
        let results = format!("s3://{bucket}/workflows/");
        for source in ["s3://somebody-elses-bucket/sources/", results.as_str()] {
            let sources = json!(["corpus:builtin", source]);
            let body = json!({"topic": TOPIC, "parameters": {"sources": sources}});
            let problem = start(stack, &body, "source_not_allowed").await?;
            assert_eq!(problem.errors[0].field, "parameters.sources[1]");
        }
        Ok(())
    })
}

#[test]
fn too_large_and_foreign_bodies_are_refused() -> Result<()> {
    e2e(async |stack| {
        let large = json!({"topic": TOPIC, "tags": {"a": "x".repeat(70_000)}});
        for path in ["/workflows", "/approve/wf_aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            let answer = stack.http.post(path, &[], &large).await?;
            answer.problem(413, "body_too_large").context(path)?;
        }
        let text = json!({"topic": TOPIC}).to_string();
        for media_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json; charset=utf-16",
        ] {
            let sent = stack
                .http
                .post_text("/workflows", &[], media_type, text.clone());
            sent.await?.problem(415, "unsupported_media_type")?;
        }
        Ok(())
    })
}

#[test]
fn an_idempotency_key_is_never_passed_over() -> Result<()> {
    e2e(async |stack| {
        let long = "k".repeat(257);
        for key in [long.as_str(), "bestellung-größe-1", "a,b"] {
            let headers = [("idempotency-key", key)];
            let body = json!({"topic": TOPIC});
            let answer = stack.http.post("/workflows", &headers, &body).await?;
            answer
                .problem(400, "invalid_idempotency_key")
                .context(key.to_owned())?;
        }
        Ok(())
    })
}

#[test]
fn unknown_and_repeated_query_parameters_are_refused() -> Result<()> {
    e2e(async |stack| {
        for path in [
            "/workflows?statuss=failed",
            "/workflows?status=failed&status=failed",
            "/workflows/wf_aaaaaaaaaaaaaaaaaaaaaaaaaa?verbose=1",
            "/openapi.json?x=",
        ] {
            let answer = stack.http.get(path).await?;
            answer.problem(400, "invalid_query").context(path)?;
        }
        Ok(())
    })
}

#[test]
fn unknown_workflows_are_not_found() -> Result<()> {
    e2e(async |stack| {
        let unknown = stack.plan().id.to_string();
        for id in [unknown.as_str(), "wf_1", "%00"] {
            for below in ["", "/history", "/artifacts/report.md"] {
                let answer = stack.http.get(&format!("/workflows/{id}{below}")).await?;
                answer
                    .problem(404, "workflow_not_found")
                    .with_context(|| format!("{id}{below}"))?;
            }
            let approve = json!({"decision": "approve"});
            for (path, body) in [
                (format!("/workflows/{id}/cancel"), json!({})),
                (format!("/workflows/{id}/redrive"), json!({})),
                (format!("/approve/{id}"), approve),
            ] {
                let answer = stack.http.post(&path, &[], &body).await?;
                answer.problem(404, "workflow_not_found").context(path)?;
            }
        }
        Ok(())
    })
}

#[test]
fn unknown_routes_are_not_found() -> Result<()> {
    e2e(async |stack| {
        use reqwest::Method;
        for (method, path, status, code) in [
            (Method::GET, "/nothing", 404, "route_not_found"),
            (
                Method::POST,
                "/workflows/wf_1/explode",
                404,
                "route_not_found",
            ),
            (Method::DELETE, "/workflows", 405, "method_not_allowed"),
            (Method::PUT, "/workflows/wf_1", 405, "method_not_allowed"),
        ] {
            let asked = stack.http.call(method.clone(), path, &[], String::new());
            let answer = asked.await?;
            answer
                .problem(status, code)
                .with_context(|| format!("{method} {path}"))?;
            assert_eq!(
                answer.header("allow").is_empty(),
                status == 404,
                "{answer:?}"
            );
        }
        Ok(())
    })
}

#[test]
fn the_api_describes_itself() -> Result<()> {
    e2e(async |stack| {
        let document: Value = stack.http.get("/openapi.json").await?.read(200)?;
        assert_eq!(document["openapi"], "3.1.0");
        // As this stage is for its clients; agents always need a token.
        let asked = match stack.signed {
            true => json!([{"signature": []}]),
            false => json!([]),
        };
        assert_eq!(document["paths"]["/workflows"]["post"]["security"], asked);
        let report = &document["paths"]["/callbacks/{id}"]["post"];
        assert_eq!(report["security"], json!([{"attempt": []}]));
        Ok(())
    })
}

#[test]
fn decisions_are_checked_like_requests() -> Result<()> {
    e2e(async |stack| {
        let path = format!("/approve/{}", stack.plan().id);
        for (body, field) in [
            (json!({}), "decision"),
            (json!({"decision": "perhaps"}), "decision"),
            (json!({"decision": "approve", "revision": -1}), "revision"),
            (
                json!({"decision": "approve", "comment": "x".repeat(2_001)}),
                "comment",
            ),
            (json!({"decision": "approve", "colour": "red"}), "colour"),
            (
                json!({"decision": "approve", "comment": "\u{1b}[2J"}),
                "comment",
            ),
            (json!({"decision": "request_changes"}), "comment"),
            (
                json!({"decision": "request_changes", "comment": " \u{200b}"}),
                "comment",
            ),
        ] {
            let answer = stack.http.post(&path, &[], &body).await?;
            let problem = answer.problem(400, "invalid_request")?;
            assert!(problem.detail.contains(field), "{body}: {}", problem.detail);
        }
        Ok(())
    })
}

#[test]
fn too_many_and_too_large_headers_are_refused() -> Result<()> {
    e2e(async |stack| {
        let names: Vec<String> = (0..64).map(|number| format!("x-aegis-{number}")).collect();
        let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "a")).collect();
        let long = "a".repeat(12 * 1024);
        let large = [("x-aegis-large", long.as_str())];
        let body = json!({"topic": TOPIC});
        for (path, headers) in [
            ("/workflows", &many[..]),
            ("/workflows", &large),
            ("/callbacks/wf_aaaaaaaaaaaaaaaaaaaaaaaaaa", &large),
        ] {
            let answer = stack.http.post(path, headers, &body).await?;
            answer.problem(431, "headers_too_large").context(path)?;
        }
        Ok(())
    })
}
