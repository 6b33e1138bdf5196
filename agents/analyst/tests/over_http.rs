//! The analyst as a server: from `evidence.json` to `analysis.json`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use aegis_agent_analyst::agent::Analyst;
use aegis_agent_kit::memory::MemoryStore;
use aegis_agent_kit::testing::{AgentProcess, FakePlatform, input, task};
use aegis_contracts::agent::{AgentTask, Gap, Input, InvocationStatus};
use aegis_contracts::callback::{AgentError, AgentReport};
use aegis_contracts::changes::{ChangeRequest, Changes};
use aegis_contracts::findings::Depth;
use aegis_contracts::findings::{
    AnalysisFile, Evidence, EvidenceFile, PassageKind, PlanFile, PlanItem, Stance,
};

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
        workflow_id: task("analyze", TOPIC, "").workflow_id,
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
        documents_unread: 0,
        losses: Vec::new(),
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
        let mut task = task("analyze", TOPIC, platform.url());
        task.inputs = vec![input("research", "evidence.json", KEY, &bytes)];
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
    assert_eq!(analysis.revised, None);
}

/// Two findings that answer.
fn two_answers() -> EvidenceFile {
    let mut file = file();
    file.evidence[2].passage =
        "Pumped hydro is grid storage whose costs are about 200 euros per kilowatt. \
        Grid storage costs of salt caverns are lower than those."
            .to_owned();
    file.evidence.push(evidence(
        5,
        "Law",
        "Tenders",
        "Grid storage costs are a part of each tender since 2024. Who bids names the grid storage costs for each year.",
    ));
    file.depth = Depth::Standard;
    file
}

/// The revision behind `former`, in which the latest request asks for `changes`.
async fn revised(former: &AnalysisFile, comment: Option<&str>, changes: Changes) -> AnalysisFile {
    asked_about("analyze", former, comment, changes).await
}

/// `shows`: the step whose artifact people looked at.
async fn asked_about(
    shows: &str,
    former: &AnalysisFile,
    comment: Option<&str>,
    changes: Changes,
) -> AnalysisFile {
    let mut scene = Scene::new(&two_answers()).await;
    let key = "workflows/x/analyst/1/analysis.json";
    let bytes = serde_json::to_vec(former).unwrap();
    scene
        .task
        .inputs
        .push(input("analyze", "analysis.json", key, &bytes));
    scene.store.arrange(key, bytes);
    scene.task.revision = former.revision + 1;
    scene.task.feedback = vec![ChangeRequest {
        shows: shows.parse().unwrap(),
        revision: former.revision,
        comment: comment.map(str::to_owned),
        changes,
    }];
    scene.analysis().await
}

fn done(analysis: &AnalysisFile) -> &[String] {
    &analysis.revised.as_ref().unwrap().done
}

#[tokio::test]
async fn what_was_taken_out_goes_and_nothing_else_does() {
    let first = Scene::new(&two_answers()).await.analysis().await;
    let gone = said(&first)[..first.findings[0].claims.len()].to_vec();
    let rest: BTreeSet<&str> = said(&first)[gone.len()..].iter().copied().collect();
    assert!(!rest.is_empty(), "{first:#?}");
    let drop = Changes {
        drop: vec![1, 9],
        ..Changes::default()
    };
    let second = revised(&first, None, drop).await;
    assert_eq!(said(&second).into_iter().collect::<BTreeSet<_>>(), rest);
    assert_eq!(
        done(&second),
        ["Finding 1 was taken out.", "Revision 0 has no finding 9."]
    );
    // It stays out, also where the sources are searched again and everything that answers may be said.
    let again = Changes {
        search_again: true,
        ..Changes::default()
    };
    let third = revised(&second, None, again).await;
    assert_eq!(third.revision, 2);
    assert!(
        !said(&third).iter().any(|text| gone.contains(text)),
        "{third:#?}"
    );
    let everything = Changes {
        drop: (1..=20).collect(),
        ..Changes::default()
    };
    let nothing = revised(&first, None, everything).await;
    assert_eq!(said(&nothing), [""; 0]);
    assert_eq!(done(&nothing).last().unwrap(), "Nothing is left to report.");
    // What people took out is not missing from the documents.
    assert_eq!(
        nothing.summary,
        "No claim is left: people took all of them out."
    );
    assert!(nothing.gaps.is_empty(), "{:?}", nothing.gaps);
}

#[tokio::test]
async fn numbers_of_another_steps_findings_take_nothing_out() {
    let first = Scene::new(&two_answers()).await.analysis().await;
    let drop = Changes {
        drop: vec![1],
        ..Changes::default()
    };
    let second = asked_about("criticise", &first, None, drop).await;
    assert_eq!(said(&second), said(&first));
}

