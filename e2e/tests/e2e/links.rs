//! Approval links, as somebody without access to the API follows them.

use aegis_contracts::approval::ApprovalLink;
use aegis_contracts::review::Review;
use aegis_contracts::view::Status;
use aegis_e2e::http::Answer;
use aegis_e2e::run::{Run, TOPIC};
use aegis_e2e::stack::{Stack, e2e};
use aegis_e2e::wait::SOON;
use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::json;

const FORM: &str = "application/x-www-form-urlencoded";

async fn link(run: &Run, approver: &str) -> Result<ApprovalLink> {
    let path = format!("/workflows/{}/approval-links", run.id);
    let body = json!({"approver": approver});
    run.stack.http.post(&path, &[], &body).await?.read(201)
}

/// Sends the page's form to where the browser would: the page's own address.
async fn submit(stack: &Stack, url: &str, form: &str) -> Result<Answer> {
    let path = url.split("/approval-links/").nth(1).context("no link")?;
    let path = format!("/approval-links/{path}");
    stack
        .http
        .post_text(&path, &[], FORM, form.to_owned())
        .await
}

fn says(answer: &Answer, status: u16, words: &str) -> Result<()> {
    answer.is(status)?;
    assert!(
        answer.header("content-type").starts_with("text/html"),
        "{answer:?}"
    );
    assert!(
        answer
            .header("content-security-policy")
            .contains("default-src 'none'"),
        "{answer:?}"
    );
    assert!(answer.body.contains(words), "{words}: {}", answer.body);
    Ok(())
}

#[test]
fn somebody_decides_by_a_link() -> Result<()> {
    e2e(async |stack| {
        let run = stack
            .start_awaiting(json!({"approvers": ["ada@example.com"]}))
            .await?;
        let link = link(&run, "ada@example.com").await?;
        let question = stack.http.download(&link.url).await?;
        says(&question, 200, TOPIC)?;
        says(&question, 200, "ada@example.com")?;
        let review: Review = run.get("/review").await?.read(200)?;
        let claims = review.findings.iter().flat_map(|finding| &finding.claims);
        let passages = claims.filter_map(|claim| claim.passage.as_ref());
        // Its plain words: the rest of a passage is escaped on the page.
        let words: Vec<&str> = passages
            .filter_map(|passage| passage.passage.split(['<', '>', '&', '"', '\'']).next())
            .collect();
        assert!(!words.is_empty(), "{review:?}");
        for words in words {
            says(&question, 200, words)?;
        }
        let again = submit(stack, &link.url, "decision=request_changes&comment=").await?;
        says(
            &again,
            400,
            "Choose what shall be changed, or say it in the comment, in words.",
        )?;
        says(&again, 400, "value=\"approve\"")?;
        // Looking decides nothing, however often and by whatever method.
        for method in [Method::HEAD, Method::PUT, Method::DELETE] {
            let path = link.url.split("/$default").nth(1).unwrap_or_default();
            stack
                .http
                .call(method, path, &[], String::new())
                .await?
                .is(405)?;
        }
        assert_eq!(run.view().await?.status, Status::AwaitingApproval);

        let decided = submit(stack, &link.url, "decision=approve&comment=well+founded").await?;
        says(&decided, 200, "approved")?;
        let again = submit(stack, &link.url, "decision=approve&comment=well+founded").await?;
        says(&again, 200, "well founded")?;
        says(
            &submit(stack, &link.url, "decision=reject").await?,
            409,
            "already_decided",
        )?;
        let view = run.reach(Status::Completed).await?;
        let approval = view.approval.context("no approval")?;
        let decision = &approval.decisions[0];
        assert_eq!(decision.approver, "ada@example.com");
        assert_eq!(decision.claimed_by, Some(format!("link:{}", stack.caller)));
        let granted = run.event("ApprovalGranted").await?;
        assert_eq!(granted["approver"], "ada@example.com");
        assert_eq!(granted["claimed_by"], format!("link:{}", stack.caller));
        let tracked = format!("{}?utm_source=mail", link.url);
        let decided = stack.http.download(&tracked).await?;
        says(&decided, 200, "well founded")?;
        says(&decided, 200, "The workflow is completed.")?;
        // The link is in no event.
        let token = link.url.rsplit('/').next().unwrap_or_default();
        let history = run.get("/history").await?.body;
        assert!(!history.contains(token));
        Ok(())
    })
}

#[test]
fn a_link_of_a_past_revision_decides_nothing() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(json!({})).await?;
        let (ada, bob) = (link(&run, "ada").await?, link(&run, "bob").await?);
        let changes = "decision=request_changes&comment=focus+on+lattices";
        says(
            &submit(stack, &ada.url, changes).await?,
            200,
            "changes requested",
        )?;
        run.reach_revision(1).await?;
        says(
            &submit(stack, &bob.url, "decision=approve").await?,
            409,
            "stale_revision",
        )?;
        assert_eq!(run.view().await?.status, Status::AwaitingApproval);
        run.cancel(&json!({})).await?.is(202)?;
        Ok(())
    })
}

#[test]
fn a_link_ends_at_the_deadline() -> Result<()> {
    e2e(async |stack| {
        let run = stack
            .start_awaiting(json!({"timeout_hours": 0.002}))
            .await?;
        let link = link(&run, "ada").await?;
        aegis_e2e::wait::eventually("an expired link", SOON, async || {
            let answer = submit(stack, &link.url, "decision=maybe").await?;
            Ok(match answer.status {
                410 => aegis_e2e::wait::Seen::Yes(()),
                other => aegis_e2e::wait::Seen::NotYet(format!("{other}")),
            })
        })
        .await
    })
}
