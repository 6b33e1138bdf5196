//! What a person sees who follows an approval link: one page without scripts, fonts, pictures or other origins.
//!
//! Topic and summary come from clients and agents: the templates escape all that is put into them.

use std::sync::LazyLock;

use aegis_contracts::approval::{DecisionKind, MAX_COMMENT};
use aegis_contracts::time::Timestamp;
use aegis_engine::api::ApiResponse;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;\
color:#1a1a1a;background:#fff}h1{font-size:1.4rem}dt{font-weight:600;margin-top:1rem}dd{margin:0;white-space:pre-wrap;\
overflow-wrap:anywhere}textarea{width:100%;box-sizing:border-box;font:inherit}button{font:inherit;padding:.4rem 1rem;\
margin:.5rem .5rem 0 0}";

/// Nothing but our own style, by its hash; forms go back to us; nobody shows the page in a frame.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = BASE64_STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});

/// What the approver is asked about.
pub(crate) struct Question<'a> {
    pub topic: &'a str,
    /// Of the analysis, in the analyst's words.
    pub findings: &'a str,
    pub revision: u32,
    pub approver: &'a str,
    pub deadline_at: Timestamp,
    pub may_request_changes: bool,
}

/// What the approver has decided.
pub(crate) struct Decided<'a> {
    pub topic: &'a str,
    pub revision: u32,
    pub approver: &'a str,
    pub decision: DecisionKind,
    pub comment: Option<&'a str>,
    pub at: Timestamp,
}

pub(crate) fn question(asked: &Question<'_>) -> ApiResponse {
    let body = html! {
        dl {
            dt { "Topic" } dd { (asked.topic) }
            dt { "What was found" } dd { (asked.findings) }
            dt { "Revision" } dd { (asked.revision) }
            dt { "You decide as" } dd { (asked.approver) }
            dt { "Until" } dd { (asked.deadline_at) }
        }
        // Without an address the form goes to the page's own.
        form method="post" {
            p {
                label for="comment" { "Comment; needed to request changes" }
                textarea id="comment" name="comment" rows="5" maxlength=(MAX_COMMENT) {}
            }
            button type="submit" name="decision" value="approve" { "Approve" }
            button type="submit" name="decision" value="reject" { "Reject" }
            @if asked.may_request_changes {
                button type="submit" name="decision" value="request_changes" { "Request changes" }
            }
        }
    };
    answer(200, "Your decision is asked for", &body)
}

pub(crate) fn decided(done: &Decided<'_>) -> ApiResponse {
    let words = match done.decision {
        DecisionKind::Approve => "approved",
        DecisionKind::Reject => "rejected",
        DecisionKind::RequestChanges => "changes requested",
    };
    let body = html! {
        dl {
            dt { "Topic" } dd { (done.topic) }
            dt { "Revision" } dd { (done.revision) }
            dt { "Decision" } dd { (words) }
            dt { "By" } dd { (done.approver) }
            dt { "At" } dd { (done.at) }
            @if let Some(comment) = done.comment { dt { "Comment" } dd { (comment) } }
        }
    };
    answer(200, "Your decision is recorded", &body)
}

/// Something is in the way. `code` is for whoever is asked for help.
pub(crate) fn refusal(status: u16, code: &str, detail: &str) -> ApiResponse {
    let title = match status {
        400 | 413 | 415 => "That could not be taken",
        403 | 410 => "This link does not open anything",
        404 | 409 => "There is nothing to decide here",
        _ => "That did not work",
    };
    let body = html! { p { (detail) } p { small { "Code: " code { (code) } } } };
    answer(status, title, &body)
}

fn answer(status: u16, title: &str, body: &Markup) -> ApiResponse {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                meta name="robots" content="noindex";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { h1 { (title) } (body) }
        }
    };
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", &POLICY),
        // The address is the secret: it goes to no other site and stays in no cache.
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ];
    ApiResponse {
        status,
        headers: headers.map(|(name, value)| (name, value.to_owned())).into(),
        body: page.into_string(),
    }
}
