//! Whose events reach a handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aegis_engine::external::{Gate, Senders};
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_testkit::harness::at_once;
use async_trait::async_trait;
use serde_json::json;

#[derive(Default)]
struct Counts(AtomicU32);

#[async_trait]
impl QueueHandler for Counts {
    async fn handle(&self, _: &Received) -> Disposition {
        self.0.fetch_add(1, Ordering::Relaxed);
        Disposition::Ack
    }
}

/// What becomes of a message, and whether the handler saw it.
fn outcome(sources: &[&str], body: &str) -> (Disposition, bool) {
    let handler = Arc::new(Counts::default());
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let gate = Gate {
        senders: Senders {
            sources: owned(sources),
            accounts: owned(&["111122223333", "444455556666"]),
        },
        handler: handler.clone(),
    };
    let message = Received {
        message_id: "m".to_owned(),
        body: body.to_owned(),
        receive_count: 1,
    };
    let disposition = at_once(gate.handle(&message));
    (disposition, handler.0.load(Ordering::Relaxed) == 1)
}

fn event(source: &str, account: &str) -> String {
    json!({"id": "e", "detail-type": "ApprovalDecided", "source": source, "account": account, "detail": {}})
        .to_string()
}

#[test]
fn listed_senders_are_heard() {
    for (sources, source, account) in [
        (&["partner.crm"][..], "partner.crm", "111122223333"),
        (&["partner.crm"], "partner.crm", "444455556666"),
        (&[], "whoever", "111122223333"),
    ] {
        let heard = outcome(sources, &event(source, account));
        assert_eq!(heard, (Disposition::Ack, true), "{source} of {account}");
    }
}

#[test]
fn others_are_set_aside_unheard() {
    for (sources, source, account) in [
        (&["partner.crm"][..], "partner.crm2", "111122223333"),
        (&["partner.crm"], "partner.crm", "777788889999"),
        (&[], "whoever", "777788889999"),
        (&[], "whoever", ""),
        // Even if somebody listed it.
        (&["aegis.workflow"], "aegis.workflow", "111122223333"),
        (&[], "aegis.workflow", "111122223333"),
    ] {
        let (disposition, heard) = outcome(sources, &event(source, account));
        let Disposition::DeadLetter(reason) = disposition else {
            panic!("{source} of {account} was taken");
        };
        assert!(
            reason.starts_with("sender_not_allowed: ") && !heard,
            "{reason}"
        );
    }
}

/// What is none of them is for the handler to judge.
#[test]
fn commands_and_nonsense_pass() {
    for body in [
        "[]",
        r#"{"kind": "research"}"#,
        r#"{"detail-type": "ApprovalDecided"}"#,
    ] {
        assert_eq!(outcome(&[], body), (Disposition::Ack, true), "{body}");
    }
}
