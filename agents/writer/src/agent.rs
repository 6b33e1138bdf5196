//! The writer as an agent: fetches what was found and approved, leaves the rest to [`crate::report`].

use aegis_agent_kit::text::counted;
use aegis_agent_kit::{Agent, Produced, WorkContext, WorkError};
use aegis_contracts::agent::Role;
use aegis_contracts::findings::{AnalysisFile, EvidenceFile};
use async_trait::async_trait;

use crate::citations::Citations;
use crate::paths::Paths;
use crate::report::report;

pub struct Writer;

#[async_trait]
impl Agent for Writer {
    const ROLE: Role = Role::Writer;

    async fn work(&self, ctx: &WorkContext) -> Result<Produced, WorkError> {
        ctx.stage(10, "reading evidence and analysis");
        let evidence: EvidenceFile = input(ctx, Role::Researcher).await?;
        let analysis: AnalysisFile = input(ctx, Role::Analyst).await?;
        ctx.stage(50, "checking citations");
        let citations = Citations::check(&evidence, &analysis)
            .map_err(|problem| WorkError::permanent("citation_invalid", problem.to_string()))?;
        ctx.stage(70, "writing the report");
        let paths = Paths::new(&ctx.task().parameters.sources);
        let text = report(&evidence, &analysis, &citations, &paths);
        let claims: usize = analysis.findings.iter().map(|f| f.claims.len()).sum();
        let summary = format!(
            "A report of {} with {} from {} in {}; each claim was checked to be verbatim",
            counted(analysis.findings.len(), "finding"),
            counted(claims, "claim"),
            counted(citations.passages().len(), "passage"),
            counted(citations.sources().len(), "document")
        );
        Ok(Produced::by(Self::ROLE, summary, text.into_bytes()))
    }
}

async fn input<T: serde::de::DeserializeOwned>(
    ctx: &WorkContext,
    role: Role,
) -> Result<T, WorkError> {
    let name = role.artifact_name();
    let bytes = ctx.input(name).await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| WorkError::permanent("input_invalid", format!("{name}: {error}")))
}
