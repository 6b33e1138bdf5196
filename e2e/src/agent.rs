//! The test in the place of an agent: it holds an attempt, and reports about it with a token of its own.

use crate::step::Step;
use std::time::{Duration, SystemTime};

use aegis_aws::client::objects::Put;
use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::artifact::{ArtifactRef, CLAIM};
use aegis_contracts::findings::{Depth, Evidence, EvidenceFile, PassageKind};
use aegis_contracts::flow::{DEFAULT_FLOW, media_type};
use aegis_contracts::time::Timestamp;
use aegis_engine::token::Claim;
use anyhow::{Result, anyhow, ensure};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::http::Answer;
use crate::run::{Run, TOPIC};

/// As long as tests need a token.
const HOUR: Duration = Duration::from_secs(3600);

pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::UNIX_EPOCH.plus(since.unwrap_or_default())
}

pub fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

impl Run {
    /// Keeps the real agent from an attempt that has not begun: it looks as if another session had claimed it.
    /// The dispatcher tries again for a while, so the workflow stays where it is.
    ///
    /// # Errors
    /// Where the agent was faster.
    pub async fn hold(&self, step: Step, attempt: u32) -> Result<()> {
        let claim = json!({"session": "a-session-that-belongs-to-the-end-to-end-tests", "invocation": "none"});
        let key = format!("{}{CLAIM}", self.prefix(step, attempt));
        let bytes = claim.to_string().into_bytes();
        let put = self
            .stack
            .objects
            .put_if_absent(&key, bytes, "application/json")
            .await?;
        ensure!(put == Put::Written, "{key} is claimed already");
        Ok(())
    }

    /// # Errors
    /// Where there are no keys.
    pub async fn token(&self, step: Step, attempt: u32) -> Result<String> {
        self.token_until(step, attempt, now().plus(HOUR)).await
    }

    /// # Errors
    /// Where there are no keys.
    pub async fn token_until(
        &self,
        step: Step,
        attempt: u32,
        expires_at: Timestamp,
    ) -> Result<String> {
        let claim = Claim {
            workflow_id: self.id.clone(),
            flow: DEFAULT_FLOW.parse().map_err(|_| anyhow!("not a name"))?,
            of: step.attempt(attempt),
        };
        let signed = self.stack.keys().await?.sign(&claim, expires_at);
        signed.map_err(|error| anyhow!("{error}"))
    }

    /// # Errors
    /// Where no answer comes.
    pub async fn report(&self, token: &str, report: &Value) -> Result<Answer> {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let path = format!("/callbacks/{}", self.id);
        self.stack.http.post(&path, &headers, report).await
    }

    /// Writes an artifact as the agent of an attempt would, and refers to it.
    ///
    /// # Errors
    /// Where something lies there already.
    pub async fn write(&self, step: Step, attempt: u32, bytes: Vec<u8>) -> Result<ArtifactRef> {
        let name = step.artifact();
        let artifact = ArtifactRef {
            name: name.to_owned(),
            key: format!("{}{name}", self.prefix(step, attempt)),
            size: bytes.len() as u64,
            media_type: media_type(name).to_owned(),
            sha256: sha256(&bytes),
        };
        let put = self
            .stack
            .objects
            .put_if_absent(&artifact.key, bytes, media_type(name));
        ensure!(put.await? == Put::Written, "{} exists", artifact.key);
        Ok(artifact)
    }

    /// Evidence that the real analyst can work with.
    ///
    /// # Errors
    /// As of [`Self::write`].
    pub async fn write_evidence(&self, attempt: u32) -> Result<ArtifactRef> {
        let passages = [
            "Shor's algorithm on a large quantum computer breaks RSA and elliptic-curve cryptography.",
            "Quantum computing halves the security of symmetric cryptography by Grover's search.",
        ];
        let evidence = (1..).zip(passages).map(|(number, passage)| Evidence {
            id: format!("e{number}"),
            source: format!("corpus:builtin/test-{number}.md"),
            title: format!("Test source {number}"),
            headings: Vec::new(),
            location: "paragraph 1".to_owned(),
            kind: PassageKind::Paragraph,
            lead: None,
            passage: passage.to_owned(),
            score: 1.0,
        });
        let file = EvidenceFile {
            schema_version: SCHEMA_VERSION,
            workflow_id: self.id.clone(),
            topic: TOPIC.to_owned(),
            depth: Depth::Standard,
            documents_read: 2,
            passages_ranked: 2,
            asked: Vec::new(),
            evidence: evidence.collect(),
            unreadable: Vec::new(),
            documents_unread: 0,
            losses: Vec::new(),
        };
        self.write(Step::Research, attempt, serde_json::to_vec(&file)?)
            .await
    }
}

/// Body of a success.
pub fn success(step: Step, attempt: u32, artifacts: &[ArtifactRef]) -> Value {
    json!({
        "kind": "succeeded",
        "step": step.as_str(),
        "attempt": attempt,
        "summary": "done by a test",
        "artifacts": artifacts,
        "usage": {"input_tokens": 100, "output_tokens": 10, "cost_usd": 0.01},
    })
}

/// Body of a sign of life.
pub fn progress(step: Step, attempt: u32) -> Value {
    json!({"kind": "progress", "step": step.as_str(), "attempt": attempt, "message": "at work", "percent": 5})
}

/// Body of a failure.
pub fn failure(step: Step, attempt: u32, code: &str, retryable: bool) -> Value {
    let error = json!({"code": code, "message": "so says a test", "retryable": retryable});
    json!({"kind": "failed", "step": step.as_str(), "attempt": attempt, "error": error})
}
