//! What an agent's token opens in the bucket, and what the signed addresses refuse.
//!
//! The test has the token of an attempt, and no credentials.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_contracts::artifact::CLAIM;
use aegis_contracts::transfer::{FileList, MAX_ARTIFACT_SIZE, MAX_ARTIFACTS, Transfer};
use aegis_contracts::view::Status;
use aegis_e2e::agent::{now, sha256, success};
use aegis_e2e::http::Answer;
use aegis_e2e::run::{Run, TOPIC};
use aegis_e2e::stack::{Stack, e2e};
use aegis_e2e::step::Step;
use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};

const STEP: Step = Step::Research;
const BYTES: &[u8] = b"{\"a\": 1}";

/// An attempt whose agent is the test.
struct Held {
    run: Run,
    token: String,
}

impl Held {
    async fn on(stack: &'static Stack) -> Result<Self> {
        let run = stack.plan();
        run.hold(STEP, 1).await?;
        run.start(&json!({"topic": TOPIC})).await?;
        let token = run.token(STEP, 1).await?;
        Ok(Self { run, token })
    }

    /// A path below `/callbacks/{id}`, with a token.
    async fn ask_with(
        &self,
        token: &str,
        method: Method,
        below: &str,
        body: &Value,
    ) -> Result<Answer> {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let path = format!("/callbacks/{}{below}", self.run.id);
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let http = &self.run.stack.http;
        http.call(method, &path, &headers, body).await
    }

    async fn get(&self, below: &str) -> Result<Answer> {
        self.ask_with(&self.token, Method::GET, below, &Value::Null)
            .await
    }

    async fn post(&self, name: &str, body: &Value) -> Result<Answer> {
        let below = format!("/artifacts/{name}");
        self.ask_with(&self.token, Method::POST, &below, body).await
    }

    /// How to put `bytes`.
    async fn address(&self, name: &str, bytes: &[u8]) -> Result<Transfer> {
        self.post(name, &file(bytes)).await?.read(200)
    }

    async fn send(&self, transfer: &Transfer, bytes: &[u8]) -> Result<u16> {
        let http = &self.run.stack.http;
        Ok(http.transfer(transfer, bytes).await?.status)
    }

    async fn put(&self, name: &str, bytes: &[u8]) -> Result<u16> {
        let transfer = self.address(name, bytes).await?;
        self.send(&transfer, bytes).await
    }

    async fn names(&self) -> Result<Vec<String>> {
        let list: FileList = self.get("/artifacts").await?.read(200)?;
        Ok(list.artifacts.into_iter().map(|file| file.name).collect())
    }

    async fn over(&self) -> Result<()> {
        self.run.cancel(&json!({})).await?.is(202).map(drop)
    }
}

fn file(bytes: &[u8]) -> Value {
    json!({"size": bytes.len(), "sha256": sha256(bytes), "media_type": "application/json"})
}

#[test]
fn an_attempt_needs_no_credentials() -> Result<()> {
    e2e(async |stack| {
        let held = Held::on(stack).await?;
        assert_eq!(held.names().await?, [CLAIM], "what an earlier life has put");
        assert_eq!(held.put("notes.md", b"abc").await?, 200);
        let read: Transfer = held.get("/artifacts/notes.md").await?.read(200)?;
        let notes = stack.http.download(&read.url).await?;
        assert_eq!(notes.is(200)?.body, "abc");
        held.get("/artifacts/none.md")
            .await?
            .problem(404, "artifact_not_found")?;

        // A result that was put by its address counts.
        let artifact = held.run.write_evidence(1).await?;
        let evidence = held.get("/artifacts/evidence.json").await?;
        let evidence: Transfer = evidence.read(200)?;
        let bytes = stack
            .http
            .download(&evidence.url)
            .await?
            .is(200)?
            .body
            .clone();
        assert_eq!(sha256(bytes.as_bytes()), artifact.sha256);
        let again = held.put("evidence.json", bytes.as_bytes()).await?;
        assert_eq!(again, 412, "it is written once");
        held.run
            .report(&held.token, &success(STEP, 1, &[artifact]))
            .await?
            .is(200)?;
        held.run.reach(Status::AwaitingApproval).await?;
        Ok(())
    })
}

#[test]
fn an_address_takes_these_bytes_and_no_others() -> Result<()> {
    e2e(async |stack| {
        let held = Held::on(stack).await?;
        let transfer = held.address("evidence.json", BYTES).await?;
        assert!(transfer.url.contains("X-Amz-Expires=900&"), "15 minutes");
        let with = |name: &str, value: Option<&str>| {
            let mut changed = transfer.clone();
            changed.headers.remove(name);
            if let Some(value) = value {
                changed.headers.insert(name.to_owned(), value.to_owned());
            }
            changed
        };
        let length = |bytes: &[u8]| with("content-length", Some(&bytes.len().to_string()));
        let (longer, shorter) = (b"{\"a\": 12}".as_slice(), b"{\"a\": }".as_slice());
        let (other, moved) = (
            b"{\"a\": 2}".as_slice(),
            transfer.url.replace("evidence.json", "x.json"),
        );
        let moved = Transfer {
            url: moved,
            ..transfer.clone()
        };
        let later = Transfer {
            url: transfer
                .url
                .replace("X-Amz-Expires=900", "X-Amz-Expires=9000"),
            ..transfer.clone()
        };
        let cases = [
            ("other bytes", transfer.clone(), other, 400),
            (
                "without their digest",
                with("x-amz-checksum-sha256", None),
                other,
                403,
            ),
            ("more", length(longer), longer, 403),
            ("fewer", length(shorter), shorter, 403),
            (
                "another type",
                with("content-type", Some("text/html")),
                BYTES,
                403,
            ),
            ("no type", with("content-type", None), BYTES, 403),
            ("no condition", with("if-none-match", None), BYTES, 403),
            ("another name", moved, BYTES, 403),
            ("for longer", later, BYTES, 403),
        ];
        for (what, changed, bytes, status) in cases {
            let answered = held.send(&changed, bytes).await.context(what)?;
            assert_eq!(answered, status, "{what}");
        }
        assert_eq!(held.names().await?, [CLAIM], "nothing was written");
        assert_eq!(held.send(&transfer, BYTES).await?, 200);
        assert_eq!(held.send(&transfer, BYTES).await?, 412);
        // Over what lies there neither, by an address of its own.
        assert_eq!(held.put("evidence.json", other).await?, 412);
        assert_eq!(held.put(CLAIM, b"{}").await?, 412);
        held.over().await
    })
}

