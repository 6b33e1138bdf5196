//! The writer as a server: from evidence and analysis to `report.md`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use aegis_agent_kit::memory::MemoryStore;
use aegis_agent_kit::testing::{AgentProcess, FakePlatform, input, task};
use aegis_agent_writer::agent::Writer;
use aegis_contracts::agent::{AgentTask, InvocationStatus};
use aegis_contracts::callback::{AgentError, AgentReport};
use aegis_contracts::findings::Depth;
use aegis_contracts::findings::{
    AnalysisFile, Claim, Evidence, EvidenceFile, Finding, PassageKind, Stance,
};

const TOPIC: &str = "How does <b>recovery</b> work?";

fn evidence() -> EvidenceFile {
    let item = |number: usize, passage: &str| Evidence {
        id: format!("e{number}"),
        source: format!("s3://b/sources/{number}.md"),
        title: format!("Document {number}"),
        headings: vec!["Recovery".to_owned()],
        location: "Recovery, paragraph 1".to_owned(),
        kind: PassageKind::Paragraph,
        lead: Some("Costs:".to_owned()),
        passage: passage.to_owned(),
        score: 1.0,
    };
    EvidenceFile {
        schema_version: 1,
        workflow_id: task("write", TOPIC, "").workflow_id,
        topic: TOPIC.to_owned(),
        depth: Depth::Standard,
        documents_read: 2,
        passages_ranked: 9,
        asked: Vec::new(),
        evidence: vec![
            item(
                1,
                "# Logs are replayed. [Click](http://evil) <script>now</script>.",
            ),
            item(2, "Never cited, never listed."),
            item(
                3,
                "Checkpoints bound the time. They cost writes.\nThey are short.",
            ),
        ],
        unreadable: Vec::new(),
        documents_unread: 0,
        losses: Vec::new(),
    }
}

/// The last claim stands below what introduces it.
fn analysis() -> AnalysisFile {
    let finding = |number: usize, claims: &[(&str, &str)], stance: Stance| Finding {
        id: format!("f{number}"),
        heading: format!("Heading {number}"),
        claims: claims
            .iter()
            .map(|(text, evidence)| Claim {
                text: (*text).to_owned(),
                lead: None,
                evidence: (*evidence).to_owned(),
            })
            .collect(),
        stance,
        note: format!("Note {number}."),
    };
    let mut file = AnalysisFile {
        schema_version: 1,
        workflow_id: task("write", TOPIC, "").workflow_id,
        topic: TOPIC.to_owned(),
        revision: 0,
        summary: "s".to_owned(),
        findings: vec![
            finding(
                1,
                &[
                    ("Checkpoints bound the time.", "e3"),
                    ("# Logs are replayed.", "e1"),
                ],
                Stance::Disagreement,
            ),
            finding(
                2,
                &[("They cost writes.", "e3"), ("They are short.", "e3")],
                Stance::SingleSource,
            ),
        ],
        gaps: vec!["No passage mentions “backups”, which the topic asks about.".to_owned()],
        evidence_sha256: None,
        revised: None,
        left_out: Vec::new(),
    };
    file.findings[1].claims[1].lead = Some("Costs:".to_owned());
    file
}

struct Scene {
    platform: FakePlatform,
    store: Arc<MemoryStore>,
    process: AgentProcess,
    task: AgentTask,
}

