//! The analyst as an agent: fetches the evidence, leaves the rest to [`crate::analysis`].

use aegis_agent_kit::publish::sha256_hex;
use aegis_agent_kit::text::counted;
use aegis_agent_kit::{Agent, Earlier, NewArtifact, Produced, WorkContext, WorkError, json};
use aegis_contracts::agent::{AgentTask, Gap};
use aegis_contracts::changes::ChangeRequest;
use aegis_contracts::findings::{AnalysisFile, EvidenceFile, PlanFile, Stance};
use aegis_contracts::flow::media_type;
use async_trait::async_trait;

use crate::analysis::analyse_branches;
use crate::branches::{MERGED, merged};

pub struct Analyst;

#[async_trait]
impl Agent for Analyst {
    const NAME: &'static str = "analyst";

    async fn work(&self, ctx: &WorkContext) -> Result<Produced, WorkError> {
        ctx.stage(10, "reading the evidence");
        let earlier = ctx.earlier().await?;
        let Found {
            file,
            sha256,
            branches,
            merged,
            gaps,
        } = found(ctx.task(), &earlier)?;
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
            analyse_branches(&file, &branches, revision, asked)
        };
        let mut analysis = tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| WorkError::transient("agent_panicked", error.to_string()))?;
        analysis.evidence_sha256 = Some(sha256);
        analysis.gaps.extend(gaps);
        let mut produced = Produced::of(ctx.task(), summary(&analysis), json(&analysis)?);
        produced.artifacts.extend(merged);
        Ok(produced)
    }
}

/// What earlier steps found.
struct Found {
    file: EvidenceFile,
    /// Of that file.
    sha256: String,
    /// Where a step with branches found it: what each of them did, and that file, which this step writes.
    branches: Vec<EvidenceFile>,
    merged: Option<NewArtifact>,
    /// What branches should have found that failed.
    gaps: Vec<String>,
}

fn found(task: &AgentTask, earlier: &Earlier) -> Result<Found, WorkError> {
    let (file, input): (EvidenceFile, _) = earlier.with("evidence")?;
    if input.branch.is_none() {
        return Ok(Found {
            file,
            sha256: input.sha256.clone(),
            branches: Vec::new(),
            merged: None,
            gaps: Vec::new(),
        });
    }
    let branches = earlier.all_with("evidence")?.into_iter();
    let branches: Vec<EvidenceFile> = branches.map(|(file, _)| file).collect();
    let file = merged(&task.topic, &branches).unwrap_or(file);
    let bytes = json(&file)?;
    let of_step = task.gaps.iter().filter(|gap| gap.step == input.step);
    Ok(Found {
        file,
        sha256: sha256_hex(&bytes),
        branches,
        gaps: of_step.map(|gap| not_researched(gap, earlier)).collect(),
        merged: Some(NewArtifact {
            name: MERGED.to_owned(),
            media_type: media_type(MERGED).to_owned(),
            bytes,
        }),
    })
}

/// Where this step does not read the plan, only the number of the question is known.
fn not_researched(gap: &Gap, earlier: &Earlier) -> String {
    let plan = earlier.with::<PlanFile>("items").ok();
    let question = plan
        .as_ref()
        .and_then(|(plan, _)| plan.question(gap.branch));
    let number = format!("question {}", gap.branch);
    format!(
        "not researched: {} ({})",
        question.unwrap_or(&number),
        gap.code
    )
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
