//! One question through the three agents' pure parts.

use std::path::Path;
use std::time::Instant;

use aegis_agent_analyst::analysis::analyse;
use aegis_agent_researcher::agent::evidence;
use aegis_agent_researcher::sources::Library;
use aegis_agent_writer::citations::Citations;
use aegis_agent_writer::paths::Paths;
use aegis_agent_writer::report::report;
use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::agent::{AgentTask, ArtifactTarget, CallbackTarget};
use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::findings::{AnalysisFile, Depth, EvidenceFile};
use aegis_contracts::flow::{InvalidName, Name};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use serde_json::{Map, json};

/// What the agents made of a question.
pub struct Answer {
    pub made: Made,
    /// Without reading the documents.
    pub seconds: f64,
}

pub enum Made {
    Report {
        evidence: Box<EvidenceFile>,
        analysis: Box<AnalysisFile>,
        report: String,
    },
    /// Why the researcher found nothing.
    Refused(String),
}

/// # Errors
/// Where an agent fails for another reason than that the documents do not tell.
pub fn ask(question: &str, depth: Depth, library: Library) -> anyhow::Result<Answer> {
    let begun = Instant::now();
    let made = match evidence(&task(question, depth)?, library) {
        Err(refused) if refused.code == "no_evidence" => Made::Refused(refused.message),
        Err(other) => return Err(other.into()),
        Ok(evidence) => {
            let analysis = analyse(&evidence, 0, None);
            let citations = Citations::check(&evidence, &analysis)?;
            let paths = Paths::new(&["s3://eval/".to_owned()]);
            let report = report(&evidence, &analysis, &citations, &paths);
            Made::Report {
                evidence: Box::new(evidence),
                analysis: Box::new(analysis),
                report,
            }
        }
    };
    Ok(Answer {
        made,
        seconds: begun.elapsed().as_secs_f64(),
    })
}

/// Into a folder, by the question's id.
///
/// # Errors
/// Where that cannot be written.
pub fn write(folder: &Path, id: &str, answer: &Answer) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let file = |ending: &str| folder.join(format!("{id}{ending}"));
    match &answer.made {
        Made::Refused(reason) => std::fs::write(file(".refused.txt"), reason)?,
        Made::Report {
            evidence,
            analysis,
            report,
        } => {
            std::fs::write(file(".md"), report)?;
            let evidence = serde_json::to_vec_pretty(evidence)?;
            std::fs::write(file(".evidence.json"), evidence)?;
            let analysis = serde_json::to_vec_pretty(analysis)?;
            std::fs::write(file(".analysis.json"), analysis)?;
        }
    }
    Ok(())
}

fn task(topic: &str, depth: Depth) -> Result<AgentTask, InvalidName> {
    let (flow, step): (Name, Name) = ("report".parse()?, "research".parse()?);
    let workflow_id = WorkflowId::derive("eval", topic);
    let of = Attempt {
        step: step.clone(),
        branch: None,
        attempt: 1,
    };
    Ok(AgentTask {
        schema_version: SCHEMA_VERSION,
        output_prefix: attempt_prefix(&flow, &workflow_id, &of),
        workflow_id,
        flow,
        step,
        branch: None,
        writes: "evidence.json".to_owned(),
        max_items: None,
        attempt: 1,
        revision: 0,
        topic: topic.to_owned(),
        parameters: Map::from_iter([("depth".to_owned(), json!(depth))]),
        feedback: Vec::new(),
        inputs: Vec::new(),
        gaps: Vec::new(),
        artifacts: ArtifactTarget { url: String::new() },
        callback: CallbackTarget {
            url: String::new(),
            token: String::new(),
        },
        deadline_at: Timestamp::UNIX_EPOCH,
        heartbeat_seconds: 60,
        budget_remaining: None,
        traceparent: None,
    })
}