#[tokio::test]
async fn one_finding_can_be_all_that_is_kept() {
    let first = Scene::new(&two_answers()).await.analysis().await;
    let keep = Changes {
        keep: vec![2],
        ..Changes::default()
    };
    let kept = revised(&first, None, keep).await;
    let texts: Vec<&str> = first.findings[1]
        .claims
        .iter()
        .map(|claim| claim.text.as_str())
        .collect();
    assert_eq!(said(&kept), texts);
    assert_eq!(done(&kept), ["Finding 2 alone was kept."]);
}

#[tokio::test]
async fn a_term_adds_what_names_it_or_is_said_to_be_unknown() {
    let first = Scene::new(&two_answers()).await.analysis().await;
    let crews = |analysis: &AnalysisFile| said(analysis).iter().any(|text| text.contains("crews"));
    assert!(!crews(&first), "{first:#?}");
    let terms = Changes {
        terms: vec!["fires".to_owned(), "recycling".to_owned()],
        ..Changes::default()
    };
    let second = revised(&first, None, terms).await;
    assert!(crews(&second), "{second:#?}");
    let before: BTreeSet<&str> = said(&first).into_iter().collect();
    assert!(
        said(&second)
            .into_iter()
            .collect::<BTreeSet<_>>()
            .is_superset(&before)
    );
    assert_eq!(
        done(&second),
        [
            "“fires” is named in 1 passage, and now in 1 claim.",
            "No passage of the evidence names “recycling”; another search may find one.",
        ]
    );
    // What an approver asked is told to approvers; the report's readers asked something else.
    assert_eq!(second.gaps, first.gaps);
    // What was asked for once is not asked for again with the next request.
    let third = revised(&second, Some("Thanks"), Changes::default()).await;
    assert_eq!(said(&third), said(&second));
    // Another search adds to what is there, too.
    let again = Changes {
        terms: vec!["fires".to_owned()],
        search_again: true,
        ..Changes::default()
    };
    let again = revised(&first, None, again).await;
    assert!(crews(&again));
    assert!(
        said(&again)
            .into_iter()
            .collect::<BTreeSet<_>>()
            .is_superset(&before)
    );
}

#[tokio::test]
async fn a_shorter_one_has_half_as_many_claims_and_a_comment_changes_none() {
    let first = Scene::new(&two_answers()).await.analysis().await;
    let shorter = Changes {
        shorter: true,
        ..Changes::default()
    };
    let short = revised(&first, None, shorter).await;
    assert_eq!(said(&short).len(), said(&first).len().div_ceil(2));
    let same = revised(&first, Some("Leave out the fires!"), Changes::default()).await;
    assert_eq!(same.findings, first.findings);
    assert!(done(&same)[0].starts_with("The comment is kept, and changed nothing"));
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

const QUESTIONS: [&str; 4] = [
    "grid storage costs: Prices",
    "grid storage costs: Pumped hydro",
    "grid storage costs: Law",
    "Fires of lithium batteries",
];

/// Of the branches of `QUESTIONS` but the third, which failed. They share their first passage.
fn found() -> [(u32, EvidenceFile); 3] {
    let of = |branch: u32, passages: &[usize]| {
        let all = file().evidence;
        let passages = passages.iter().map(|at| all[*at].clone());
        let numbered = (1..).zip(passages).map(|(number, passage)| Evidence {
            id: format!("e{number}"),
            ..passage
        });
        let topic = QUESTIONS[branch as usize - 1].to_owned();
        let evidence = numbered.collect();
        (
            branch,
            EvidenceFile {
                topic,
                evidence,
                ..file()
            },
        )
    };
    [of(1, &[0, 1]), of(2, &[0, 2]), of(4, &[0, 3])]
}

/// The step behind branches, which reads the plan too if there is one.
async fn gathering(branches: &[(u32, EvidenceFile)], plan: Option<&PlanFile>) -> Scene {
    let mut scene = Scene::new(&file()).await;
    scene.task.inputs.clear();
    let mut add = |step: &str, name: &str, branch: Option<u32>, bytes: Vec<u8>| {
        let key = format!("workflows/x/{step}/{}/1/{name}", branch.unwrap_or(0));
        scene.task.inputs.push(Input {
            branch,
            ..input(step, name, &key, &bytes)
        });
        scene.store.arrange(&key, bytes);
    };
    if let Some(plan) = plan {
        add("plan", "plan.json", None, serde_json::to_vec(plan).unwrap());
    }
    for (branch, file) in branches {
        let bytes = serde_json::to_vec(file).unwrap();
        add("research", "evidence.json", Some(*branch), bytes);
    }
    scene.task.gaps = vec![Gap {
        step: "research".parse().unwrap(),
        branch: 3,
        code: "no_evidence".to_owned(),
    }];
    scene
}

fn plan() -> PlanFile {
    let questions = QUESTIONS.map(|question| PlanItem {
        question: question.to_owned(),
    });
    PlanFile {
        schema_version: 1,
        workflow_id: file().workflow_id,
        topic: TOPIC.to_owned(),
        items: questions.to_vec(),
    }
}

/// The analysis, and the evidence that was written with it.
async fn gathered(scene: &Scene) -> (AnalysisFile, EvidenceFile) {
    let AgentReport::Succeeded { artifacts, .. } = scene.conclude().await else {
        panic!("no success");
    };
    let names: Vec<&str> = artifacts.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["analysis.json", "evidence.json"]);
    let read = |at: usize| scene.store.peek(&artifacts[at].key).unwrap();
    let analysis: AnalysisFile = serde_json::from_slice(&read(0)).unwrap();
    assert_eq!(
        analysis.evidence_sha256.as_ref(),
        Some(&artifacts[1].sha256)
    );
    (analysis, serde_json::from_slice(&read(1)).unwrap())
}

