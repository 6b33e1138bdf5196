//! Documents of one's own.

use aegis_contracts::sources::SourceUploads;
use aegis_contracts::view::Status;
use aegis_e2e::agent::sha256;
use aegis_e2e::stack::{Stack, e2e};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value, json};

const TOPIC: &str = "How does the Halvorsen tidal clock keep time?";
const FACT: &str = "The Halvorsen tidal clock keeps time by a float of oak that follows the tide through a lead pipe.";
const DOCUMENTS: [(&str, &str, &str); 3] = [
    (
        "clock.md",
        "text/markdown",
        "# The Halvorsen tidal clock\n\nThe Halvorsen tidal clock keeps time by a float of oak that follows the tide through a lead pipe.\n\nIt was set going in the harbour of Fjelldal in 1874.\n",
    ),
    (
        "repairs.txt",
        "text/plain",
        "Repairs of the Halvorsen tidal clock\n\nThe Halvorsen tidal clock keeps time to within four minutes a month, says the harbour master's book of repairs.\n",
    ),
    (
        "more/visit.html",
        "text/html",
        "<html><head><title>Visiting Fjelldal</title></head><body><h1>The harbour</h1><p>Visitors see how the Halvorsen tidal clock keeps time at low tide, when its float rests on a stone.</p></body></html>",
    ),
];

/// As any client does it. Returns the URI of the documents.
async fn upload(stack: &Stack) -> Result<String> {
    let file = |(name, media_type, text): (&str, &str, &str)| {
        let file = json!({"size": text.len(), "sha256": sha256(text.as_bytes()), "media_type": media_type});
        (name.to_owned(), file)
    };
    let files: Map<String, Value> = DOCUMENTS.into_iter().map(file).collect();
    let body = json!({"set": format!("e2e-{}", uuid::Uuid::new_v4()), "files": files});
    let ask = async || -> Result<SourceUploads> {
        stack.http.post("/sources", &[], &body).await?.read(200)
    };
    let told = ask().await?;
    for (name, _, text) in DOCUMENTS {
        let upload = told.uploads.get(name).context("it is not there yet")?;
        // Other bytes of the same length, then the right ones, then once more.
        let other = text.replace('H', "h");
        for (bytes, status) in [(other.as_str(), 400), (text, 200), (text, 412)] {
            let answer = stack.http.transfer(upload, bytes.as_bytes()).await?;
            ensure!(answer.status == status, "{name}: {answer:?}, not {status}");
        }
    }
    let again = ask().await?;
    assert_eq!((&again.uri, again.uploads.len()), (&told.uri, 0));
    let mut changed = body.clone();
    changed["files"]["clock.md"]["sha256"] = json!("ab".repeat(32));
    let answer = stack.http.post("/sources", &[], &changed).await?;
    answer.problem(409, "source_conflict")?;
    Ok(told.uri)
}

#[test]
fn a_report_cites_documents_of_ones_own() -> Result<()> {
    e2e(async |stack| {
        let source = upload(stack).await?;
        let parameters = json!({"sources": [source]});
        let run = stack
            .start(json!({"topic": TOPIC, "parameters": parameters}))
            .await?;
        run.reach(Status::AwaitingApproval).await?;
        run.approve().await?;
        run.reach(Status::Completed).await?;
        let report = run.artifact("report.md").await?;
        assert!(report.contains(FACT), "{report}");
        // By its path in the folder, not by the key that it has in the bucket.
        assert!(
            report.contains("`clock.md`: The Halvorsen tidal clock"),
            "{report}"
        );
        assert!(!report.contains(&source), "{report}");
        let evidence: Value = serde_json::from_str(&run.artifact("evidence.json").await?)?;
        assert_eq!(evidence["documents_read"], 3);
        let passages = evidence["evidence"].as_array().context("no evidence")?;
        let ours = |passage: &Value| {
            passage["source"]
                .as_str()
                .is_some_and(|uri| uri.starts_with(&source))
        };
        assert!(passages.iter().all(ours), "{evidence}");
        Ok(())
    })
}

#[test]
fn an_empty_source_fails_and_says_so() -> Result<()> {
    e2e(async |stack| {
        let source = format!("s3://{}/sources/nothing-here/", stack.objects.bucket());
        let parameters = json!({"sources": [source]});
        let run = stack
            .start(json!({"topic": TOPIC, "parameters": parameters}))
            .await?;
        let view = run.reach(Status::Failed).await?;
        let failure = view.failure.context("no failure")?;
        assert_eq!(failure.code, "source_empty");
        assert!(failure.message.contains(&source), "{}", failure.message);
        Ok(())
    })
}
