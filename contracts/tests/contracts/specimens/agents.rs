//! What agents take, report and write.

use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::agent::{
    AgentTask, ArtifactTarget, BudgetRemaining, CallbackTarget, Gap, Input, InvocationAnswer,
    InvocationStatus,
};
use aegis_contracts::artifact::{CompletionRecord, attempt_prefix};
use aegis_contracts::attempt::Attempt;
use aegis_contracts::callback::{AgentError, AgentReport, CallbackAnswer};
use aegis_contracts::changes::{ChangeRequest, Changes};
use aegis_contracts::findings::{
    AnalysisFile, AskedWord, Claim, Depth, Evidence, EvidenceFile, Finding, Loss, Origin,
    PassageKind, PlanFile, PlanItem, Revised, Stance, UnreadableSource,
};

use aegis_contracts::transfer::{FileEntry, FileList, FileToPut, Transfer, TransferMethod};

use super::{Specimen, artifact, at, flow, name, specimen, traceparent, usage, workflow};

pub fn all() -> Vec<Specimen> {
    [reports(), tasks(), files()]
        .into_iter()
        .flatten()
        .collect()
}

fn reports() -> Vec<Specimen> {
    let (step, attempt) = (name("analyze"), 2);
    let progress = AgentReport::Progress {
        step: step.clone(),
        branch: None,
        attempt,
        message: "grouping 12 passages".to_owned(),
        percent: Some(40),
        usage: Some(usage()),
    };
    let succeeded = AgentReport::Succeeded {
        step: step.clone(),
        branch: None,
        attempt,
        summary: "4 findings, 1 gap".to_owned(),
        artifacts: vec![artifact("analyze", attempt)],
        items: Some(12),
        usage: usage(),
    };
    let failed = AgentReport::Failed {
        step,
        branch: Some(3),
        attempt,
        error: AgentError {
            code: "model_unavailable".to_owned(),
            message: "the model did not answer".to_owned(),
            retryable: true,
        },
        usage: Some(usage()),
    };
    let answer = CallbackAnswer { accepted: true };
    vec![
        specimen("agent-report-progress", "agent-report", progress),
        specimen("agent-report-succeeded", "agent-report", succeeded),
        specimen("agent-report-failed", "agent-report", failed),
        specimen("agent-report-answer", "agent-report-answer", answer),
    ]
}

pub fn task() -> AgentTask {
    let (flow, step, attempt) = (flow(), name("analyze"), 2);
    AgentTask {
        schema_version: SCHEMA_VERSION,
        workflow_id: workflow(),
        output_prefix: attempt_prefix(
            &flow.flow,
            &workflow(),
            &Attempt::once(step.clone(), attempt),
        ),
        flow: flow.flow,
        step,
        branch: None,
        attempt,
        revision: 1,
        topic: "Impact of quantum computing on cryptography".to_owned(),
        parameters: super::api::start_request().parameters,
        writes: "analysis.json".to_owned(),
        max_items: None,
        feedback: vec![asked()],
        inputs: vec![input()],
        gaps: vec![Gap {
            step: name("research"),
            branch: 3,
            code: "nothing_found".to_owned(),
        }],
        artifacts: ArtifactTarget {
            url: format!("https://api.example/callbacks/{}/artifacts", workflow()),
        },
        callback: CallbackTarget {
            url: format!("https://api.example/callbacks/{}", workflow()),
            token: "v1.k1.1795460400.c2VjcmV0".to_owned(),
        },
        deadline_at: at(60),
        heartbeat_seconds: 300,
        budget_remaining: None,
        traceparent: traceparent(),
    }
}

fn input() -> Input {
    let artifact = artifact("research", 1);
    Input {
        step: name("research"),
        branch: None,
        name: artifact.name,
        key: artifact.key,
        url: format!("https://api.example/callbacks/{}/inputs/0", workflow()),
        size: artifact.size,
        sha256: artifact.sha256,
        media_type: artifact.media_type,
    }
}

pub fn transfer() -> Transfer {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Transfer {
        method: TransferMethod::Put,
        url: "https://bucket.example/analysis.json?X-Amz-Signature=c2VjcmV0".to_owned(),
        headers: [
            header("content-type", "application/json"),
            header("if-none-match", "*"),
        ]
        .into(),
        expires_at: at(15),
    }
}

fn task_with_budget() -> AgentTask {
    AgentTask {
        budget_remaining: Some(BudgetRemaining {
            max_cost_usd: Some(1.25),
            max_tokens: Some(50_000),
            seconds: Some(3_600),
        }),
        ..task()
    }
}

fn task_of_a_branch() -> AgentTask {
    let of = Attempt {
        step: name("research"),
        branch: Some(3),
        attempt: 2,
    };
    AgentTask {
        output_prefix: attempt_prefix(&flow().flow, &workflow(), &of),
        step: of.step,
        branch: of.branch,
        writes: "evidence.json".to_owned(),
        inputs: vec![Input {
            branch: Some(1),
            ..input()
        }],
        max_items: Some(16),
        ..task()
    }
}

