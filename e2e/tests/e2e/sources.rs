//! Documents of one's own.

use aegis_contracts::view::Status;
use aegis_e2e::stack::{Stack, e2e};
use anyhow::{Context as _, Result};
use serde_json::json;

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

async fn upload(stack: &Stack) -> Result<String> {
    let prefix = format!("sources/e2e-{}/", uuid::Uuid::new_v4());
    for (name, media_type, text) in DOCUMENTS {
        let key = format!("{prefix}{name}");
        let bytes = text.as_bytes().to_vec();
        stack.objects.put_if_absent(&key, bytes, media_type).await?;
    }
    Ok(prefix)
}

#[test]
fn a_report_cites_documents_of_ones_own() -> Result<()> {
    e2e(async |stack| {
        let prefix = upload(stack).await?;
        let source = format!("s3://{}/{prefix}", stack.objects.bucket());
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
        let evidence: serde_json::Value =
            serde_json::from_str(&run.artifact("evidence.json").await?)?;
        assert_eq!(evidence["documents_read"], 3);
        let passages = evidence["evidence"].as_array().context("no evidence")?;
        let ours = |passage: &serde_json::Value| {
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
