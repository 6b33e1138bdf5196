//! What several branches found, as one file.

use std::collections::BTreeSet;

use aegis_agent_analyst::analysis::analyse_branches;
use aegis_agent_analyst::branches::merged;
use aegis_contracts::changes::{ChangeRequest, Changes};
use aegis_contracts::findings::{
    AnalysisFile, AskedWord, Depth, Evidence, EvidenceFile, Loss, Origin, PassageKind,
    UnreadableSource,
};
use aegis_contracts::ids::WorkflowId;

const TOPIC: &str = "storage";

fn passage(source: &str, text: &str) -> Evidence {
    Evidence {
        id: "e1".to_owned(),
        source: source.to_owned(),
        title: source.to_owned(),
        headings: Vec::new(),
        location: "paragraph 1".to_owned(),
        kind: PassageKind::Paragraph,
        lead: None,
        passage: text.to_owned(),
        score: 1.0,
    }
}

fn found(question: &str, evidence: Vec<Evidence>) -> EvidenceFile {
    EvidenceFile {
        schema_version: 1,
        workflow_id: WorkflowId::derive("test", TOPIC),
        topic: question.to_owned(),
        depth: Depth::Quick,
        documents_read: 3,
        passages_ranked: 30,
        asked: Vec::new(),
        evidence: (1..)
            .zip(evidence)
            .map(|(number, passage)| Evidence {
                id: format!("e{number}"),
                ..passage
            })
            .collect(),
        unreadable: Vec::new(),
        documents_unread: 0,
        losses: Vec::new(),
    }
}

#[test]
fn passages_are_numbered_by_branch_and_rank_and_each_stands_once() {
    let item = |lead: &str| Evidence {
        lead: Some(lead.to_owned()),
        ..passage("c", "Three.")
    };
    let branches = [
        found("one", vec![passage("a", "One."), passage("b", "Two.")]),
        found(
            "two",
            vec![passage("b", "Two."), item("Costs:"), passage("c", "One.")],
        ),
        found(
            "three",
            vec![item("Gains:"), passage("a", "One."), item("Costs:")],
        ),
    ];
    let file = merged(TOPIC, &branches).unwrap();
    let seen = |e: &Evidence| {
        (
            e.id.clone(),
            e.source.clone(),
            e.passage.clone(),
            e.lead.clone(),
        )
    };
    let expected = [
        ("e1", "a", "One.", None),
        ("e2", "b", "Two.", None),
        ("e3", "c", "Three.", Some("Costs:")),
        ("e4", "c", "One.", None),
        // What introduces it is a part of what a claim cites.
        ("e5", "c", "Three.", Some("Gains:")),
    ];
    let expected = expected.map(|(id, source, text, lead)| {
        let lead = lead.map(str::to_owned);
        (id.to_owned(), source.to_owned(), text.to_owned(), lead)
    });
    assert_eq!(file.evidence.iter().map(seen).collect::<Vec<_>>(), expected);
    assert_eq!(file.topic, TOPIC);
    assert_eq!(merged(TOPIC, &[]), None);
}

#[test]
fn what_all_branches_met_is_told_once() {
    let unreadable = |source: &str| UnreadableSource {
        source: source.to_owned(),
        reason: "holds no text".to_owned(),
    };
    let loss = |what: &str, documents: u32| Loss {
        what: what.to_owned(),
        source: "a".to_owned(),
        documents,
    };
    let word = |word: &str| AskedWord {
        word: word.to_owned(),
        stems: vec![word.to_owned()],
        weight: 1.0,
        origin: Origin::AsWritten,
        aside: false,
    };
    let mut one = found("storage: prices", vec![passage("a", "One.")]);
    one.asked = vec![word("prices"), word("storage")];
    one.unreadable = vec![unreadable("x"), unreadable("y")];
    one.documents_unread = 2;
    one.losses = vec![loss("menus", 2), loss("notes", 1)];
    let mut two = found("storage: fires", vec![passage("b", "Two.")]);
    two.asked = vec![word("fires"), word("storage")];
    two.unreadable = vec![unreadable("y"), unreadable("z")];
    two.documents_unread = 2;
    two.losses = vec![loss("menus", 3)];
    (two.documents_read, two.passages_ranked) = (4, 20);
    let file = merged(TOPIC, &[one, two]).unwrap();
    assert_eq!((file.documents_read, file.passages_ranked), (4, 30));
    assert_eq!(file.asked, [word("storage")], "what the topic asks about");
    let sources: Vec<&str> = file.unreadable.iter().map(|file| &*file.source).collect();
    assert_eq!((sources, file.documents_unread), (vec!["x", "y", "z"], 3));
    assert_eq!(file.losses, [loss("menus", 3), loss("notes", 1)]);
}

