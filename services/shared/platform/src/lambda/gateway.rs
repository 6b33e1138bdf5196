//! From API Gateway's HTTP API (payload format 2.0) to the service and back.

use std::collections::BTreeMap;

use aegis_engine::api::{ApiHandler, ApiRequest, ApiResponse, Caller, NO_ROUTE};
use aegis_engine::headers;
use aws_lambda_events::apigw::{
    ApiGatewayRequestAuthorizer, ApiGatewayV2httpRequest, ApiGatewayV2httpResponse,
};
use aws_lambda_events::encodings::Body;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Instrument;

use crate::telemetry::continue_from;

pub(super) async fn respond(
    handler: &dyn ApiHandler,
    event: ApiGatewayV2httpRequest,
) -> ApiGatewayV2httpResponse {
    let fits = headers::check(header_sizes(&event));
    let request = request(event);
    let span = tracing::info_span!(
        "request",
        otel.name = %request.route,
        otel.kind = "server",
        workflow_id = request.path.get("id").map(String::as_str),
    );
    continue_from(&span, request.header("traceparent"));
    let response = async {
        let response = match fits {
            Ok(()) => handler.respond(&request).await,
            Err(problem) => problem.into(),
        };
        tracing::info!(route = request.route, status = response.status, "answered");
        response
    }
    .instrument(span)
    .await;
    answer(response)
}

/// The gateway hands cookies on beside the other headers.
fn header_sizes(event: &ApiGatewayV2httpRequest) -> impl Iterator<Item = usize> {
    let headers = event.headers.iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len());
    let cookies = event.cookies.iter().flatten();
    headers.chain(cookies.map(|cookie| "cookie".len() + cookie.len()))
}

fn request(event: ApiGatewayV2httpRequest) -> ApiRequest {
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    let body = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded {
        // What is not base64 is handed on and refused as not being JSON.
        BASE64_STANDARD
            .decode(&body)
            .unwrap_or_else(|_| body.into_bytes())
    } else {
        body.into_bytes()
    };
    let caller = event
        .request_context
        .authorizer
        .map_or(Caller::Anonymous, caller);
    let route = event
        .request_context
        .route_key
        .or(event.route_key)
        .unwrap_or_default();
    let mut path: BTreeMap<String, String> = event.path_parameters.into_iter().collect();
    if route == NO_ROUTE {
        path.insert("path".to_owned(), event.raw_path.unwrap_or_default());
    }
    ApiRequest {
        route,
        path,
        query: event
            .query_string_parameters
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect::<BTreeMap<_, _>>(),
        headers: event.headers.iter().filter_map(text).collect(),
        body,
        caller,
    }
}

/// An authorizer without an identity proves nothing.
fn caller(authorizer: ApiGatewayRequestAuthorizer) -> Caller {
    let arn = authorizer.iam.and_then(|iam| iam.user_arn);
    if let Some(arn) = arn.filter(|arn| !arn.is_empty()) {
        return Caller::Iam(arn);
    }
    let claims = authorizer.jwt.map(|jwt| jwt.claims).unwrap_or_default();
    if claims.is_empty() {
        return Caller::Anonymous;
    }
    Caller::Jwt(claims.into_iter().collect())
}

fn answer(response: ApiResponse) -> ApiGatewayV2httpResponse {
    let mut headers = HeaderMap::new();
    for (name, value) in response.headers {
        match HeaderValue::from_str(&value) {
            Ok(value) => {
                headers.insert(HeaderName::from_static(name), value);
            }
            Err(error) => tracing::error!(name, %error, "header left out"),
        }
    }
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = i64::from(response.status);
    answer.headers = headers;
    answer.body = Some(Body::Text(response.body));
    answer
}
