//! What a person sees who follows an approval link: one page without scripts, fonts, pictures or other origins.
//!
//! Topic, findings and comments come from clients, documents and agents: the templates escape all that is put into
//! them, `visible` shows the characters that would hide or turn other text, and each such text finds its own direction.

use std::sync::LazyLock;

use aegis_contracts::approval::{
    ApprovalView, DecisionKind, DecisionView, LINK_CLAIM, MAX_COMMENT,
};
use aegis_contracts::findings::{FeedbackTaken, Stance};
use aegis_contracts::problem::Problem;
use aegis_contracts::review::{Review, ReviewedClaim, ReviewedFinding};
use aegis_contracts::text::visible;
use aegis_contracts::time::Timestamp;
use aegis_engine::api::ApiResponse;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::form::Refused;
use crate::review::Withheld;

const STYLE: &str = ":root{color-scheme:light dark;--quiet:light-dark(#555,#aaa);--line:light-dark(#ccc,#444);\
--bad:light-dark(#a00000,#ff9c9c)}body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;\
overflow-wrap:anywhere}h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem;border-top:1px solid var(--line);\
padding-top:1rem}h3{font-size:1.05rem;margin-bottom:.25rem}dt{font-weight:600;margin-top:.75rem}dd{margin:0}\
.text{white-space:pre-wrap}.quiet{color:var(--quiet)}.bad{color:var(--bad);font-weight:600}ul{padding-left:1.25rem}\
li{margin:.5rem 0}blockquote{margin:.5rem 0;padding-left:.75rem;border-left:3px solid var(--line)}summary{cursor:pointer;\
color:var(--quiet)}textarea{width:100%;box-sizing:border-box;font:inherit}button{font:inherit;padding:.5rem 1rem;\
min-width:11rem}.choice{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:center;margin:1rem 0}\
.choice span{flex:1 1 16rem}";

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
    pub requested_by: &'a str,
    pub approver: &'a str,
    pub approval: &'a ApprovalView,
    pub found: Result<&'a Review, &'a Withheld>,
    pub now: Timestamp,
    /// What was sent before, and was not taken.
    pub refused: Option<&'a Refused>,
}

/// What the approver has decided.
pub(crate) struct Decided<'a> {
    pub topic: &'a str,
    pub approval: &'a ApprovalView,
    pub own: &'a DecisionView,
    /// Who had the link made.
    pub made_by: &'a str,
    /// What the workflow is, where the revision does not wait any more.
    pub over: Option<&'a str>,
}

pub(crate) fn question(asked: &Question<'_>) -> ApiResponse {
    let approval = asked.approval;
    let body = html! {
        @if asked.refused.is_some() {
            p.bad role="alert" { "Nothing was decided yet. " a href="#decide" { "See your decision below" } "." }
        }
        dl {
            dt { "Topic" } dd.text dir="auto" { (visible(asked.topic)) }
            dt { "Asked for by" } dd dir="auto" { (visible(asked.requested_by)) }
            dt { "You decide as" } dd dir="auto" { (visible(asked.approver)) }
            dt { "Revision" }
            dd { (approval.revision) @if approval.max_revisions > 0 { " of at most " (approval.max_revisions) } }
            dt { "Time to decide" } dd { (until(approval.deadline_at, asked.now)) }
        }
        @match asked.found {
            Ok(review) => (findings(review)),
            Err(withheld) => (without_findings(withheld)),
        }
        h2 { "Decisions so far" }
        (votes(approval))
        h2 id="decide" { "Your decision" }
        (form(asked))
    };
    let status = asked.refused.map_or(200, |refused| refused.problem.status);
    answer(status, "Your decision is asked for", &body)
}

fn findings(review: &Review) -> Markup {
    html! {
        h2 { "What was found" }
        p.text dir="auto" { (visible(&review.summary)) }
        @if let Some(feedback) = &review.feedback { (wishes(feedback)) }
        @for (index, finding) in review.findings.iter().enumerate() { (one(index + 1, finding)) }
        @if !review.gaps.is_empty() {
            h2 { "Not covered by the evidence" }
            ul { @for gap in &review.gaps { li dir="auto" { (visible(gap)) } } }
        }
    }
}

fn wishes(feedback: &FeedbackTaken) -> Markup {
    html! {
        dl {
            dt { "Changes asked for before" } dd.text dir="auto" { (visible(&feedback.feedback)) }
            dt { "What came of them" } dd.text dir="auto" { (visible(&feedback.effect)) }
        }
    }
}

fn one(number: usize, finding: &ReviewedFinding) -> Markup {
    let stance = match finding.stance {
        Stance::Agreement => Some("Sources agree."),
        Stance::Disagreement => Some("Sources may differ."),
        Stance::SingleSource => None,
    };
    html! {
        section {
            h3 dir="auto" { (number) ". " (visible(&finding.heading)) }
            @if stance.is_some() || !finding.note.is_empty() {
                p.quiet { (stance.unwrap_or_default()) " " span dir="auto" { (visible(&finding.note)) } }
            }
            ul { @for claim in &finding.claims { li { (beside_passage(claim)) } } }
        }
    }
}