/// What is said of five kinds of storage.
const THINGS: [(&str, &str); 5] = [
    (
        "Batteries",
        "Batteries for storage fall in price by a tenth with every year of production.",
    ),
    (
        "Reservoirs",
        "Reservoirs for storage need mountains, rivers and the consent of many villages.",
    ),
    (
        "Caverns",
        "Caverns for storage hold compressed air at some seventy times normal pressure.",
    ),
    (
        "Flywheels",
        "Flywheels for storage turn for minutes without any loss worth mentioning.",
    ),
    (
        "Hydrogen",
        "Hydrogen for storage burns again in turbines, which wastes over half of it.",
    ),
];

fn on((thing, text): (&str, &str)) -> EvidenceFile {
    let second =
        format!("Whoever buys {thing} for storage signs a contract with their makers first.");
    let third =
        format!("Insurance against fires and floods is dear where {thing} serve as storage.");
    let passages = [text, &second, &third].map(|text| passage(thing, text));
    found(&format!("storage: {thing}"), passages.to_vec())
}

fn said(analysis: &AnalysisFile) -> BTreeSet<&str> {
    let claims = analysis.findings.iter().flat_map(|finding| &finding.claims);
    claims.map(|claim| claim.text.as_str()).collect()
}

/// At depth `quick` there is room for one claim of each of five questions, whatever else could be said.
#[test]
fn the_best_claim_of_each_question_comes_before_the_second_of_any() {
    let branches = THINGS.map(on);
    let file = merged(TOPIC, &branches).unwrap();
    let analysis = analyse_branches(&file, &branches, 0, None);
    assert_eq!(said(&analysis), THINGS.map(|(_, text)| text).into());
}

#[test]
fn what_was_shown_stays_where_more_is_found() {
    let before = [on(THINGS[0])];
    let file = merged(TOPIC, &before).unwrap();
    let former = analyse_branches(&file, &before, 0, None);
    assert!(said(&former).len() > 1, "{former:#?}");
    let request = ChangeRequest {
        shows: "analyze".parse().unwrap(),
        revision: 0,
        comment: None,
        changes: Changes {
            search_again: true,
            ..Changes::default()
        },
    };
    let branches = THINGS.map(on);
    let file = merged(TOPIC, &branches).unwrap();
    let analysis = analyse_branches(&file, &branches, 1, Some((&request, &former)));
    assert!(said(&analysis).is_superset(&said(&former)), "{analysis:#?}");
    assert_eq!(said(&analysis).len(), 5);
}

/// One claim seldom answers several questions, so each is told of by itself.
#[test]
fn it_is_told_which_question_no_claim_answers() {
    let topic = "Who built the caverns, and who walked on the moon?";
    let branches = [
        (
            "Who built the caverns",
            "Miners from Wales built the caverns by hand.",
        ),
        (
            "who walked on the moon",
            "Whoever walked there came back by the evening train.",
        ),
    ];
    let branches = branches.map(|(question, text)| found(question, vec![passage("Stories", text)]));
    let file = merged(topic, &branches).unwrap();
    let analysis = analyse_branches(&file, &branches, 0, None);
    assert_eq!(
        analysis.gaps,
        [
            "No passage names “moon”, which the topic asks about.",
            "No claim names the greater part of “who walked on the moon”: the documents may not answer it.",
        ]
    );
    let summary = analysis.summary;
    assert!(
        !summary.contains("No claim") && !summary.contains("No single"),
        "{summary}"
    );
}
