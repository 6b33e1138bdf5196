//! The researcher as a server: from an invocation to `evidence.json`. What every agent does alike is tested in the kit.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use aegis_agent_kit::memory::MemoryStore;
use aegis_agent_kit::testing::{AgentProcess, FakePlatform, input, task};
use aegis_agent_researcher::agent::Researcher;
use aegis_agent_researcher::sources::{RawFile, parse};
use aegis_agent_researcher::{corpus, document::Document};
use aegis_contracts::agent::{AgentTask, InvocationStatus};
use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::callback::{AgentError, AgentReport};
use aegis_contracts::findings::Depth;
use aegis_contracts::findings::{EvidenceFile, PlanFile, PlanItem};

const QUANTUM: &str = "Impact of quantum computing on cryptography";

struct Scene {
    platform: FakePlatform,
    store: Arc<MemoryStore>,
    process: AgentProcess,
    task: AgentTask,
}

impl Scene {
    async fn new(topic: &str) -> Self {
        let platform = FakePlatform::start().await;
        let store = Arc::new(MemoryStore::new());
        Self {
            process: AgentProcess::start(Researcher, store.clone()),
            task: task("research", topic, platform.url()),
            platform,
            store,
        }
    }

    async fn conclude(&self) -> AgentReport {
        let status = self.process.invoke(&self.task).await;
        assert_eq!(status, InvocationStatus::Accepted);
        self.platform.conclusion(1).await.remove(0)
    }

    async fn evidence(&self) -> EvidenceFile {
        let report = self.conclude().await;
        let AgentReport::Succeeded { artifacts, .. } = report else {
            panic!("{report:?}");
        };
        assert_eq!(artifacts[0].name, "evidence.json");
        serde_json::from_slice(&self.store.peek(&artifacts[0].key).unwrap()).unwrap()
    }

    /// As a branch of a step whose items another step planned.
    fn branch(&mut self, branch: u32, plan: &impl serde::Serialize) {
        let key = "workflows/x/plan/1/plan.json";
        let bytes = serde_json::to_vec(plan).unwrap();
        self.task
            .inputs
            .push(input("plan", "plan.json", key, &bytes));
        self.store.arrange(key, bytes);
        let task = &mut self.task;
        task.branch = Some(branch);
        task.output_prefix = attempt_prefix(&task.flow, &task.workflow_id, &task.of());
    }

    async fn failure(&self) -> AgentError {
        match self.conclude().await {
            AgentReport::Failed { error, .. } => error,
            other => panic!("{other:?}"),
        }
    }
}

/// Whether each line of a passage stands in one block of its source.
fn is_verbatim(document: &Document, passage: &str) -> bool {
    let stands = |line: &str| document.blocks.iter().any(|b| b.text.contains(line));
    passage.lines().all(stands)
}

#[tokio::test]
async fn passages_are_verbatim_diverse_and_as_many_as_the_depth_says() {
    let library = parse(corpus::articles());
    let mut amounts = Vec::new();
    for depth in [Depth::Quick, Depth::Standard, Depth::Comprehensive] {
        let mut scene = Scene::new(QUANTUM).await;
        scene
            .task
            .parameters
            .insert("depth".to_owned(), serde_json::json!(depth));
        let file = scene.evidence().await;
        for evidence in &file.evidence {
            let mut documents = library.documents.iter();
            let source = documents.find(|d| d.uri == evidence.source).unwrap();
            assert!(is_verbatim(source, &evidence.passage), "{evidence:?}");
        }
        let sources: BTreeSet<&String> = file.evidence.iter().map(|e| &e.source).collect();
        assert!(sources.len() >= 3, "{sources:?}");
        amounts.push(file.evidence.len());
    }
    assert_eq!(amounts[..2], [6, 12]);
    assert!(amounts[2] > 12);
}

#[tokio::test]
async fn invoked_again_it_reports_the_same() {
    let scene = Scene::new(QUANTUM).await;
    let first = scene.conclude().await;
    while scene.process.invoke(&scene.task).await == InvocationStatus::AlreadyRunning {}
    assert_eq!(scene.platform.conclusion(2).await[1], first);
}

#[tokio::test]
async fn off_the_topic_is_a_permanent_failure_that_explains_itself() {
    let scene = Scene::new("Traditional basket weaving in medieval Portugal").await;
    let error = scene.failure().await;
    assert_eq!(
        (error.code.as_str(), error.retryable),
        ("no_evidence", false)
    );
    for word in ["basket weaving", "documents", "passages"] {
        assert!(error.message.contains(word), "{}", error.message);
    }
}

