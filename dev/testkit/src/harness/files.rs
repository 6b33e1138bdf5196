//! What agents write, small.

use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::changes::{ChangeRequest, Changes};
use aegis_contracts::findings::{
    AnalysisFile, Claim, Depth, Evidence, EvidenceFile, Finding, PassageKind, Revised, Stance,
};
use aegis_contracts::ids::WorkflowId;

/// Says of which attempt it is.
pub fn of(id: &WorkflowId, of: &Attempt) -> Vec<u8> {
    match of.step.as_str() {
        "research" => serde_json::to_vec(&evidence(id)).unwrap(),
        "analyze" => serde_json::to_vec(&analysis(id, of.attempt)).unwrap(),
        step => format!("# {step} {}\n", of.attempt).into_bytes(),
    }
}

pub fn evidence(id: &WorkflowId) -> EvidenceFile {
    let passage = |number: u32| Evidence {
        id: format!("e{number}"),
        source: format!("corpus:builtin/lattices-{number}.md"),
        title: format!("Lattices {number}"),
        headings: Vec::new(),
        location: format!("Standards, paragraph {number}"),
        kind: PassageKind::Paragraph,
        lead: None,
        passage: format!("Passage {number} speaks of lattices, and of more."),
        score: 7.25,
    };
    EvidenceFile {
        schema_version: SCHEMA_VERSION,
        workflow_id: id.clone(),
        topic: "quantum computing".to_owned(),
        depth: Depth::Quick,
        documents_read: 2,
        passages_ranked: 2,
        asked: Vec::new(),
        evidence: vec![passage(1), passage(2)],
        unreadable: Vec::new(),
        documents_unread: 0,
        losses: Vec::new(),
    }
}

/// Three claims; each attempt after the first is a revision.
pub fn analysis(id: &WorkflowId, attempt: u32) -> AnalysisFile {
    let claim = |text: &str, evidence: &str| Claim {
        text: format!("{text} of attempt {attempt}."),
        lead: None,
        evidence: evidence.to_owned(),
    };
    let finding = |number: u32, claims: Vec<Claim>| Finding {
        id: format!("f{number}"),
        heading: format!("Finding {number}"),
        claims,
        stance: Stance::SingleSource,
        note: format!("Note {number}."),
    };
    AnalysisFile {
        schema_version: SCHEMA_VERSION,
        workflow_id: id.clone(),
        topic: "quantum computing".to_owned(),
        revision: attempt - 1,
        summary: format!("Summary of attempt {attempt}."),
        findings: vec![
            finding(
                1,
                vec![claim("First claim", "e1"), claim("Second claim", "e2")],
            ),
            finding(2, vec![claim("Third claim", "e1")]),
        ],
        gaps: vec!["cost of migration".to_owned()],
        evidence_sha256: None,
        revised: (attempt > 1).then(|| Revised {
            request: ChangeRequest {
                shows: "analyze".parse().unwrap(),
                revision: attempt - 2,
                comment: Some("say more on lattices".to_owned()),
                changes: Changes::default(),
            },
            done: vec!["moved to the first finding".to_owned()],
        }),
        left_out: Vec::new(),
    }
}
