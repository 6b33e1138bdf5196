//! One trace from the first request to the report.

use std::collections::BTreeSet;

use aegis_contracts::view::Status;
use aegis_e2e::run::TOPIC;
use aegis_e2e::spans::Span;
use aegis_e2e::stack::e2e;
use aegis_e2e::wait::{SOON, Seen, eventually};
use anyhow::{Context as _, Result};
use serde_json::json;

const EVERYBODY: [&str; 10] = [
    "intake",
    "researcher-dispatch",
    "researcher-agent",
    "analyst-dispatch",
    "analyst-agent",
    "approval",
    "writer-dispatch",
    "writer-agent",
    "callback",
    "relay",
];

#[test]
fn one_trace_spans_services_and_agents() -> Result<()> {
    e2e(async |stack| {
        let spans = stack
            .spans
            .as_ref()
            .context("the stack sends its spans nowhere")?;
        let trace = uuid::Uuid::new_v4().simple().to_string();
        // The client's own span, which it keeps for itself.
        let client = trace[..16].to_owned();
        let mut run = stack.plan();
        run.traceparent = Some(format!("00-{trace}-{client}-01"));
        run.start(&json!({"topic": TOPIC})).await?;
        run.reach(Status::AwaitingApproval).await?;
        // The approver is somebody else, whose request belongs to no trace or another one.
        run.traceparent = None;
        run.approve().await?;
        run.reach(Status::Completed).await?;
        eventually("spans of all, each with its parent", SOON, async || {
            let spans = spans.of_trace(&trace);
            let seen: BTreeSet<&str> = spans.iter().map(|span| span.service.as_str()).collect();
            let missing: Vec<_> = EVERYBODY
                .iter()
                .filter(|name| !seen.contains(*name))
                .collect();
            let orphans = orphans(&spans, &client);
            Ok(if missing.is_empty() && orphans.is_empty() {
                Seen::Yes(())
            } else {
                Seen::NotYet(format!(
                    "no spans of {missing:?}; without parent: {orphans:?}"
                ))
            })
        })
        .await?;
        let spans = spans.of_trace(&trace);
        let first = spans
            .iter()
            .filter(|span| span.parent.as_ref() == Some(&client));
        assert!(
            first.clone().any(|span| span.service == "intake"),
            "{spans:?}"
        );
        assert!(first.clone().all(|span| span.service == "intake"));
        Ok(())
    })
}

/// Spans whose parent is neither in the trace nor the client's.
fn orphans<'a>(spans: &'a [Span], client: &str) -> Vec<&'a Span> {
    let known: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    let has_parent = |span: &&Span| {
        let parent = span.parent.as_deref();
        parent.is_some_and(|parent| parent == client || known.contains(parent))
    };
    spans.iter().filter(|span| !has_parent(span)).collect()
}