#[tokio::test]
async fn a_folder_with_one_short_note_is_enough() {
    let mut scene = Scene::new("What is the budget of the garden party?").await;
    let note = "Garden party\n\nThe budget is 400 euros, of which 250 are for food.\n";
    scene.store.arrange("sources/mine/note.txt", note);
    scene.store.arrange("sources/mine/photo.png", "not text");
    scene
        .store
        .arrange("sources/mine-too/other.txt", "The budget of another party.");
    scene.task.parameters.insert(
        "sources".to_owned(),
        serde_json::json!(["s3://artifacts/sources/mine"]),
    );
    let file = scene.evidence().await;
    assert_eq!(file.documents_read, 1);
    assert!(file.evidence[0].passage.contains("The budget is 400 euros"));
    assert_eq!(
        file.evidence[0].source,
        "s3://artifacts/sources/mine/note.txt"
    );
    assert_eq!(
        file.unreadable[0].source,
        "s3://artifacts/sources/mine/photo.png"
    );
}

#[tokio::test]
async fn sources_that_are_not_there_are_named() {
    let mut scene = Scene::new(QUANTUM).await;
    scene.task.parameters.insert(
        "sources".to_owned(),
        serde_json::json!(["s3://artifacts/sources/nothing/"]),
    );
    let error = scene.failure().await;
    assert_eq!(error.code, "source_empty");
    assert!(error.message.contains("s3://artifacts/sources/nothing/"));
}

const TWO: &str =
    "When do RSA certificates have to be replaced, and what do heat pumps cost in cold climates?";

fn two_questions() -> PlanFile {
    let questions = [
        "When do RSA certificates have to be replaced",
        "what do heat pumps cost in cold climates",
    ];
    let questions = questions.map(|question| PlanItem {
        question: question.to_owned(),
    });
    PlanFile {
        schema_version: 1,
        workflow_id: task("research", TWO, "").workflow_id,
        topic: TWO.to_owned(),
        items: questions.to_vec(),
    }
}

#[tokio::test]
async fn where_items_are_wanted_it_plans_and_says_how_many() {
    let mut scene = Scene::new(TWO).await;
    scene.task.max_items = Some(4);
    scene.task.writes = "plan.json".to_owned();
    let AgentReport::Succeeded {
        artifacts, items, ..
    } = scene.conclude().await
    else {
        panic!("no success");
    };
    assert_eq!(artifacts[0].name, "plan.json");
    let plan = scene.store.peek(&artifacts[0].key).unwrap();
    let plan: PlanFile = serde_json::from_slice(&plan).unwrap();
    assert_eq!(items, Some(4));
    assert_eq!(plan.items.len(), 4);
    let expected = two_questions();
    let questions = |plan: &PlanFile| plan.items[..2].to_vec();
    assert_eq!(
        (&plan.topic, questions(&plan)),
        (&expected.topic, questions(&expected))
    );
}

#[tokio::test]
async fn nothing_is_planned_for_what_no_document_is_about() {
    let mut scene = Scene::new("Basket weaving in medieval Portugal").await;
    scene.task.max_items = Some(4);
    assert_eq!(scene.failure().await.code, "no_evidence");
}

#[tokio::test]
async fn a_branch_researches_its_question_in_place_of_the_topic() {
    let mut scene = Scene::new(TWO).await;
    scene.branch(2, &two_questions());
    let file = scene.evidence().await;
    assert_eq!(file.topic, two_questions().items[1].question);
    assert!(file.evidence[0].source.contains("heat-pumps"), "{file:#?}");
    assert!(!file.asked.iter().any(|asked| asked.word == "RSA"));
}

#[tokio::test]
async fn a_branch_without_a_question_fails_for_good() {
    let plan = serde_json::to_value(two_questions()).unwrap();
    let mut strange = plan.clone();
    strange["items"] = serde_json::json!(["When?", "Where?"]);
    let nothing = serde_json::json!({});
    for (branch, plan, code) in [
        (3, &plan, "input_invalid"),
        (1, &strange, "input_invalid"),
        (1, &nothing, "input_missing"),
    ] {
        let mut scene = Scene::new(TWO).await;
        scene.branch(branch, plan);
        let error = scene.failure().await;
        assert_eq!((error.code.as_str(), error.retryable), (code, false));
        assert!(!error.message.is_empty(), "{branch}");
    }
}

#[test]
fn the_same_folder_gives_the_same_library() {
    let file = |name: &str| RawFile {
        uri: format!("s3://b/{name}"),
        bytes: format!("Text of {name}.").into_bytes(),
    };
    let files: Vec<RawFile> = (0..25).map(|n| file(&format!("{n:02}.txt"))).collect();
    let titles: Vec<String> = parse(files)
        .documents
        .into_iter()
        .map(|d| d.title)
        .collect();
    let expected: Vec<String> = (0..25).map(|n| format!("{n:02}")).collect();
    assert_eq!(titles, expected);
}
