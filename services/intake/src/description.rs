//! What is said to anyone: the description of this API, and that something is no part of it.

use std::sync::OnceLock;

use aegis_contracts::openapi::{ClientAccess, Clients, document, methods_of};
use aegis_contracts::problem::{Code, Problem};
use aegis_engine::api::{ApiRequest, ApiResponse, Authorization};

use crate::ByGroup;

/// How long a client may keep the description.
const KEEP: &str = "public, max-age=300";

/// `GET /openapi.json`.
pub(crate) fn describe(demanded: &ByGroup) -> ApiResponse {
    static WRITTEN: OnceLock<String> = OnceLock::new();
    let body = WRITTEN.get_or_init(|| {
        let clients = Clients {
            start: access(&demanded.start),
            read: access(&demanded.read),
            approve: access(&demanded.approve),
            operate: access(&demanded.operate),
        };
        document(clients).to_string()
    });
    let headers = [
        ("content-type", "application/json"),
        ("cache-control", KEEP),
    ];
    ApiResponse {
        status: 200,
        headers: headers.map(|(name, value)| (name, value.to_owned())).into(),
        body: body.clone(),
    }
}

fn access(demanded: &Authorization) -> ClientAccess {
    match demanded {
        Authorization::Iam => ClientAccess::Iam,
        Authorization::Jwt(_) => ClientAccess::Jwt,
        Authorization::None => ClientAccess::None,
    }
}

/// What no route takes. It is not repeated in the answer: a path can be a secret.
pub(crate) fn no_route(request: &ApiRequest) -> ApiResponse {
    let path = request.path.get("path").map_or("", String::as_str);
    let methods = methods_of(path);
    if methods.is_empty() {
        return Problem::new(Code::RouteNotFound, "the API has no such path").into();
    }
    let allowed = methods.join(", ");
    let detail = format!("this path takes {allowed}");
    let refused = ApiResponse::from(Problem::new(Code::MethodNotAllowed, detail));
    refused.with_header("allow", allowed)
}
