//! API Gateway, payload format 2.0.

use std::sync::{Arc, Mutex};

use aegis_aws::lambda::Service;
use aegis_engine::api::{ApiHandler, ApiRequest, ApiResponse, Caller, NotBase64};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::event;

/// Keeps what it was asked.
#[derive(Default)]
struct Listener(Mutex<Vec<ApiRequest>>);

#[async_trait]
impl ApiHandler for Listener {
    async fn respond(&self, request: &ApiRequest) -> ApiResponse {
        self.0.lock().unwrap().push(request.clone());
        ApiResponse::json(202, &json!({"done": "ü"}))
            .with_header("location", "/workflows/x".to_owned())
    }
}

async fn heard(event: Value) -> (ApiRequest, Value) {
    let listener = Arc::new(Listener::default());
    let service = Service {
        api: Some(listener.clone()),
        ..Service::default()
    };
    let answer = service.answer(event).await.unwrap();
    let request = listener.0.lock().unwrap().remove(0);
    (request, answer)
}

#[tokio::test]
async fn a_signed_request_arrives_whole() {
    let (request, answer) = heard(event("api-iam")).await;
    assert_eq!(request.route, "POST /workflows/{id}/cancel");
    assert_eq!(request.path["id"], "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa");
    let query = [("verbose", "yes"), ("tag", "a"), ("tag", "b")];
    let query = query.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(request.query, query);
    assert_eq!(
        request.header("idempotency-key"),
        Some("k1"),
        "names in lower case"
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(
        request.body.unwrap(),
        br#"{"reason":"not needed"}"#.as_slice()
    );
    let ada = "arn:aws:iam::123456789012:user/ada".to_owned();
    assert_eq!(request.caller, Caller::Iam(ada));

    assert_eq!(answer["statusCode"], 202);
    assert_eq!(answer["headers"]["location"], "/workflows/x");
    assert_eq!(answer["headers"]["content-type"], "application/json");
    assert_eq!(answer["body"], r#"{"done":"ü"}"#);
    assert_ne!(answer["isBase64Encoded"], json!(true));
}

#[tokio::test]
async fn what_no_route_takes_arrives_with_its_path() {
    let mut stray = event("api-iam");
    stray["routeKey"] = json!("$default");
    stray["requestContext"]["routeKey"] = json!("$default");
    stray["rawPath"] = json!("/nothing/here");
    stray["pathParameters"] = Value::Null;
    let (request, _) = heard(stray).await;
    assert_eq!(request.route, "$default");
    assert_eq!(request.path["path"], "/nothing/here");
}

#[tokio::test]
async fn a_binary_body_is_decoded() {
    let (request, _) = heard(event("api-base64")).await;
    assert_eq!(request.body().unwrap(), r#"{"topic": "Grüße"}"#.as_bytes());
    assert_eq!(request.caller, Caller::Anonymous);
    assert!(request.path.is_empty() && request.query.is_empty());
}

#[tokio::test]
async fn an_authorizer_without_an_identity_proves_nothing() {
    for authorizer in [
        json!(null),
        json!({}),
        json!({"iam": null}),
        json!({"iam": {}}),
        json!({"iam": {"userArn": ""}}),
        json!({"iam": {"userArn": null}}),
        json!({"jwt": null}),
        json!({"jwt": {"claims": null, "scopes": null}}),
        json!({"jwt": {"claims": {}, "scopes": ["aegis/start"]}}),
    ] {
        let mut event = event("api-iam");
        event["requestContext"]["authorizer"] = authorizer.clone();
        let (request, _) = heard(event).await;
        assert_eq!(request.caller, Caller::Anonymous, "{authorizer}");
    }
}

#[tokio::test]
async fn the_claims_of_a_token_arrive() {
    let mut event = event("api-iam");
    event["requestContext"]["authorizer"] =
        json!({"jwt": {"claims": {"sub": "ann", "exp": "1795456801"}, "scopes": null}});
    let claims = [("exp", "1795456801"), ("sub", "ann")];
    let claims = claims.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(heard(event).await.0.caller, Caller::Jwt(claims.into()));
}

#[tokio::test]
async fn odd_bodies_arrive_and_are_refused_by_the_service() {
    let mut broken = event("api-base64");
    broken["body"] = json!("no base64!");
    assert_eq!(heard(broken).await.0.body, Err(NotBase64));
    let mut none = event("api-iam");
    none.as_object_mut().unwrap().remove("body");
    assert_eq!(heard(none).await.0.body, Ok(Vec::new()));
    let mut null = event("api-iam");
    null["body"] = json!(null);
    null["pathParameters"] = json!(null);
    assert_eq!(heard(null).await.0.body, Ok(Vec::new()));
}

/// None may be lost on the way: without its key a request is another one.
#[tokio::test]
async fn headers_arrive_whatever_is_in_them() {
    let mut event = event("api-iam");
    let odd = ["größe-1", "a\u{1}b", "🦀", "\u{fffd}", ""];
    for value in odd {
        event["headers"]["Idempotency-Key"] = json!(value);
        event["headers"]["not a name"] = json!("x");
        let (request, _) = heard(event.clone()).await;
        assert_eq!(request.header("idempotency-key"), Some(value));
    }
    event["headers"] = json!({"Idempotency-Key": "a", "idempotency-key": "b"});
    let (request, _) = heard(event.clone()).await;
    assert_eq!(request.header("idempotency-key"), Some("a,b"));
    event["headers"] = json!(null);
    assert!(heard(event).await.0.headers.is_empty());
}

#[tokio::test]
async fn too_many_and_too_large_headers_are_refused_before_anybody_hears_of_them() {
    let many = (0..65).map(|number| (format!("x-{number}"), json!("a")));
    let cookies = json!(vec!["c=1"; 65]);
    for (what, headers, cookies) in [
        ("many", Value::Object(many.collect()), json!([])),
        (
            "large",
            json!({"x-large": "a".repeat(12 * 1024)}),
            json!([]),
        ),
        ("cookies", json!({}), cookies),
    ] {
        let mut event = event("api-iam");
        event["headers"] = headers;
        event["cookies"] = cookies;
        let listener = Arc::new(Listener::default());
        let service = Service {
            api: Some(listener.clone()),
            ..Service::default()
        };
        let answer = service.answer(event).await.unwrap();
        assert_eq!(answer["statusCode"], 431, "{what}: {answer}");
        let problem: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(problem["code"], "headers_too_large", "{what}");
        assert!(listener.0.lock().unwrap().is_empty(), "{what}");
    }
}