fn tasks() -> Vec<Specimen> {
    let status = InvocationStatus::AlreadyRunning;
    let record = CompletionRecord {
        schema_version: SCHEMA_VERSION,
        workflow_id: workflow(),
        of: Attempt::once(name("analyze"), 2),
        completed_at: at(8),
        summary: "4 findings, 1 gap".to_owned(),
        artifacts: vec![artifact("analyze", 2)],
        items: Some(12),
        usage: usage(),
    };
    let file = artifact("analyze", 2);
    let to_put = FileToPut {
        size: file.size,
        sha256: file.sha256,
        media_type: file.media_type.clone(),
    };
    let files = FileList {
        artifacts: vec![FileEntry {
            name: file.name,
            size: file.size,
        }],
    };
    vec![
        specimen("agent-file", "agent-file", to_put),
        specimen("agent-transfer", "agent-transfer", transfer()),
        specimen("agent-files", "agent-files", files),
        specimen("agent-task", "agent-task", task()),
        specimen("agent-task-with-budget", "agent-task", task_with_budget()),
        specimen("agent-task-of-a-branch", "agent-task", task_of_a_branch()),
        specimen(
            "agent-task-answer",
            "agent-task-answer",
            InvocationAnswer { status },
        ),
        specimen("agent-completion-record", "agent-completion-record", record),
    ]
}

fn plan_file() -> PlanFile {
    let questions = [
        "What is Kyber?",
        "When do RSA certificates have to be replaced?",
    ];
    PlanFile {
        schema_version: SCHEMA_VERSION,
        workflow_id: workflow(),
        topic: "What is Kyber, and when do RSA certificates have to be replaced?".to_owned(),
        items: questions
            .map(|question| PlanItem {
                question: question.to_owned(),
            })
            .to_vec(),
    }
}

const LEAD: &str = "Three standards exist:";
const PASSAGE: &str = "ML-KEM is standardised in FIPS 203.";

pub fn evidence_file() -> EvidenceFile {
    EvidenceFile {
        schema_version: SCHEMA_VERSION,
        workflow_id: workflow(),
        topic: "post-quantum cryptography".to_owned(),
        depth: Depth::Quick,
        documents_read: 24,
        passages_ranked: 310,
        asked: vec![AskedWord {
            word: "cryptograhpy".to_owned(),
            stems: vec!["cryptographi".to_owned()],
            weight: 2.5,
            origin: Origin::MisspeltFor {
                word: "cryptography".to_owned(),
            },
            aside: false,
        }],
        evidence: vec![Evidence {
            id: "e1".to_owned(),
            source: "corpus:builtin/post-quantum-cryptography.md".to_owned(),
            title: "Post-quantum cryptography".to_owned(),
            headings: vec!["Standards".to_owned()],
            location: "Standards, paragraph 2".to_owned(),
            kind: PassageKind::Item,
            lead: Some(LEAD.to_owned()),
            passage: PASSAGE.to_owned(),
            score: 7.25,
        }],
        unreadable: vec![UnreadableSource {
            source: "s3://papers/crypto/scan.pdf".to_owned(),
            reason: "holds no text".to_owned(),
        }],
        documents_unread: 1,
        losses: vec![Loss {
            what: "menus are left out".to_owned(),
            source: "s3://docs/a.html".to_owned(),
            documents: 3,
        }],
    }
}

pub fn analysis_file() -> AnalysisFile {
    AnalysisFile {
        schema_version: SCHEMA_VERSION,
        workflow_id: workflow(),
        topic: "post-quantum cryptography".to_owned(),
        revision: 1,
        summary: "Standards exist; migration has begun.".to_owned(),
        findings: vec![Finding {
            id: "f1".to_owned(),
            heading: "Standards".to_owned(),
            claims: vec![Claim {
                text: PASSAGE.to_owned(),
                lead: Some(LEAD.to_owned()),
                evidence: "e1".to_owned(),
            }],
            stance: Stance::SingleSource,
            note: "one source says so".to_owned(),
        }],
        gaps: vec!["cost of migration".to_owned()],
        evidence_sha256: Some("ab".repeat(32)),
        revised: Some(Revised {
            request: asked(),
            done: vec!["Finding 2 was taken out.".to_owned()],
        }),
        left_out: vec!["Keys are small.".to_owned()],
    }
}

fn files() -> Vec<Specimen> {
    vec![
        specimen("artifact-plan", "artifact-plan", plan_file()),
        specimen("artifact-evidence", "artifact-evidence", evidence_file()),
        specimen("artifact-analysis", "artifact-analysis", analysis_file()),
    ]
}

fn asked() -> ChangeRequest {
    ChangeRequest {
        shows: "analyze".parse().unwrap(),
        revision: 0,
        comment: Some("say more on lattices".to_owned()),
        changes: changes(),
    }
}

pub fn changes() -> Changes {
    Changes {
        drop: vec![2],
        keep: Vec::new(),
        terms: vec!["lattices".to_owned()],
        search_again: true,
        shorter: true,
    }
}
