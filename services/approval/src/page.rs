//! What a person sees who follows an approval link: one page without scripts, fonts, pictures or other origins.
//!
//! Topic, findings and comments come from clients, documents and agents: the templates escape all that is put into
//! them, `visible` shows the characters that would hide or turn other text, and each such text finds its own direction.

use std::sync::LazyLock;

use aegis_contracts::approval::{
    ApprovalView, DecisionKind, DecisionView, LINK_CLAIM, MAX_COMMENT, OnTimeout, Outcome,
};
use aegis_contracts::changes::{Changes, MAX_TERM};
use aegis_contracts::findings::{Revised, Stance, unnamed};
use aegis_contracts::problem::Problem;
use aegis_contracts::review::{Review, ReviewedClaim, ReviewedFinding};
use aegis_contracts::text::{counted, visible};
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::Status;
use aegis_engine::api::ApiResponse;
use aegis_engine::link::Link;
use aegis_workflow::{Workflow, too_late, waiting_approval_view};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::form::Refused;
use crate::review::{Seen, Withheld};

const STYLE: &str = ":root{color-scheme:light dark;--quiet:light-dark(#555,#aaa);--line:light-dark(#ccc,#444);\
--bad:light-dark(#a00000,#ff9c9c)}body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;\
overflow-wrap:anywhere}h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem;border-top:1px solid var(--line);\
padding-top:1rem}h3{font-size:1.05rem;margin-bottom:.25rem}dt{font-weight:600;margin-top:.75rem}dd{margin:0}\
.text{white-space:pre-wrap}.quiet{color:var(--quiet)}.bad{color:var(--bad);font-weight:600}ul{padding-left:1.25rem}\
li{margin:.5rem 0}blockquote{margin:.5rem 0;padding-left:.75rem;border-left:3px solid var(--line)}summary{cursor:pointer;\
color:var(--quiet)}textarea,input[type=text]{width:100%;box-sizing:border-box;font:inherit}fieldset label{display:block}button{font:inherit;padding:.5rem 1rem;\
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
    /// Whether all passages are unfolded.
    pub unfolded: bool,
    /// Whether the flow names a step that searches again.
    pub can_search_again: bool,
    pub now: Timestamp,
    /// What was sent before, and was not taken.
    pub refused: Option<&'a Refused>,
}

/// What the approver has decided.
pub(crate) struct Decided<'a> {
    pub seen: &'a Seen,
    pub link: &'a Link,
    /// Of the link's revision.
    pub approval: &'a ApprovalView,
    pub own: &'a DecisionView,
    pub now: Timestamp,
}

/// A link by which nothing can be decided any more.
pub(crate) struct Closed<'a> {
    pub seen: &'a Seen,
    pub link: &'a Link,
    pub status: u16,
    pub code: &'a str,
    /// Where what the workflow does does not explain it.
    pub why: Option<&'a str>,
    pub now: Timestamp,
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
            dt { "Approval" } dd { code { (approval.approval) } }
            dt { "Revision" } dd { (approval.revision) }
            dt { "Time to decide" }
            dd { (until(approval.deadline_at, asked.now)) ". " (silence(approval)) }
        }
        @match asked.found {
            Ok(review) => (findings(review, asked.unfolded)),
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

/// What the end of the time to decide leads to.
fn silence(approval: &ApprovalView) -> String {
    let follows = match approval.on_timeout {
        OnTimeout::Approve => "that counts as approval, and the workflow goes on",
        OnTimeout::Escalate => "others are asked to decide too",
        OnTimeout::Expire => "the workflow ends here",
    };
    format!("If there are not enough decisions by then, {follows}.")
}

fn findings(review: &Review, unfolded: bool) -> Markup {
    html! {
        h2 { "What was found" }
        @if let Some(text) = &review.shown.text {
            p.quiet { code { (visible(&review.shown.name)) } ", written by the step " code { (review.shown.step) } }
            pre.text dir="auto" { (visible(text)) }
        }
        p.text dir="auto" { (visible(&review.summary)) }
        @if let Some(revised) = &review.revised { (what_became_of(revised)) }
        // A link to this page, since it has no script.
        @if !review.findings.is_empty() {
            @if unfolded {
                p { a href="?" { "Close all passages" } }
            } @else {
                p { a href="?passages=open" { "Open all passages" } }
            }
        }
        @for (index, finding) in review.findings.iter().enumerate() { (one(index + 1, finding, unfolded)) }
        @if !review.gaps.is_empty() {
            h2 { "Not covered by the evidence" }
            ul { @for gap in &review.gaps { li dir="auto" { (visible(gap)) } } }
        }
        @if review.documents_unread > 0 { (unread(review)) }
        @if !review.losses.is_empty() {
            h2 { "Left out of files that were read" }
            ul { @for loss in &review.losses { li dir="auto" { (visible(&loss.words(&loss.source))) } } }
        }
    }
}

fn unread(review: &Review) -> Markup {
    let files = &review.unreadable;
    html! {
        h2 { "Not read" }
        p.bad { (counted(review.documents_unread, "file")) " of the sources could not be read. What they say is missing above." }
        ul {
            @for file in files { li dir="auto" { (visible(&file.source)) ": " (visible(&file.reason)) } }
            @if let Some(more) = unnamed(review.documents_unread, files) { li { (more) } }
        }
    }
}

fn what_became_of(revised: &Revised) -> Markup {
    html! {
        dl {
            dt { "Changes asked for before" } dd.text dir="auto" { (visible(&revised.request.words())) }
            dt { "What came of them" }
            @for done in &revised.done { dd.text dir="auto" { (visible(done)) } }
        }
    }
}

fn one(number: usize, finding: &ReviewedFinding, unfolded: bool) -> Markup {
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
            ul { @for claim in &finding.claims { li { (beside_passage(claim, unfolded)) } } }
        }
    }
}