#[test]
fn names_sizes_and_numbers_are_bounded() -> Result<()> {
    e2e(async |stack| {
        let held = Held::on(stack).await?;
        for name in ["_x.json", "a%20b"] {
            let refused = held.post(name, &file(BYTES)).await?;
            let problem = refused.problem(400, "invalid_request").context(name)?;
            assert_eq!(problem.errors[0].field, "name");
        }
        // No route has such a path; a gateway that leaves a slash encoded hands a wrong name on.
        for name in ["a/b", "a%2Fb", "..%2Fx", "..%2F..%2Fwrite%2F1%2Fx"] {
            let status = held.post(name, &file(BYTES)).await?.status;
            ensure!([400, 404].contains(&status), "{name}: {status}");
        }
        let mut large = file(BYTES);
        large["size"] = json!(MAX_ARTIFACT_SIZE + 1);
        let problem = held.post("large.bin", &large).await?;
        let problem = problem.problem(400, "invalid_request")?;
        assert_eq!(problem.errors[0].field, "size");

        let names: Vec<String> = (0..MAX_ARTIFACTS).map(|n| format!("{n}.json")).collect();
        for some in names.chunks(16) {
            let puts = some.iter().map(|name| held.put(name, BYTES));
            let statuses = try_join_all(puts).await?;
            ensure!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        }
        held.post("one-more.json", &file(BYTES))
            .await?
            .problem(422, "too_many_artifacts")?;
        assert_eq!(held.put("_completed.json", b"{").await?, 200);
        assert_eq!(held.names().await?.len(), MAX_ARTIFACTS + 2);
        held.over().await
    })
}

#[test]
fn a_token_opens_its_own_attempt_while_it_is_under_way() -> Result<()> {
    e2e(async |stack| {
        let held = Held::on(stack).await?;
        let other = Held::on(stack).await?;
        assert_eq!(other.put("secret.json", BYTES).await?, 200);
        let body = file(BYTES);
        let routes = [
            (Method::GET, "/artifacts", &Value::Null),
            (Method::GET, "/artifacts/secret.json", &Value::Null),
            (Method::POST, "/artifacts/a.json", &body),
            (Method::GET, "/inputs/0", &Value::Null),
        ];
        let unasked = held.run.token(STEP, 2).await?;
        let next = held.run.token(Step::Analyze, 1).await?;
        let expired = held.run.token_until(STEP, 1, now()).await?;
        for (method, below, body) in &routes {
            let ask = async |token: &str| held.ask_with(token, method.clone(), below, body).await;
            for token in [other.token.as_str(), &expired, "v1.x", ""] {
                let refused = ask(token).await?;
                assert_eq!(refused.status, 401, "{below}: {}", refused.body);
                assert!(!refused.body.contains("secret.json"));
            }
            for token in [&unasked, &next] {
                ask(token).await?.problem(409, "unknown_attempt")?;
            }
        }
        assert_eq!(held.names().await?, [CLAIM], "nobody else's");
        held.over().await?;
        for (method, below, body) in &routes {
            let late = held.ask_with(&held.token, method.clone(), below, body);
            late.await?.problem(409, "superseded")?;
        }
        other.over().await
    })
}

#[test]
fn what_earlier_steps_wrote_is_read_by_its_place() -> Result<()> {
    e2e(async |stack| {
        let held = Held::on(stack).await?;
        held.run.hold(Step::Analyze, 1).await?;
        let artifact = held.run.write_evidence(1).await?;
        held.run
            .report(
                &held.token,
                &success(STEP, 1, std::slice::from_ref(&artifact)),
            )
            .await?
            .is(200)?;
        let analyst = Held {
            token: held.run.token(Step::Analyze, 1).await?,
            ..held
        };
        let input: Transfer = analyst.get("/inputs/0").await?.read(200)?;
        assert_eq!(input.headers, BTreeMap::new());
        let evidence = stack.http.download(&input.url).await?;
        assert_eq!(sha256(evidence.is(200)?.body.as_bytes()), artifact.sha256);
        for place in ["1", "-1", "x"] {
            let none = analyst.get(&format!("/inputs/{place}")).await?;
            none.problem(404, "artifact_not_found")?;
        }
        assert!(input.expires_at <= now().plus(Duration::from_secs(15 * 60)));
        analyst.over().await
    })
}
