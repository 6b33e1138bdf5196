//! The analyst as an agent: fetches the evidence, leaves the rest to [`crate::analysis`].

use aegis_agent_kit::text::counted;
use aegis_agent_kit::{Agent, Produced, WorkContext, WorkError};
use aegis_contracts::changes::ChangeRequest;
use aegis_contracts::findings::{AnalysisFile, EvidenceFile, Stance};
use async_trait::async_trait;

use crate::analysis::analyse;

pub struct Analyst;

#[async_trait]
impl Agent for Analyst {
    const NAME: &'static str = "analyst";

    async fn work(&self, ctx: &WorkContext) -> Result<Produced, WorkError> {
        ctx.stage(10, "reading the evidence");
        let earlier = ctx.earlier().await?;
        let (file, input): (EvidenceFile, _) = earlier.with("evidence")?;
        if file.evidence.is_empty() {
            let message = format!("there is no evidence about “{}” to analyse", file.topic);
            return Err(WorkError::permanent("no_evidence", message));
        }
        ctx.stage(
            30,
            format!("weighing {}", counted(file.evidence.len(), "passage")),
        );
        let asked = asked(ctx).await?;
        let revision = ctx.task().revision;
        let work = move || {
            let asked = asked.as_ref().map(|(request, former)| (request, former));
            analyse(&file, revision, asked)
        };
        let mut analysis = tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| WorkError::transient("agent_panicked", error.to_string()))?;
        analysis.evidence_sha256 = Some(input.sha256.clone());
        let bytes = serde_json::to_vec_pretty(&analysis)
            .map_err(|error| WorkError::permanent("artifact_invalid", error.to_string()))?;
        Ok(Produced::of(ctx.task(), summary(&analysis), bytes))
    }
}

/// The latest change request, and what this analyst wrote for the revision that it is about.
async fn asked(ctx: &WorkContext) -> Result<Option<(ChangeRequest, AnalysisFile)>, WorkError> {
    let task = ctx.task();
    let Some(mut request) = task.feedback.last().cloned() else {
        return Ok(None);
    };
    if request.shows != task.step {
        // The numbers are those of another step's findings.
        request.changes.drop.clear();
        request.changes.keep.clear();
    }
    Ok(Some((request, ctx.former().await?)))
}

fn summary(analysis: &AnalysisFile) -> String {
    let claims: usize = analysis.findings.iter().map(|f| f.claims.len()).sum();
    let differ =
        |finding: &&aegis_contracts::findings::Finding| finding.stance == Stance::Disagreement;
    let findings = counted(analysis.findings.len(), "finding");
    let mut text = format!("{findings} with {}", counted(claims, "claim"));
    let disputed = analysis.findings.iter().filter(differ).count();
    if disputed > 0 {
        text.push_str(&format!("; sources may differ on {disputed}"));
    }
    if !analysis.gaps.is_empty() {
        text.push_str(&format!("; {}", counted(analysis.gaps.len(), "gap")));
    }
    if let Some(revised) = &analysis.revised {
        text.push_str(&format!(". {}", revised.done.join(" ")));
    }
    text
}
