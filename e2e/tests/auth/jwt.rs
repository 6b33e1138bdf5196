//! Tokens of a real issuer, tokens that it issued for others, and tokens that it never issued.

use std::time::{SystemTime, UNIX_EPOCH};

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::{Status, WorkflowAccepted};
use aegis_e2e::client::Proof;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::stage::{reach, request, told, with_tokens};

fn seconds_from_now(seconds: i64) -> Result<i64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(i64::try_from(now)? + seconds)
}

#[test]
fn a_bearer_acts_under_the_name_of_its_token() -> Result<()> {
    with_tokens(async |stack, pools| {
        let token = pools.all.token(stack).await?;
        let subject = token.claims["sub"].as_str().context("no subject")?;
        let client = stack.bearer(&token.text);
        let (key, body) = request();
        let accepted: WorkflowAccepted = client.start(&key, &body).await?.read(202)?;
        let id = accepted.workflow_id.as_str();
        ensure!(
            accepted.workflow_id == WorkflowId::derive(subject, &key),
            "the key is not the bearer's own"
        );
        let started = told(&client, id, "WorkflowStarted").await?;
        ensure!(started["requested_by"] == subject, "{started}");
        reach(&client, id, Status::AwaitingApproval).await?;

        let path = format!("/approve/{id}");
        let posing = json!({"decision": "approve", "approver": "bob"});
        let answer = client.post(&path, &posing).await?;
        answer.problem(400, "approver_not_allowed")?;
        let decision = json!({"decision": "approve"});
        client.post(&path, &decision).await?.is(200)?;
        let granted = told(&client, id, "ApprovalGranted").await?;
        ensure!(granted["approver"] == subject, "{granted}");
        reach(&client, id, Status::Completed).await?;
        Ok(())
    })
}

#[test]
fn no_other_token_is_good() -> Result<()> {
    with_tokens(async |stack, pools| {
        let token = pools.all.token(stack).await?;
        let forge = |changes: Value| {
            let claims = token.claims_with(&changes);
            pools.own.forge(stack, &token, &claims)
        };
        let jwks = format!("{}/keys-that-everybody-knows", pools.own.issuer);
        let cases = [
            ("nonsense", "x".to_owned()),
            ("another issuer's", pools.foreign.token(stack).await?.text),
            (
                "for another audience",
                pools.elsewhere.token(stack).await?.text,
            ),
            ("altered", token.altered(&json!({"sub": "somebody-else"}))),
            (
                "a longer life",
                token.altered(&json!({"exp": seconds_from_now(90_000)?})),
            ),
            ("no signature", token.unsigned()),
            ("a symmetric signature", token.signed_with(jwks.as_bytes())),
            ("expired", forge(json!({"exp": seconds_from_now(-1)?}))?),
            (
                "not yet good",
                forge(json!({"nbf": seconds_from_now(3600)?}))?,
            ),
            (
                "of another name",
                forge(json!({"iss": "https://issuer.example"}))?,
            ),
            ("without an issuer", forge(json!({"iss": null}))?),
            ("for nobody", forge(json!({"client_id": null}))?),
            (
                "with an audience besides",
                forge(json!({"aud": "somebody-else"}))?,
            ),
        ];
        let (key, body) = request();
        for (what, text) in &cases {
            let answer = stack.bearer(text).start(&key, &body).await?;
            ensure!(answer.status == 401, "{what}: {answer:?}");
        }
        // The local gateway takes it. The handler does not.
        let endless = forge(json!({"exp": null}))?;
        let answer = stack.bearer(&endless).start(&key, &body).await?;
        answer.problem(401, "invalid_token")?;
        for subject in ["arn:aws:iam::000000000000:root", "anonymous", ""] {
            let posing = forge(json!({"sub": subject}))?;
            let answer = stack.bearer(&posing).start(&key, &body).await?;
            answer.problem(403, "unusable_subject").context(subject)?;
        }
        let unproven = stack.client(Proof::Nothing).start(&key, &body).await?;
        ensure!(unproven.status == 401, "without a token: {unproven:?}");
        let user = stack.user(&["*"]).await?;
        let signed = user.client.start(&key, &body).await?;
        ensure!(signed.status == 401, "signed instead: {signed:?}");

        // What the forger makes is good but for what was changed: else the cases above prove nothing.
        let good = stack.bearer(&forge(json!({}))?);
        let subject = token.claims["sub"].as_str().context("no subject")?;
        let path = format!("/workflows/{}", WorkflowId::derive(subject, &key));
        good.get(&path).await?.problem(404, "workflow_not_found")?;
        good.start(&key, &body).await?.is(202)?;
        Ok(())
    })
}

#[test]
fn a_scope_is_for_its_own_routes() -> Result<()> {
    with_tokens(async |stack, pools| {
        let all = stack.bearer(&pools.all.token(stack).await?.text);
        let (key, body) = request();
        let accepted: WorkflowAccepted = all.start(&key, &body).await?.read(202)?;
        let id = accepted.workflow_id.as_str();
        let reader = stack.bearer(&pools.reader.token(stack).await?.text);
        let get = format!("/workflows/{id}");
        reader.get(&get).await?.is(200)?;
        reader.get("/workflows").await?.is(200)?;
        let seen = reader.get(&format!("/workflows/{id}/review")).await?;
        ensure!([200, 409].contains(&seen.status), "{seen:?}");
        let (approve, cancel) = (format!("/approve/{id}"), format!("/workflows/{id}/cancel"));
        let decision = json!({"decision": "approve"});
        for (what, answer) in [
            ("starts", reader.start(&key, &body).await?),
            ("approves", reader.post(&approve, &decision).await?),
        ] {
            ensure!(answer.status == 403, "a reader {what}: {answer:?}");
        }
        let token = pools.all.token(stack).await?;
        for scope in [json!(null), json!("aegis/started"), json!("openid")] {
            let claims = token.claims_with(&json!({"scope": scope}));
            let less = stack.bearer(&pools.own.forge(stack, &token, &claims)?);
            let answer = less.start(&key, &body).await?;
            ensure!(answer.status == 403, "scope {scope}: {answer:?}");
        }
        // Cancel asks for a signature here; the local gateway lets a token through, the handler does not.
        let answer = all.post(&cancel, &json!({})).await?;
        answer.problem(401, "unauthenticated")?;
        let operator = stack.user(&["POST/workflows/*/cancel"]).await?;
        operator.client.post(&cancel, &json!({})).await?.is(202)?;
        let cancelled = told(&all, id, "WorkflowCancelled").await?;
        ensure!(
            cancelled["cancelled_by"] == operator.arn.as_str(),
            "{cancelled}"
        );
        Ok(())
    })
}

#[test]
fn the_command_line_brings_a_token() -> Result<()> {
    with_tokens(async |stack, pools| {
        let token = pools.reader.token(stack).await?;
        let file = stack.folder.join("tmp").join("a-token");
        std::fs::write(&file, &token.text)?;
        let name = file.display().to_string();
        let listed = stack
            .aegis(&["list", "--json", "--token-file", &name])
            .await?;
        ensure!(listed.code == Some(0), "{listed:?}");
        let started = stack
            .aegis(&["start", "A topic", "--token-file", &name])
            .await?;
        ensure!(started.code == Some(1), "{started:?}");
        ensure!(started.err.contains("403"), "{started:?}");
        std::fs::remove_file(&file)?;
        let bare = stack.aegis(&["list"]).await?;
        ensure!(bare.err.contains("AEGIS_TOKEN"), "{bare:?}");
        Ok(())
    })
}