fn beside_passage(claim: &ReviewedClaim) -> Markup {
    html! {
        @if let Some(lead) = &claim.lead { span.text.quiet dir="auto" { (visible(lead)) } br; }
        span.text dir="auto" { (visible(&claim.text)) }
        @if let Some(passage) = &claim.passage {
            details {
                summary { "Passage " span dir="auto" { (visible(&passage.id)) ": " (visible(&passage.title)) } }
                blockquote.text dir="auto" { (visible(&passage.passage)) }
                p.quiet dir="auto" { (visible(&passage.source)) ", " (visible(&passage.location)) }
            }
        } @else {
            p.bad { "It cites " code dir="auto" { (visible(&claim.evidence)) } ", which is not in the evidence." }
        }
    }
}

fn without_findings(withheld: &Withheld) -> Markup {
    let (why, links) = match withheld {
        Withheld::TooLarge(links) => (
            "They are too large for this page. Read the files:",
            links.as_slice(),
        ),
        Withheld::Absent(_) | Withheld::Broken(..) | Withheld::Port(_) => (
            "The file that holds them is missing or damaged, so they cannot be approved here. You may reject them, or \
             have the analyst write them again.",
            [].as_slice(),
        ),
    };
    html! {
        h2 { "What was found" }
        p.bad { "The findings cannot be shown. " (why) }
        @if !links.is_empty() {
            ul { @for link in links { li { a href=(link.url) { (link.name) } ", until " (moment(link.expires_at)) } } }
        }
    }
}

/// `1 of 2 approvals given`, and who said what.
fn votes(approval: &ApprovalView) -> Markup {
    html! {
        p { (approvals(approval)) " of " (approval.required) " needed approvals given." }
        @if !approval.decisions.is_empty() {
            ul { @for decision in &approval.decisions { li { (vote(decision)) } } }
        }
        @if !approval.approvers.is_empty() {
            p.quiet dir="auto" { "May decide: " (visible(&approval.approvers.join(", "))) }
        }
    }
}

fn vote(decision: &DecisionView) -> Markup {
    let by_link = decision
        .claimed_by
        .as_deref()
        .is_some_and(|claim| claim.starts_with(LINK_CLAIM));
    html! {
        span dir="auto" { (visible(&decision.approver)) }
        ": " (words(decision.decision)) ", " (moment(decision.decided_at))
        @if by_link { ", by link" }
        @if let Some(comment) = &decision.comment { div.text.quiet dir="auto" { (visible(comment)) } }
    }
}

fn form(asked: &Question<'_>) -> Markup {
    let approval = asked.approval;
    let problem = asked.refused.map(|refused| refused.problem.detail.as_str());
    let typed = asked.refused.map_or("", |refused| refused.comment.as_str());
    let missing = missing(approval).saturating_sub(1);
    let may_approve = matches!(asked.found, Ok(_) | Err(Withheld::TooLarge(_)));
    html! {
        // Without an address the form goes to the page's own.
        form method="post" {
            label for="comment" { "Comment. Needed to request changes; kept with your decision" }
            @if let Some(problem) = problem { p.bad id="refused" { (problem) } }
            textarea id="comment" name="comment" rows="5" maxlength=(MAX_COMMENT) dir="auto" autofocus[problem.is_some()]
                aria-invalid=[problem.map(|_| "true")] aria-describedby=[problem.map(|_| "refused")] {
                // A line's end right behind the tag is not part of the text.
                "\n" (visible(typed))
            }
            @if may_approve {
                (choice(DecisionKind::Approve, "Approve", &if missing == 0 {
                    "The report is written from these findings.".to_owned()
                } else {
                    format!("Counts as one approval; {missing} more {} needed before the report is written.", is(missing))
                }))
            }
            (choice(DecisionKind::Reject, "Reject", "The workflow ends without a report. This cannot be taken back."))
            @if approval.revision < approval.max_revisions {
                (choice(DecisionKind::RequestChanges, "Request changes", "The analyst makes a new revision from your \
                    comment. Decisions on this one, and links to it, end; the new one needs new links."))
            } @else {
                p.quiet { "Changes can no longer be requested: this is the last revision." }
            }
        }
    }
}

fn choice(decision: DecisionKind, label: &str, what: &str) -> Markup {
    html! {
        div.choice {
            button type="submit" name="decision" value=(decision.as_str()) { (label) }
            span { (what) }
        }
    }
}

