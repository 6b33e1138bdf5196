//! The analyst as a server: from `evidence.json` to `analysis.json`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use aegis_agent_analyst::agent::Analyst;
use aegis_agent_kit::memory::MemoryStore;
use aegis_agent_kit::testing::{AgentProcess, FakePlatform, input, task};
use aegis_contracts::agent::{AgentTask, InvocationStatus, Role};
use aegis_contracts::callback::{AgentError, AgentReport};
use aegis_contracts::findings::{AnalysisFile, Evidence, EvidenceFile, PassageKind, Stance};
use aegis_contracts::request::Depth;

const TOPIC: &str = "grid storage costs";
const KEY: &str = "workflows/x/researcher/1/evidence.json";

fn evidence(number: usize, source: &str, location: &str, passage: &str) -> Evidence {
    Evidence {
        id: format!("e{number}"),
        source: format!("corpus:builtin/{source}.md"),
        title: source.to_owned(),
        headings: vec![location.to_owned()],
        location: format!("{location}, paragraph 1"),
        kind: PassageKind::Paragraph,
        lead: None,
        passage: passage.to_owned(),
        score: 1.0,
    }
}

fn file() -> EvidenceFile {
    EvidenceFile {
        schema_version: 1,
        workflow_id: task(Role::Analyst, TOPIC, "").workflow_id,
        topic: TOPIC.to_owned(),
        depth: Depth::Quick,
        documents_read: 3,
        passages_ranked: 30,
        asked: Vec::new(),
        evidence: vec![
            evidence(
                1,
                "Batteries",
                "Prices",
                "Lithium battery packs for grid storage cost about 139 dollars per kilowatt hour. This is less than before.",
            ),
            evidence(
                2,
                "Markets",
                "Prices",
                "Lithium battery packs for grid storage cost about 155 dollars per kilowatt hour.",
            ),
            evidence(
                3,
                "Reservoirs",
                "Pumped hydro",
                "Pumped hydro storage lasts for more than fifty years of operation. Its grid storage costs depend on the site.",
            ),
            evidence(
                4,
                "Safety",
                "Fires",
                "Fires of lithium batteries need large amounts of water and special training of crews.",
            ),
        ],
        unreadable: Vec::new(),
    }
}

struct Scene {
    platform: FakePlatform,
    store: Arc<MemoryStore>,
    process: AgentProcess,
    task: AgentTask,
}

impl Scene {
    async fn new(file: &EvidenceFile) -> Self {
        let platform = FakePlatform::start().await;
        let store = Arc::new(MemoryStore::new());
        let bytes = serde_json::to_vec(file).unwrap();
        let mut task = task(Role::Analyst, TOPIC, platform.url());
        task.inputs = vec![input("evidence.json", KEY, &bytes)];
        store.arrange(KEY, bytes);
        Self {
            process: AgentProcess::start(Analyst, store.clone()),
            platform,
            store,
            task,
        }
    }

    async fn conclude(&self) -> AgentReport {
        let status = self.process.invoke(&self.task).await;
        assert_eq!(status, InvocationStatus::Accepted);
        self.platform.conclusion(1).await.remove(0)
    }

    async fn analysis(&self) -> AnalysisFile {
        let report = self.conclude().await;
        let AgentReport::Succeeded { artifacts, .. } = report else {
            panic!("{report:?}");
        };
        serde_json::from_slice(&self.store.peek(&artifacts[0].key).unwrap()).unwrap()
    }

    async fn failure(&self) -> AgentError {
        match self.conclude().await {
            AgentReport::Failed { error, .. } => error,
            other => panic!("{other:?}"),
        }
    }
}

fn said(analysis: &AnalysisFile) -> Vec<&str> {
    let claims = analysis.findings.iter().flat_map(|finding| &finding.claims);
    claims.map(|claim| claim.text.as_str()).collect()
}

#[tokio::test]
async fn claims_are_sentences_of_the_evidence_and_differences_are_seen() {
    let file = file();
    let analysis = Scene::new(&file).await.analysis().await;
    for claim in analysis.findings.iter().flat_map(|finding| &finding.claims) {
        let cited = file
            .evidence
            .iter()
            .find(|e| e.id == claim.evidence)
            .unwrap();
        assert!(cited.passage.contains(&claim.text), "{claim:?}");
    }
    let differing = analysis
        .findings
        .iter()
        .find(|f| f.stance == Stance::Disagreement);
    let note = &differing.expect("139 and 155 dollars").note;
    assert!(
        note.contains("139 dollars") && note.contains("155 dollars"),
        "{note}"
    );
    assert_eq!(analysis.feedback, None);
}

#[tokio::test]
async fn feedback_changes_the_analysis_or_says_why_not() {
    let before = Scene::new(&file()).await.analysis().await;
    assert!(
        !said(&before).iter().any(|text| text.contains("crews")),
        "{before:#?}"
    );
    let mut scene = Scene::new(&file()).await;
    scene.task.revision = 1;
    scene.task.feedback = Some("Please say more on fires, and on recycling.".to_owned());
    let after = scene.analysis().await;
    assert!(
        said(&after).iter().any(|text| text.contains("crews")),
        "{after:#?}"
    );
    let effect = after.feedback.unwrap().effect;
    assert!(
        effect.contains("“fires” is mentioned in 1 passage "),
        "{effect}"
    );
    assert!(
        effect.contains("No evidence was found for “recycling”"),
        "{effect}"
    );
    // What an approver asked is told to approvers; the report's readers asked something else.
    assert_eq!(after.gaps, before.gaps);
    assert_eq!(after.revision, 1);
}

#[tokio::test]
async fn invoked_again_it_reports_the_same() {
    let scene = Scene::new(&file()).await;
    let first = scene.conclude().await;
    while scene.process.invoke(&scene.task).await == InvocationStatus::AlreadyRunning {}
    assert_eq!(scene.platform.conclusion(2).await[1], first);
}

#[tokio::test]
async fn evidence_that_was_changed_is_refused() {
    let scene = Scene::new(&file()).await;
    scene.store.arrange(KEY, "{}");
    let error = scene.failure().await;
    assert_eq!(
        (error.code.as_str(), error.retryable),
        ("input_corrupt", false)
    );
}
