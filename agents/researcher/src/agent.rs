//! The researcher as an agent: reads the sources, leaves the rest to [`crate::research`] and [`crate::plan`].
//!
//! A task with `max_items` gets a plan, a task of a branch the evidence on that item of the plan, any other the evidence on
//! its topic.

use aegis_agent_kit::text::counted;
use aegis_agent_kit::{Agent, Parameters, Produced, WorkContext, WorkError, json};
use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::agent::AgentTask;
use aegis_contracts::findings::{
    AskedWord, Depth, Evidence, EvidenceFile, Origin, PlanFile, PlanItem,
};
use async_trait::async_trait;

use crate::index::Index;
use crate::plan::plan;
use crate::research::{NoEvidence, Researched, research};
use crate::sources::{self, Library};

pub struct Researcher;

#[async_trait]
impl Agent for Researcher {
    const NAME: &'static str = "researcher";

    async fn work(&self, ctx: &WorkContext) -> Result<Produced, WorkError> {
        let task = AgentTask {
            topic: question(ctx).await?,
            ..ctx.task().clone()
        };
        ctx.stage(5, "looking for sources");
        let library = sources::read(ctx).await?;
        if library.documents.is_empty() {
            return Err(nothing_readable(&library));
        }
        ctx.stage(
            60,
            format!("searching {}", counted(library.documents.len(), "document")),
        );
        let work = move || match task.max_items {
            Some(most) => planned(&task, &library, most),
            None => found(&task, library),
        };
        let work = tokio::task::spawn_blocking(work).await;
        work.map_err(|e| WorkError::transient("agent_panicked", e.to_string()))?
    }
}

/// What is to be researched: the topic, or a branch's item of the plan.
async fn question(ctx: &WorkContext) -> Result<String, WorkError> {
    let task = ctx.task();
    let Some(branch) = task.branch else {
        return Ok(task.topic.clone());
    };
    let earlier = ctx.earlier().await?;
    let (plan, input): (PlanFile, _) = earlier.with("items")?;
    let question = plan.question(branch).map(str::to_owned);
    question.ok_or_else(|| {
        let items = counted(plan.items.len(), "item");
        let message = format!("{} has {items}, and no number {branch}", input.name);
        WorkError::permanent("input_invalid", message)
    })
}

fn found(task: &AgentTask, library: Library) -> Result<Produced, WorkError> {
    let file = evidence(task, library)?;
    Ok(Produced::of(task, summary(&file), json(&file)?))
}

fn planned(task: &AgentTask, library: &Library, most: u32) -> Result<Produced, WorkError> {
    let depth = Parameters::of(task)?.depth;
    let documents = &library.documents;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let questions = plan(
        &task.topic,
        depth,
        documents,
        &Index::build(documents),
        most,
    )
    .map_err(no_evidence)?;
    let count = counted(questions.len(), "question");
    let summary = format!("{count}: {}", questions.join("; "));
    let items = questions.into_iter().map(|question| PlanItem { question });
    let file = PlanFile {
        schema_version: SCHEMA_VERSION,
        workflow_id: task.workflow_id.clone(),
        topic: task.topic.clone(),
        items: items.collect(),
    };
    Ok(Produced {
        items: u32::try_from(file.items.len()).ok(),
        ..Produced::of(task, summary, json(&file)?)
    })
}

fn no_evidence(reason: NoEvidence) -> WorkError {
    WorkError::permanent("no_evidence", reason.to_string())
}

fn nothing_readable(library: &Library) -> WorkError {
    let reasons: Vec<String> = library
        .unreadable
        .iter()
        .take(5)
        .map(|file| format!("{} {}", file.source, file.reason))
        .collect();
    let message = format!(
        "none of the files in the sources can be read: {}",
        reasons.join("; ")
    );
    WorkError::permanent("sources_unreadable", message)
}

/// The whole of the researcher's thinking over what was read.
///
/// # Errors
/// `no_evidence`, permanent: the sources are not about the topic.
pub fn evidence(task: &AgentTask, library: Library) -> Result<EvidenceFile, WorkError> {
    let Library {
        documents,
        unreadable,
        documents_unread,
        losses,
    } = library;
    let depth = Parameters::of(task)?.depth;
    let index = Index::build(&documents);
    let Researched {
        passages_ranked,
        asked,
        mut evidence,
    } = research(&task.topic, depth, &documents, &index).map_err(no_evidence)?;
    // What approvers want searched for comes to what the topic found. A term that the sources lack finds nothing, and the
    // analyst says so.
    let terms = task.feedback.iter();
    for term in terms.flat_map(|request| &request.changes.terms) {
        let found = research(term, Depth::Quick, &documents, &index);
        for passage in found.map_or_else(|_| Vec::new(), |found| found.evidence) {
            let same = |known: &Evidence| {
                (&known.source, &known.passage) == (&passage.source, &passage.passage)
            };
            if !evidence.iter().any(same) {
                let id = format!("e{}", evidence.len() + 1);
                evidence.push(Evidence { id, ..passage });
            }
        }
    }
    Ok(EvidenceFile {
        schema_version: SCHEMA_VERSION,
        workflow_id: task.workflow_id.clone(),
        topic: task.topic.clone(),
        depth,
        documents_read: u32::try_from(documents.len()).unwrap_or(u32::MAX),
        passages_ranked: u32::try_from(passages_ranked).unwrap_or(u32::MAX),
        asked,
        evidence,
        unreadable,
        documents_unread: u32::try_from(documents_unread).unwrap_or(u32::MAX),
        losses,
    })
}

fn summary(file: &EvidenceFile) -> String {
    let mut sources: Vec<&str> = file.evidence.iter().map(|e| e.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let mut text = format!(
        "{} from {}, out of {} in {}",
        counted(file.evidence.len(), "passage"),
        counted(sources.len(), "document"),
        counted(size(file.passages_ranked), "passage"),
        counted(size(file.documents_read), "document"),
    );
    if file.documents_unread > 0 {
        let unread = counted(file.documents_unread, "file");
        text.push_str(&format!("; {unread} could not be read"));
    }
    text.push_str(&taken_for(&file.asked));
    text
}

/// What was not looked for as the topic has it.
fn taken_for(asked: &[AskedWord]) -> String {
    let mut text = String::new();
    for asked in asked {
        if let Origin::MisspeltFor { word } = &asked.origin {
            text.push_str(&format!("; “{}” was taken for “{word}”", asked.word));
        }
    }
    let unknown = asked.iter().filter(|asked| asked.origin == Origin::Unknown);
    let unknown: Vec<String> = unknown.map(|asked| format!("“{}”", asked.word)).collect();
    if !unknown.is_empty() {
        text.push_str(&format!("; no document has {}", unknown.join(", ")));
    }
    text
}