pub(crate) fn decided(done: &Decided<'_>) -> ApiResponse {
    let (approval, own) = (done.approval, done.own);
    let body = html! {
        p { (next(done)) }
        dl {
            dt { "Topic" } dd.text dir="auto" { (visible(done.topic)) }
            dt { "Revision" } dd { (approval.revision) }
            dt { "Decision" } dd { (words(own.decision)) }
            dt { "By" } dd dir="auto" { (visible(&own.approver)) }
            dt { "At" } dd { (moment(own.decided_at)) }
            @if let Some(comment) = &own.comment {
                dt { "Comment" } dd.text dir="auto" { (visible(comment)) }
            }
        }
    };
    answer(200, "Your decision is recorded", &body)
}

/// What follows from the decision.
fn next(done: &Decided<'_>) -> Markup {
    let mut decisions = done.approval.decisions.iter();
    let settled = decisions.find(|known| known.decision != DecisionKind::Approve);
    let settled = settled.filter(|known| known.approver != done.own.approver);
    html! {
        @match (done.own.decision, settled) {
            (DecisionKind::RequestChanges, _) => {
                "The analyst works on a new revision. This link is for revision " (done.approval.revision)
                " alone: the new revision needs a new link. " (who_makes_links(done.made_by))
            }
            (DecisionKind::Reject, _) => "The workflow has ended without a report.",
            (DecisionKind::Approve, Some(other)) => {
                "Since then another approver, " span dir="auto" { (visible(&other.approver)) }
                ", has decided: " (words(other.decision)) "."
            }
            (DecisionKind::Approve, None) => @match (missing(done.approval), done.over) {
                (0, _) => "All approvals that are needed have been given: the report is written.",
                (_, Some(status)) => { "The revision does not wait for decisions any more: the workflow is " (status) "." }
                (missing, None) => {
                    (missing) " more " @if missing == 1 { "approval is" } @else { "approvals are" }
                    " needed before the report is written, until " (moment(done.approval.deadline_at)) "."
                }
            }
        }
    }
}

/// To whom to turn for another link.
fn who_makes_links(made_by: &str) -> Markup {
    html! {
        "Ask whoever sent you this link for another; it was made by " span dir="auto" { (visible(made_by)) } "."
    }
}

/// Something is in the way. Its code is for whoever is asked for help.
pub(crate) fn refusal(problem: &Problem) -> ApiResponse {
    let title = match problem.status {
        400 | 413 | 415 => "That could not be taken",
        403 | 410 => "This link does not open anything",
        404 | 409 => "There is nothing to decide here",
        _ => "That did not work",
    };
    let body = html! {
        p dir="auto" { (visible(&problem.detail)) }
        p { small { "Code: " code { (problem.code) } } }
    };
    answer(problem.status, title, &body)
}

const fn words(decision: DecisionKind) -> &'static str {
    match decision {
        DecisionKind::Approve => "approved",
        DecisionKind::Reject => "rejected",
        DecisionKind::RequestChanges => "changes requested",
    }
}

const fn is(count: u32) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

fn approvals(approval: &ApprovalView) -> u32 {
    let decisions = approval.decisions.iter();
    let approvals = decisions.filter(|known| known.decision == DecisionKind::Approve);
    u32::try_from(approvals.count()).unwrap_or(u32::MAX)
}

/// How many approvals are still needed.
fn missing(approval: &ApprovalView) -> u32 {
    approval.required.saturating_sub(approvals(approval))
}

/// `until Wednesday 2 December 2026, 23:04 UTC (in 2 days)`.
fn until(deadline: Timestamp, now: Timestamp) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = deadline.since(now).as_secs();
    let left = match seconds {
        0 => "now over".to_owned(),
        1..120 => "in a minute".to_owned(),
        120..7_200 => format!("in {} minutes", seconds / MINUTE),
        7_200..172_800 => format!("in {} hours", seconds / HOUR),
        _ => format!("in {} days", seconds / DAY),
    };
    format!("until {} ({left})", moment(deadline))
}

/// `Wednesday 2 December 2026, 23:04 UTC`.
fn moment(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.as_millis()) {
        Ok(instant) => {
            let zoned = instant.to_zoned_datetime(TimeZone::UTC);
            zoned.strftime("%A %-d %B %Y, %H:%M UTC").to_string()
        }
        Err(_) => at.to_string(),
    }
}

fn answer(status: u16, title: &str, body: &Markup) -> ApiResponse {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { h1 { (title) } (body) } }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_deadline_is_said_as_people_say_it() {
        let deadline: Timestamp = "2026-12-02T23:04:35.090Z".parse().unwrap();
        let before = |seconds: i64| Timestamp::from_millis(deadline.as_millis() - seconds * 1000);
        for (now, left) in [
            (before(2 * 86_400 + 3), "in 2 days"),
            (before(47 * 3_600), "in 47 hours"),
            (before(119 * 60), "in 119 minutes"),
            (before(60), "in a minute"),
            (deadline, "now over"),
            (deadline.plus(Duration::from_secs(9)), "now over"),
        ] {
            let words = format!("until Wednesday 2 December 2026, 23:04 UTC ({left})");
            assert_eq!(until(deadline, now), words);
        }
    }
}