impl Scene {
    async fn new(evidence: &EvidenceFile, analysis: &AnalysisFile) -> Self {
        let platform = FakePlatform::start().await;
        let store = Arc::new(MemoryStore::new());
        let mut task = task("write", TOPIC, platform.url());
        task.parameters
            .insert("sources".to_owned(), serde_json::json!(["s3://b/sources/"]));
        let inputs = [
            ("evidence.json", serde_json::to_vec(evidence).unwrap()),
            ("analysis.json", serde_json::to_vec(analysis).unwrap()),
        ];
        for (name, bytes) in inputs {
            let key = format!("workflows/x/{name}");
            let step = if name == "evidence.json" {
                "research"
            } else {
                "analyze"
            };
            task.inputs.push(input(step, name, &key, &bytes));
            store.arrange(&key, bytes);
        }
        Self {
            process: AgentProcess::start(Writer, store.clone()),
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

    async fn report(&self) -> String {
        let report = self.conclude().await;
        let AgentReport::Succeeded { artifacts, .. } = report else {
            panic!("{report:?}");
        };
        assert_eq!(artifacts[0].media_type, "text/markdown; charset=utf-8");
        String::from_utf8(self.store.peek(&artifacts[0].key).unwrap()).unwrap()
    }

    async fn failure(&self) -> AgentError {
        match self.conclude().await {
            AgentReport::Failed { error, .. } => error,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn every_claim_cites_a_listed_passage_and_sources_stay_text() {
    let report = Scene::new(&evidence(), &analysis()).await.report().await;
    for expected in [
        "# How does \\<b\\>recovery\\</b\\> work?\n",
        "- Checkpoints bound the time. [1]\n",
        "- \\# Logs are replayed. [2]\n",
        "- They cost writes. [1]\n",
        "**[1]** `3.md`: Document 3, Recovery, paragraph 1\n",
        "- Costs:\n  - They are short. [1]\n",
        "> Costs:\n>\n> Checkpoints bound the time. They cost writes.\n>\n> They are short.\n",
        "> Costs:\n>\n> \\# Logs are replayed. \\[Click\\](http://evil) \\<script\\>now\\</script\\>.\n",
        "“backups”",
        "No language model was used",
    ] {
        assert!(report.contains(expected), "{expected}\n---\n{report}");
    }
    assert!(
        !report.contains("[3]") && !report.contains("Never cited"),
        "{report}"
    );
}

#[tokio::test]
async fn a_claim_that_its_passage_does_not_hold_is_refused() {
    let cases: [fn(&mut AnalysisFile); 5] = [
        // Two paragraphs are no text of the source.
        |analysis| {
            analysis.findings[0].claims[0].text = "They cost writes.\nThey are short.".to_owned()
        },
        |analysis| {
            analysis.findings[0].claims[0].lead = Some("Checkpoints bound the time.".to_owned())
        },
        |analysis| analysis.findings[0].claims[0].text.push_str(" Always."),
        |analysis| analysis.findings[0].claims[0].evidence = "e9".to_owned(),
        |analysis| analysis.findings.clear(),
    ];
    for change in cases {
        let mut analysis = analysis();
        change(&mut analysis);
        let error = Scene::new(&evidence(), &analysis).await.failure().await;
        assert_eq!(
            (error.code.as_str(), error.retryable),
            ("citation_invalid", false)
        );
    }
}

#[tokio::test]
async fn where_approvers_took_everything_out_the_report_says_so() {
    let mut analysis = analysis();
    let claims = std::mem::take(&mut analysis.findings).remove(0).claims;
    analysis.left_out = claims.into_iter().map(|claim| claim.text).collect();
    let report = Scene::new(&evidence(), &analysis).await.report().await;
    assert!(
        report.contains("took all findings out: nothing is reported"),
        "{report}"
    );
}

#[tokio::test]
async fn invoked_again_it_reports_the_same() {
    let scene = Scene::new(&evidence(), &analysis()).await;
    let first = scene.conclude().await;
    while scene.process.invoke(&scene.task).await == InvocationStatus::AlreadyRunning {}
    assert_eq!(scene.platform.conclusion(2).await[1], first);
}

/// Passages are numbered anew in each file, so a claim is looked up in the one that it was made from.
#[tokio::test]
async fn claims_are_cited_from_the_evidence_that_they_were_made_from() {
    let mut analysis = analysis();
    let bytes = serde_json::to_vec(&evidence()).unwrap();
    analysis.evidence_sha256 = Some(input("research", "evidence.json", "k", &bytes).sha256);
    let mut scene = Scene::new(&evidence(), &analysis).await;
    let expected = scene.report().await;
    let mut nearer = evidence();
    for passage in &mut nearer.evidence {
        passage.passage = "Something else.".to_owned();
    }
    let bytes = serde_json::to_vec(&nearer).unwrap();
    scene = Scene::new(&evidence(), &analysis).await;
    let key = "workflows/x/more.json";
    scene
        .task
        .inputs
        .push(input("search", "more.json", key, &bytes));
    scene.store.arrange(key, bytes);
    assert_eq!(scene.report().await, expected);
}

/// As an analyst does that put together what several branches found.
#[tokio::test]
async fn the_evidence_may_be_of_the_step_that_analysed_it() {
    let mut analysis = analysis();
    let gathered = serde_json::to_vec(&evidence()).unwrap();
    let key = "workflows/x/analyze/1/evidence.json";
    let gathered_input = input("analyze", "evidence.json", key, &gathered);
    analysis.evidence_sha256 = Some(gathered_input.sha256.clone());
    let mut of_a_branch = evidence();
    of_a_branch.evidence.truncate(1);
    let mut scene = Scene::new(&of_a_branch, &analysis).await;
    scene.task.inputs.remove(0);
    scene.task.inputs.push(gathered_input);
    scene.store.arrange(key, gathered);
    let report = scene.report().await;
    assert!(
        report.contains("Checkpoints bound the time. [1]"),
        "{report}"
    );
}
