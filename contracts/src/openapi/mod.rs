//! The OpenAPI 3.1 document of the HTTP API, put together from the types and the list of operations.
//!
//! `contracts/schemas/openapi.json` holds it for a stage whose clients sign their requests; intake serves it as its
//! own stage is set up. A test compares the operations with the routes of Terraform, and fuzzing compares answers
//! with what is said here.

mod answers;
mod builder;
mod operations;

use std::sync::LazyLock;

use serde_json::{Value, json};

use builder::{Access, Builder};

/// What a stage asks of its clients, on the routes for clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAccess {
    /// A signature of AWS, version 4.
    Iam,
    /// A token of the stage's issuer.
    Jwt,
    /// Nothing.
    None,
}

/// What a stage asks for, on each group of its routes for clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clients {
    pub start: ClientAccess,
    pub read: ClientAccess,
    pub approve: ClientAccess,
    pub operate: ClientAccess,
}

/// The same for all.
impl From<ClientAccess> for Clients {
    fn from(one: ClientAccess) -> Self {
        Self {
            start: one,
            read: one,
            approve: one,
            operate: one,
        }
    }
}

impl Clients {
    fn ask_for(&self, access: ClientAccess) -> bool {
        [self.start, self.read, self.approve, self.operate].contains(&access)
    }
}

/// An operation's method and path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
}

/// Every route of the API.
pub fn routes() -> &'static [Route] {
    // Once: operations come with all of their schemas, and anybody may ask for paths that are none.
    static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
        let all = operations::all(&mut Builder::default(), ClientAccess::Iam.into());
        all.into_iter().map(|operation| operation.route).collect()
    });
    &ROUTES
}

impl Route {
    /// What the names in its path stand for in `path`, as a client wrote it. `None`: it is another path.
    pub fn names_in<'a>(&self, path: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
        let (mut wanted, mut given) = (self.path.split('/'), path.split('/'));
        let mut names = Vec::new();
        loop {
            let (wanted, given) = match (wanted.next(), given.next()) {
                (None, None) => return Some(names),
                (wanted, given) => (wanted?, given?),
            };
            let name = wanted
                .strip_prefix('{')
                .and_then(|name| name.strip_suffix('}'));
            match name {
                Some(name) if !given.is_empty() => names.push((name, given)),
                None if wanted == given => {}
                Some(_) | None => return None,
            }
        }
    }
}

/// The methods that `path`, as a client wrote it, is served with. Empty: there is no such path.
pub fn methods_of(path: &str) -> Vec<&'static str> {
    let found = routes()
        .iter()
        .filter(|route| route.names_in(path).is_some());
    found.map(|route| route.method).collect()
}

pub fn document(clients: Clients) -> Value {
    let mut builder = Builder::default();
    let operations = operations::all(&mut builder, clients);
    let mut paths = serde_json::Map::new();
    for mut operation in operations {
        let item = paths
            .entry(operation.route.path)
            .or_insert_with(|| json!({}));
        let security = security(operation.access);
        let method = operation.route.method.to_lowercase();
        let refusals = std::mem::take(&mut operation.refusals);
        let problems = answers::problems(&mut builder, operation.access, &refusals);
        operation.answers.extend(problems);
        item[method] = operation.written(security);
    }
    builder.resolved(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "aegis",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Durable AI-agent workflows: agents and people's approvals, in the order that a flow says.",
            "description": "Errors are problem details (RFC 9457) whose `code` is stable. Repeating a request is \
                harmless: a start under the same Idempotency-Key, a decision, a cancel, a redrive and a report have \
                one effect. A `traceparent` header is continued.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        // Where this document was read.
        "servers": [{"url": "."}],
        "tags": [
            {"name": "workflows", "description": "For clients."},
            {"name": "approvals", "description": "For those who decide."},
            {"name": "agents", "description": "For agents at work."},
            {"name": "description", "description": "Of this API."},
        ],
        "paths": paths,
        "components": {"securitySchemes": schemes(clients)},
    }))
}

fn schemes(clients: Clients) -> Value {
    let mut schemes = json!({"attempt": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of the agent's task: for one attempt of one step of one workflow.",
    }});
    if clients.ask_for(ClientAccess::Iam) {
        schemes["signature"] = json!({
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "AWS Signature Version 4 for the service execute-api.",
            "x-amazon-apigateway-authtype": "awsSigv4",
        });
    }
    if clients.ask_for(ClientAccess::Jwt) {
        schemes["issuer"] = json!({
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A token of the stage's issuer.",
        });
    }
    schemes
}

/// One of these is needed. Empty: nothing is.
fn security(access: Access) -> Value {
    match access {
        Access::Attempt => json!([{"attempt": []}]),
        Access::Client(ClientAccess::Iam) => json!([{"signature": []}]),
        Access::Client(ClientAccess::Jwt) => json!([{"issuer": []}]),
        Access::Client(ClientAccess::None) | Access::Open => json!([]),
    }
}
