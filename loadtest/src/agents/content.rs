//! What agents without work write: files of the right shape that say what they are.

use aegis_agent_kit::Produced;
use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::agent::AgentTask;
use aegis_contracts::findings::{AnalysisFile, Depth, Evidence, EvidenceFile, PassageKind};

const NOTE: &str = "Made by a load test; nothing was researched.";
const FILLING: &str = "Nothing but length. ";

/// At least `bytes` long.
pub fn produced(task: &AgentTask, bytes: usize) -> Result<Produced, serde_json::Error> {
    let filling = FILLING.repeat(bytes.div_ceil(FILLING.len()));
    let body = match task.writes.as_str() {
        "evidence.json" => serde_json::to_vec(&evidence(task, filling))?,
        name if name.ends_with(".json") => serde_json::to_vec(&analysis(task, filling))?,
        _ => format!("# {}\n\n{NOTE}\n\n{filling}\n", task.topic).into_bytes(),
    };
    Ok(Produced::of(task, NOTE, body))
}

fn evidence(task: &AgentTask, passage: String) -> EvidenceFile {
    EvidenceFile {
        schema_version: SCHEMA_VERSION,
        workflow_id: task.workflow_id.clone(),
        topic: task.topic.clone(),
        depth: Depth::default(),
        documents_read: 1,
        passages_ranked: 1,
        asked: Vec::new(),
        evidence: vec![Evidence {
            id: "e1".to_owned(),
            source: "loadtest:nothing".to_owned(),
            title: NOTE.to_owned(),
            headings: Vec::new(),
            location: "1".to_owned(),
            kind: PassageKind::Paragraph,
            lead: None,
            passage,
            score: 1.0,
        }],
        unreadable: Vec::new(),
        documents_unread: 0,
        losses: Vec::new(),
    }
}

fn analysis(task: &AgentTask, filling: String) -> AnalysisFile {
    AnalysisFile {
        schema_version: SCHEMA_VERSION,
        workflow_id: task.workflow_id.clone(),
        topic: task.topic.clone(),
        revision: task.revision,
        summary: format!("{NOTE} {filling}"),
        findings: Vec::new(),
        gaps: Vec::new(),
        revised: None,
        left_out: Vec::new(),
    }
}
