//! From API Gateway's HTTP API (payload format 2.0) to the service and back.

use std::collections::BTreeMap;

use aegis_engine::api::{ApiHandler, ApiRequest, ApiResponse, Caller, NO_ROUTE, NotBase64};
use aegis_engine::headers;
use aws_lambda_events::apigw::{
    ApiGatewayRequestAuthorizer, ApiGatewayV2httpRequest, ApiGatewayV2httpResponse,
};
use aws_lambda_events::encodings::Body;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tracing::Instrument;

use crate::telemetry::continue_from;

/// # Errors
/// If the event is none of the gateway.
pub(super) async fn respond(
    handler: &dyn ApiHandler,
    mut event: Value,
) -> serde_json::Result<ApiGatewayV2httpResponse> {
    // Apart: a header that HTTP does not know must not make the whole request unreadable.
    let headers = event.get_mut("headers").map(Value::take);
    let headers: Option<BTreeMap<String, String>> =
        serde_json::from_value(headers.unwrap_or_default())?;
    let headers = headers.unwrap_or_default();
    let event: ApiGatewayV2httpRequest = serde_json::from_value(event)?;
    let fits = headers::check(header_sizes(&headers, &event));
    let request = request(headers, event);
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
    Ok(answer(response))
}

/// The gateway hands cookies on beside the other headers.
fn header_sizes<'a>(
    headers: &'a BTreeMap<String, String>,
    event: &'a ApiGatewayV2httpRequest,
) -> impl Iterator<Item = usize> + 'a {
    let headers = headers.iter();
    let headers = headers.map(|(name, value)| name.len() + value.len());
    let cookies = event.cookies.iter().flatten();
    headers.chain(cookies.map(|cookie| "cookie".len() + cookie.len()))
}

fn request(headers: BTreeMap<String, String>, event: ApiGatewayV2httpRequest) -> ApiRequest {
    let query = query(&event);
    let body = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded {
        BASE64_STANDARD.decode(&body).map_err(|_| NotBase64)
    } else {
        Ok(body.into_bytes())
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
        query,
        headers: headers::joined(
            headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.into())),
        ),
        body,
        caller,
    }
}

/// As it was sent: the gateway's own list joins parameters of one name. An emulator may have only that list.
fn query(event: &ApiGatewayV2httpRequest) -> Vec<(String, String)> {
    match event.raw_query_string.as_deref() {
        Some(raw) if !raw.is_empty() => url::form_urlencoded::parse(raw.as_bytes())
            .into_owned()
            .collect(),
        Some(_) | None => event
            .query_string_parameters
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
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
