//! The configuration that a test needs, applied if another one is there.

use aegis_contracts::view::{Status, WorkflowView};
use aegis_e2e::client::Client;
use aegis_e2e::run::TOPIC;
use aegis_e2e::stack::{Stack, e2e};
use aegis_e2e::wait::{SOON, Seen, eventually};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::pool::{Pools, pools};

/// The only source whose events are taken as commands here.
pub const SOURCE: &str = "partner.crm";

/// What was applied last.
static APPLIED: Mutex<Option<&str>> = Mutex::const_new(None);

/// All routes ask for signatures.
pub fn with_signatures(test: impl AsyncFnOnce(&'static Stack) -> Result<()>) -> Result<()> {
    e2e(async |stack| {
        let mut applied = APPLIED.lock().await;
        apply(
            stack,
            &mut applied,
            "iam",
            &[
                "api_authorization=iam".to_owned(),
                "api_authorization_overrides={}".to_owned(),
            ],
        )
        .await?;
        test(stack).await
    })
}

/// All routes ask for tokens, but cancel and redrive, which ask for signatures.
pub fn with_tokens(
    test: impl AsyncFnOnce(&'static Stack, &'static Pools) -> Result<()>,
) -> Result<()> {
    e2e(async |stack| {
        let mut applied = APPLIED.lock().await;
        let pools = pools(stack).await?;
        apply(
            stack,
            &mut applied,
            "jwt",
            &[
                "api_authorization=jwt".to_owned(),
                r#"api_authorization_overrides={"operate":"iam"}"#.to_owned(),
                format!("jwt_issuer={}", pools.own.issuer),
                format!("jwt_audience={}", json!([pools.all.id, pools.reader.id])),
            ],
        )
        .await?;
        test(stack, pools).await
    })
}

async fn apply(
    stack: &Stack,
    applied: &mut Option<&'static str>,
    name: &'static str,
    variables: &[String],
) -> Result<()> {
    if *applied != Some(name) {
        let sources = format!("external_sources={}", json!([SOURCE]));
        stack.set(&[variables, &[sources]].concat()).await?;
        *applied = Some(name);
    }
    Ok(())
}

/// A key and a request that nobody else sends.
pub fn request() -> (String, Value) {
    (uuid::Uuid::new_v4().to_string(), json!({"topic": TOPIC}))
}

/// What `client` sees of a workflow once it has got to `status`.
pub async fn reach(client: &Client, id: &str, status: Status) -> Result<WorkflowView> {
    let what = format!("{id} to be {}", status.as_str());
    eventually(&what, SOON, async || {
        let view: WorkflowView = client.get(&format!("/workflows/{id}")).await?.read(200)?;
        ensure!(
            view.status == status || !view.status.is_terminal(),
            "waited for {what}: {view:?}"
        );
        Ok(if view.status == status {
            Seen::Yes(view)
        } else {
            Seen::NotYet(format!("{:?}", view.status))
        })
    })
    .await
}

/// The data of the first event of a type.
pub async fn told(client: &Client, id: &str, kind: &str) -> Result<Value> {
    let history: Value = client
        .get(&format!("/workflows/{id}/history"))
        .await?
        .read(200)?;
    let events = history["events"].as_array().cloned().unwrap_or_default();
    let found = events.into_iter().find(|event| event["type"] == kind);
    ensure!(found.is_some(), "no {kind} in {history}");
    Ok(found.map(|event| event["data"].clone()).unwrap_or_default())
}