#[tokio::test]
async fn what_branches_found_is_written_as_one_file_that_the_claims_cite() {
    let scene = gathering(&found(), Some(&plan())).await;
    let (analysis, evidence) = gathered(&scene).await;
    assert_eq!((&*analysis.topic, &*evidence.topic), (TOPIC, TOPIC));
    let expected = file().evidence;
    assert_eq!(evidence.evidence, expected, "each passage once, by branch");
    for claim in analysis.findings.iter().flat_map(|finding| &finding.claims) {
        let mut cited = evidence.evidence.iter();
        let cited = cited.find(|passage| passage.id == claim.evidence).unwrap();
        assert!(cited.passage.contains(&claim.text), "{claim:?}");
    }
    let said = said(&analysis);
    for best in ["139 dollars", "Pumped hydro", "Fires"] {
        assert!(
            said.iter().any(|text| text.contains(best)),
            "{best}: {said:#?}"
        );
    }
    let gap = "not researched: grid storage costs: Law (no_evidence)";
    assert_eq!(analysis.gaps.last().unwrap(), gap);
    while scene.process.invoke(&scene.task).await == InvocationStatus::AlreadyRunning {}
    let reports = scene.platform.conclusion(2).await;
    assert_eq!(reports[0], reports[1]);
}

/// One branch is left of several, and nobody says what the others were asked.
#[tokio::test]
async fn a_single_branch_is_gathered_too() {
    let scene = gathering(&found()[..1], None).await;
    let (analysis, evidence) = gathered(&scene).await;
    assert_eq!(evidence.topic, TOPIC);
    assert_eq!(evidence.evidence, found()[0].1.evidence);
    let gap = "not researched: question 3 (no_evidence)";
    assert_eq!(analysis.gaps.last().unwrap(), gap);
}

#[tokio::test]
async fn a_revision_of_what_branches_found_keeps_what_nobody_asked_to_change() {
    let first = gathered(&gathering(&found(), Some(&plan())).await).await.0;
    let key = "workflows/x/analyze/1/analysis.json";
    let bytes = serde_json::to_vec(&first).unwrap();
    let again = |changes: Changes| {
        let (first, bytes) = (&first, bytes.clone());
        async move {
            let mut scene = gathering(&found(), Some(&plan())).await;
            let own = input("analyze", "analysis.json", key, &bytes);
            scene.task.inputs.push(own);
            scene.store.arrange(key, bytes);
            scene.task.revision = 1;
            scene.task.feedback = vec![ChangeRequest {
                shows: "analyze".parse().unwrap(),
                revision: first.revision,
                comment: Some("see above".to_owned()),
                changes,
            }];
            gathered(&scene).await.0
        }
    };
    let texts = |analysis: &AnalysisFile| -> BTreeSet<String> {
        said(analysis).into_iter().map(str::to_owned).collect()
    };
    let same = again(Changes::default()).await;
    assert_eq!(texts(&same), texts(&first));
    let searched = Changes {
        search_again: true,
        ..Changes::default()
    };
    assert!(texts(&again(searched).await).is_superset(&texts(&first)));
    let dropped = Changes {
        drop: vec![1],
        ..Changes::default()
    };
    let gone = first.findings[0]
        .claims
        .iter()
        .map(|claim| claim.text.clone());
    let rest = &texts(&first) - &gone.collect();
    assert_eq!(texts(&again(dropped).await), rest);
    let shorter = Changes {
        shorter: true,
        ..Changes::default()
    };
    let half = texts(&first).len().div_ceil(2);
    assert_eq!(texts(&again(shorter).await).len(), half);
}
