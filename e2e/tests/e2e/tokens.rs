//! Who may report: only the bearer of the attempt's own token.

use aegis_e2e::step::Step;
use std::time::Duration;

use aegis_contracts::time::Timestamp;
use aegis_contracts::view::Status;
use aegis_e2e::agent::{now, progress};
use aegis_e2e::run::{Run, TOPIC};
use aegis_e2e::stack::{Stack, e2e};
use anyhow::{Context as _, Result};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;

const STEP: Step = Step::Research;

#[test]
fn no_other_token_opens_the_door() -> Result<()> {
    e2e(async |stack| {
        let run = stack.plan();
        run.hold(STEP, 1).await?;
        run.start(&json!({"topic": TOPIC})).await?;
        let own = run.token(STEP, 1).await?;
        let parts: Vec<&str> = own.split('.').collect();
        let [version, kid, expiry, flow, step, attempt, signature] = parts[..] else {
            anyhow::bail!("an unexpected form of token");
        };
        let attempt = format!("{flow}.{step}.{attempt}");
        let later = expiry.parse::<i64>()? + 3600;
        let bad = [
            ("nonsense", "nonsense".to_owned()),
            (
                "an empty signature",
                format!("{version}.{kid}.{expiry}.{attempt}."),
            ),
            (
                "a later expiry",
                format!("{version}.{kid}.{later}.{attempt}.{signature}"),
            ),
            (
                "an unknown key",
                format!("{version}.00000000.{expiry}.{attempt}.{signature}"),
            ),
            (
                "another version",
                format!("v2.{kid}.{expiry}.{attempt}.{signature}"),
            ),
            ("another attempt's", run.token(STEP, 2).await?),
            ("another step's", run.token(Step::Analyze, 1).await?),
            (
                "its own for another attempt",
                format!("{version}.{kid}.{expiry}.{flow}.{step}.2.{signature}"),
            ),
            (
                "its own for another flow",
                format!("{version}.{kid}.{expiry}.other.{step}.1.{signature}"),
            ),
            ("another workflow's", stack.plan().token(STEP, 1).await?),
            ("one for another purpose", foreign(stack, &run).await?),
            (
                "an expired one",
                run.token_until(STEP, 1, a_minute_ago()).await?,
            ),
        ];
        for (what, token) in bad {
            let answer = run.report(&token, &progress(STEP, 1)).await?;
            let problem = answer.problem(401, "invalid_token").context(what)?;
            assert!(
                !problem.detail.contains(&token),
                "the answer repeats the token"
            );
        }
        let view = run.view().await?;
        assert_eq!(
            (view.status, &view.steps[0].progress),
            (Status::Running, &None)
        );
        run.report(&own, &progress(STEP, 1)).await?.is(200)?;
        run.cancel(&json!({})).await?.is(202)?;
        Ok(())
    })
}

/// Right in everything, but signed as if it were for an approval.
async fn foreign(stack: &Stack, run: &Run) -> Result<String> {
    let key = stack.keys().await?.current;
    let expiry = now().plus(Duration::from_secs(600)).as_seconds();
    let signed = format!("v1\napproval\n{}\nreport\n{STEP}\n1\n{expiry}", run.id);
    let secret = BASE64_URL_SAFE_NO_PAD.decode(&key.secret)?;
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&secret, signed.as_bytes()));
    Ok(format!(
        "v1.{}.{expiry}.report.{STEP}.1.{signature}",
        key.kid
    ))
}

fn a_minute_ago() -> Timestamp {
    let minute = Duration::from_secs(60).as_millis();
    Timestamp::from_millis(now().as_millis() - i64::try_from(minute).unwrap_or_default())
}

#[test]
fn a_token_is_needed() -> Result<()> {
    e2e(async |stack| {
        // Neither what a report looks like nor which workflows there are is for those without one.
        let path = format!("/callbacks/{}", stack.plan().id);
        let bodies = [progress(STEP, 1), json!({"kind": "nonsense"}), json!([])];
        for headers in [
            vec![],
            vec![("authorization", "Basic eDp5")],
            vec![("authorization", "Bearer ")],
        ] {
            for body in &bodies {
                for path in [path.as_str(), "/callbacks/wf_1"] {
                    let answer = stack.http.post(path, &headers, body).await?;
                    answer
                        .problem(401, "unauthenticated")
                        .with_context(|| format!("{path} {headers:?}"))?;
                }
            }
        }
        Ok(())
    })
}
