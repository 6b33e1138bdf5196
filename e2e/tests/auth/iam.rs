//! Signed requests of real IAM users, whose policies say which routes they may call.

use aegis_aws::client::connection::Keys;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::{Status, WorkflowAccepted};
use aegis_e2e::client::Proof;
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::json;

use crate::stage::{reach, request, told, with_signatures};

const ALL: [&str; 2] = ["*/workflows*", "*/approve/*"];

#[test]
fn a_user_acts_under_its_own_name() -> Result<()> {
    with_signatures(async |stack| {
        let user = stack.user(&ALL).await?;
        let (key, body) = request();
        let accepted: WorkflowAccepted = user.client.start(&key, &body).await?.read(202)?;
        let id = accepted.workflow_id;
        ensure!(
            id == WorkflowId::derive(&user.arn, &key),
            "the key is not the user's own"
        );
        let id = id.as_str();
        let started = told(&user.client, id, "WorkflowStarted").await?;
        ensure!(started["requested_by"] == user.arn.as_str(), "{started}");
        reach(&user.client, id, Status::AwaitingApproval).await?;

        let path = format!("/approve/{id}");
        let posing = json!({"decision": "approve", "approver": "bob"});
        let answer = user.client.post(&path, &posing).await?;
        answer.problem(400, "approver_not_allowed")?;
        let decision = json!({"decision": "reject", "comment": "not needed"});
        user.client.post(&path, &decision).await?.is(200)?;
        let rejected = told(&user.client, id, "WorkflowRejected").await?;
        ensure!(rejected["approver"] == user.arn.as_str(), "{rejected}");
        Ok(())
    })
}

#[test]
fn what_is_not_signed_as_it_is_sent_is_refused() -> Result<()> {
    with_signatures(async |stack| {
        let user = stack.user(&ALL).await?;
        let (key, body) = request();
        let (body, altered) = (
            body.to_string(),
            body.to_string().replace("quantum", "Quantum"),
        );
        ensure!(body != altered, "nothing was altered");
        let wrong = Keys {
            secret_access_key: "x".repeat(40),
            ..user.keys.clone()
        };
        let unknown = Keys {
            access_key_id: "AKIAUNKNOWNUNKNOWN00".to_owned(),
            ..user.keys.clone()
        };
        let headers = [("idempotency-key", key.as_str())];
        let start = async |client: &aegis_e2e::client::Client| {
            client
                .send(Method::POST, "/workflows", &headers, &body)
                .await
        };
        let client = &user.client;
        let own = client.prove(&Method::POST, "/workflows", &headers, &body);
        let own = own.await?;
        let of_get = client.prove(&Method::GET, "/workflows", &headers, &body);
        let of_get = of_get.await?;
        let replayed = |method, path, body| client.send_with(method, path, &headers, body, &own);
        let elsewhere = "/workflows/wf_aaaaaaaaaaaaaaaaaaaaaaaaaa/cancel";
        for (what, answer) in [
            ("unsigned", start(&stack.client(Proof::Nothing)).await?),
            (
                "wrong secret",
                start(&stack.signing_as(wrong).await?).await?,
            ),
            (
                "unknown key",
                start(&stack.signing_as(unknown).await?).await?,
            ),
            (
                "altered body",
                replayed(Method::POST, "/workflows", altered.as_str()).await?,
            ),
            (
                "another route",
                replayed(Method::POST, elsewhere, body.as_str()).await?,
            ),
            (
                "another query",
                replayed(Method::POST, "/workflows?a=b", body.as_str()).await?,
            ),
            (
                "another method than signed",
                client
                    .send_with(Method::POST, "/workflows", &headers, &body, &of_get)
                    .await?,
            ),
        ] {
            ensure!(answer.status == 403, "{what}: {answer:?}");
        }
        // These the local gateway lets through without an identity: the handler refuses them.
        for header in ["Bearer x", "Basic dTpw", "x"] {
            let answer = start(&stack.client(Proof::Header(header.to_owned()))).await?;
            ensure!([401, 403].contains(&answer.status), "{header}: {answer:?}");
            if header == "Bearer x" {
                answer.problem(401, "unauthenticated").context(header)?;
            }
        }
        let id = WorkflowId::derive(&user.arn, &key);
        let looked = client.get(&format!("/workflows/{id}")).await?;
        looked.problem(404, "workflow_not_found")?;
        start(client).await?.is(202)?;
        Ok(())
    })
}

#[test]
fn a_policy_says_which_routes_a_user_may_call() -> Result<()> {
    with_signatures(async |stack| {
        let owner = stack.user(&ALL).await?;
        let (key, body) = request();
        let accepted: WorkflowAccepted = owner.client.start(&key, &body).await?.read(202)?;
        let id = accepted.workflow_id.as_str();
        let reader = stack.user(&["GET/workflows*"]).await?.client;
        let decider = stack.user(&["POST/approve/*"]).await?.client;
        let (get, cancel, approve) = (
            format!("/workflows/{id}"),
            format!("/workflows/{id}/cancel"),
            format!("/approve/{id}"),
        );
        reader.get(&get).await?.is(200)?;
        reader.get("/workflows").await?.is(200)?;
        let decision = json!({"decision": "approve"});
        // Let in, and too early.
        let early = decider.post(&approve, &decision).await?;
        ensure!([200, 409].contains(&early.status), "{early:?}");
        let review = format!("/workflows/{id}/review");
        let approver = stack.user(&["POST/approve/*", "GET/workflows/*/review"]);
        let approver = approver.await?.client;
        for client in [&reader, &approver] {
            // Let in, and perhaps too early.
            let seen = client.get(&review).await?;
            ensure!([200, 409].contains(&seen.status), "{seen:?}");
        }
        for (what, answer) in [
            ("a decider looks", decider.get(&review).await?),
            ("an approver reads", approver.get(&get).await?),
            ("a reader starts", reader.start(&key, &body).await?),
            ("a reader cancels", reader.post(&cancel, &json!({})).await?),
            ("a reader approves", reader.post(&approve, &decision).await?),
            ("a decider reads", decider.get(&get).await?),
            ("a decider starts", decider.start(&key, &body).await?),
            (
                "a decider cancels",
                decider.post(&cancel, &json!({})).await?,
            ),
        ] {
            ensure!(answer.status == 403, "{what}: {answer:?}");
        }
        owner.client.post(&cancel, &json!({})).await?.is(202)?;
        Ok(())
    })
}

#[test]
fn the_command_line_signs_as_the_stage_file_says() -> Result<()> {
    with_signatures(async |stack| {
        let reader = stack.user(&["GET/workflows*"]).await?;
        let stage = json!({
            "api_endpoint": stack.http.url(""),
            "aws_endpoint_url": stack.aws_endpoint_url,
            "region": "us-east-1",
            "access_key_id": reader.keys.access_key_id,
            "secret_access_key": reader.keys.secret_access_key,
            "api_authorization": "iam",
        });
        let file = stack.folder.join("tmp").join("a-reader.json");
        std::fs::write(&file, stage.to_string())?;
        let listed = stack.aegis_at(&["list", "--json"], &file).await?;
        ensure!(listed.code == Some(0), "{listed:?}");
        let started = stack.aegis_at(&["start", "A topic"], &file).await?;
        ensure!(started.code == Some(1), "{started:?}");
        ensure!(started.err.contains("403"), "{started:?}");
        std::fs::remove_file(&file)?;
        Ok(())
    })
}