fn beside_passage(claim: &ReviewedClaim, unfolded: bool) -> Markup {
    html! {
        @if let Some(lead) = &claim.lead { span.text.quiet dir="auto" { (visible(lead)) } br; }
        span.text dir="auto" { (visible(&claim.text)) }
        @if let Some(passage) = &claim.passage {
            details open[unfolded] {
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
             have them written again.",
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

/// `1 of 2 approvals given.`, and who said what.
fn votes(approval: &ApprovalView) -> Markup {
    html! {
        p { (approvals(approval)) " of " (counted(approval.required, "approval")) " given." }
        @if !approval.decisions.is_empty() {
            ul { @for decision in &approval.decisions { li { (vote(decision)) } } }
        }
        @if let Some(at) = by_silence(approval) { p { "Approved by silence, " (moment(at)) "." } }
        @if !approval.approvers.is_empty() {
            p.quiet dir="auto" { "May decide: " (visible(&approval.approvers.join(", "))) }
        }
    }
}

/// When silence approved, if it did.
fn by_silence(approval: &ApprovalView) -> Option<Timestamp> {
    let settled = approval.settled.as_ref();
    let silent = settled.filter(|how| how.outcome == Outcome::Approved && how.by.is_none());
    silent.map(|how| how.at)
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
        @if let Some(changes) = &decision.changes { div.quiet dir="auto" { (visible(&changes.words().join(", "))) } }
        @if let Some(comment) = &decision.comment { div.text.quiet dir="auto" { (visible(comment)) } }
    }
}

fn form(asked: &Question<'_>) -> Markup {
    let approval = asked.approval;
    let problem = asked.refused.map(|refused| refused.problem.detail.as_str());
    let typed = asked.refused.map(|refused| &refused.typed);
    let comment = typed.map_or("", |typed| typed.comment.as_str());
    let missing = missing(approval).saturating_sub(1);
    let may_approve = matches!(asked.found, Ok(_) | Err(Withheld::TooLarge(_)));
    html! {
        // Without an address the form goes to the page's own.
        form method="post" {
            @if approval.round < approval.max_revisions {
                (changes(asked, typed.map(|typed| &typed.changes)))
            }
            label for="comment" { "Comment. Kept with your decision" }
            @if let Some(problem) = problem { p.bad id="refused" { (problem) } }
            textarea id="comment" name="comment" rows="5" maxlength=(MAX_COMMENT) dir="auto" autofocus[problem.is_some()]
                aria-invalid=[problem.map(|_| "true")] aria-describedby=[problem.map(|_| "refused")] {
                // A line's end right behind the tag is not part of the text.
                "\n" (visible(comment))
            }
            @if may_approve {
                (choice(DecisionKind::Approve, "Approve", &if missing == 0 {
                    "The workflow goes on from here.".to_owned()
                } else {
                    format!("Counts as one approval; {missing} more {} needed before the workflow goes on.", is(missing))
                }))
            }
            (choice(DecisionKind::Reject, "Reject", "The workflow ends here. This cannot be taken back."))
            @if approval.round < approval.max_revisions {
                (choice(DecisionKind::RequestChanges, "Request changes", "A new revision is made, with the changes \
                    that you chose above. The built-in agents do not read the comment. Decisions on this one, and links to it, end; the new one needs new links."))
            } @else {
                p.quiet { "Changes can no longer be requested: this is the last revision." }
            }
        }
    }
}

/// What goes with a request for changes.
fn changes(asked: &Question<'_>, typed: Option<&Changes>) -> Markup {
    let findings = asked.found.map_or(&[][..], |review| &review.findings);
    let chosen = |number: u32| typed.is_some_and(|typed| typed.drop.contains(&number));
    let terms = typed
        .map(|typed| typed.terms.join(", "))
        .unwrap_or_default();
    html! {
        fieldset {
            legend { "If you request changes" }
            @for (number, finding) in (1_u32..).zip(findings) {
                label {
                    input type="checkbox" name="drop" value=(number) checked[chosen(number)];
                    " Leave out finding " (number) ": " span dir="auto" { (visible(&finding.heading)) }
                }
            }
            label for="terms" { "Say something about (words, separated by commas)" }
            input type="text" id="terms" name="terms" value=(visible(&terms)) maxlength=(MAX_TERM) dir="auto";
            @if asked.can_search_again {
                label {
                    input type="checkbox" name="search_again" checked[typed.is_some_and(|typed| typed.search_again)];
                    " Search the sources again first"
                }
            }
            label {
                input type="checkbox" name="shorter" checked[typed.is_some_and(|typed| typed.shorter)];
                " Make it shorter"
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
            dt { "Topic" } dd.text dir="auto" { (visible(&done.seen.request.topic)) }
            dt { "Revision" } dd { (approval.revision) }
            dt { "Decision" } dd { (words(own.decision)) }
            dt { "By" } dd dir="auto" { (visible(&own.approver)) }
            dt { "At" } dd { (moment(own.decided_at)) }
            @if let Some(changes) = &own.changes {
                dt { "Changes" } dd.text dir="auto" { (visible(&changes.words().join(", "))) }
            }
            @if let Some(comment) = &own.comment {
                dt { "Comment" } dd.text dir="auto" { (visible(comment)) }
            }
        }
    };
    answer(200, "Your decision is recorded", &body)
}

/// What has come of the decision.
fn next(done: &Decided<'_>) -> Markup {
    let (approval, own) = (done.approval, done.own);
    let waiting = waiting_approval_view(&done.seen.workflow);
    if waiting.is_some_and(|waiting| waiting.revision == approval.revision) {
        let missing = missing(approval);
        return html! {
            (counted(missing, "more approval")) " " (is(missing)) " needed before the workflow goes on, "
            (until(approval.deadline_at, done.now)) ". " (silence(approval))
        };
    }
    let others = approval.decisions.last().filter(|last| {
        own.decision == DecisionKind::Approve && last.decision != DecisionKind::Approve
    });
    html! {
        @if let Some(other) = others {
            "Since then another approver, " span dir="auto" { (visible(&other.approver)) }
            ", has decided: " (words(other.decision)) ". "
        }
        (standing(done.seen, done.now))
        (new_link(done.seen, done.link, done.now))
    }
}

/// What a link led to that nothing can be decided by any more.
pub(crate) fn closed(over: &Closed<'_>) -> ApiResponse {
    let (seen, link) = (over.seen, over.link);
    let title = match over.status {
        410 => "The time to decide by this link is over",
        _ => "There is nothing to decide here",
    };
    let mut asked = seen.asked.iter();
    let asked = asked.find(|asked| asked.approval.revision == link.revision);
    let body = html! {
        @if let Some(why) = over.why { p { (why) } }
        p {
            (standing(seen, over.now))
            // Whoever has decided needs none.
            @if over.why.is_none() { (new_link(seen, link, over.now)) }
        }
        dl {
            dt { "Topic" } dd.text dir="auto" { (visible(&seen.request.topic)) }
            dt { "Revision" } dd { (link.revision) }
        }
        @if let Some(asked) = asked {
            h2 { "Decisions" }
            (votes(&asked.approval))
        }
        (code(over.code))
    };
    answer(over.status, title, &body)
}

/// What the workflow does now, or how it ended.
fn standing(seen: &Seen, now: Timestamp) -> String {
    let workflow = &seen.workflow;
    let revision = workflow.revision;
    let latest = seen.asked.last().map(|asked| &asked.approval);
    let approved = || match latest.and_then(by_silence) {
        Some(at) => format!(
            "Revision {revision} was approved by silence: there were not enough decisions by {}.",
            moment(at)
        ),
        None => format!("Revision {revision} was approved."),
    };
    match workflow.status() {
        Status::Running => {
            let step = workflow.at().map_or("", |at| at.as_str());
            match latest.and_then(|approval| approval.settled.as_ref()) {
                Some(settled) if settled.outcome == Outcome::ChangesRequested => {
                    format!(
                        "Changes were asked for: the step `{step}` works on revision {revision}."
                    )
                }
                Some(_) => format!("{} The step `{step}` is at work.", approved()),
                None => format!("The step `{step}` is at work."),
            }
        }
        Status::AwaitingApproval if too_late(workflow, now).is_some() => {
            let follows = latest.map_or("", |approval| match approval.on_timeout {
                OnTimeout::Approve => " Within a minute it counts as approved.",
                OnTimeout::Escalate => " Within a minute others are asked to decide.",
                OnTimeout::Expire => " Within a minute the workflow ends.",
            });
            format!("The time to decide on revision {revision} is over.{follows}")
        }
        Status::AwaitingApproval => match latest {
            Some(approval) => format!(
                "Revision {revision} waits for decisions, {}.",
                until(approval.deadline_at, now)
            ),
            None => format!("Revision {revision} waits for decisions."),
        },
        Status::Completed => format!("{} The workflow is completed.", approved()),
        Status::Rejected => {
            format!("Revision {revision} was rejected: the workflow has ended.")
        }
        Status::Expired => format!(
            "There were not enough decisions on revision {revision} in time: the workflow has ended."
        ),
        Status::Cancelled => "The workflow was cancelled.".to_owned(),
        Status::Failed => "The workflow has failed.".to_owned(),
    }
}

/// Whether an approval comes after the step at work.
fn asks_again(workflow: &Workflow) -> bool {
    let flow = &workflow.flow;
    let place = workflow
        .at()
        .and_then(|at| flow.place(at))
        .unwrap_or_default();
    flow.steps
        .iter()
        .skip(place)
        .any(|entry| entry.as_approval().is_some())
}

/// Where a decision can still be made, or will be, but not by this link: whom to ask for another.
fn new_link(seen: &Seen, link: &Link, now: Timestamp) -> Markup {
    let workflow = &seen.workflow;
    let needed = match workflow.status() {
        Status::AwaitingApproval => too_late(workflow, now).is_none(),
        Status::Running => asks_again(workflow),
        Status::Completed
        | Status::Failed
        | Status::Cancelled
        | Status::Rejected
        | Status::Expired => false,
    };
    html! {
        @if needed {
            " To decide on it takes a new link: ask whoever sent you this one. It was made by "
            span dir="auto" { (visible(&link.made_by)) } "."
        }
    }
}

/// Something is in the way. Its code is for whoever is asked for help.
pub(crate) fn refusal(problem: &Problem) -> ApiResponse {
    let title = match problem.status {
        400 | 413 | 415 => "That could not be taken",
        403 => "This link does not open anything",
        404 => "There is nothing to decide here",
        _ => "That did not work",
    };
    let body = html! {
        p dir="auto" { (visible(&problem.detail)) }
        (code(&problem.code))
    };
    answer(problem.status, title, &body)
}

fn code(code: &str) -> Markup {
    html! { p { small { "Code: " code { (code) } } } }
}

pub(crate) const fn words(decision: DecisionKind) -> &'static str {
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
