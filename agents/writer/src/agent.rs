//! The writer as an agent: fetches what was found and approved, leaves the rest to [`crate::report`].

use aegis_agent_kit::text::counted;
use aegis_agent_kit::{Agent, Parameters, Produced, WorkContext, WorkError};
use aegis_contracts::findings::AnalysisFile;
use async_trait::async_trait;

use crate::citations::Citations;
use crate::paths::Paths;
use crate::report::report;

pub struct Writer;

#[async_trait]
impl Agent for Writer {
    const NAME: &'static str = "writer";

    async fn work(&self, ctx: &WorkContext) -> Result<Produced, WorkError> {
        ctx.stage(10, "reading evidence and analysis");
        let earlier = ctx.earlier().await?;
        let (analysis, _): (AnalysisFile, _) = earlier.with("findings")?;
        let evidence = earlier.evidence_of(&analysis)?;
        ctx.stage(50, "checking citations");
        let citations = Citations::check(&evidence, &analysis)
            .map_err(|problem| WorkError::permanent("citation_invalid", problem.to_string()))?;
        ctx.stage(70, "writing the report");
        let paths = Paths::new(&Parameters::of(ctx.task())?.sources);
        let text = report(&evidence, &analysis, &citations, &paths);
        let claims: usize = analysis.findings.iter().map(|f| f.claims.len()).sum();
        let summary = format!(
            "A report of {} with {} from {} in {}; each claim was checked to be verbatim",
            counted(analysis.findings.len(), "finding"),
            counted(claims, "claim"),
            counted(citations.passages().len(), "passage"),
            counted(citations.sources().len(), "document")
        );
        Ok(Produced::of(ctx.task(), summary, text.into_bytes()))
    }
}
