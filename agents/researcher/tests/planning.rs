//! Which questions are made of a topic.

use aegis_agent_researcher::corpus;
use aegis_agent_researcher::document::Document;
use aegis_agent_researcher::index::Index;
use aegis_agent_researcher::plan::plan;
use aegis_agent_researcher::research::research;
use aegis_agent_researcher::sources::{RawFile, parse};
use aegis_contracts::findings::Depth;
use aegis_contracts::request::MAX_TOPIC;

const MOST: usize = 16;

fn documents(texts: &[&str]) -> Vec<Document> {
    let file = |(number, text): (usize, &&str)| RawFile {
        uri: format!("s3://b/{number}.md"),
        bytes: text.as_bytes().to_vec(),
    };
    parse(texts.iter().enumerate().map(file).collect()).documents
}

fn planned(topic: &str, most: usize, texts: &[&str]) -> Result<Vec<String>, String> {
    let documents = documents(texts);
    let index = Index::build(&documents);
    plan(topic, Depth::Standard, &documents, &index, most).map_err(|refused| refused.0)
}

const ROSES: &str = "# Roses\n\nRoses are watered in the morning, before the sun is high.\n";
const TRAINS: &str = "# Trains\n\nThe last train leaves at nine, and the first one at five.\n";

#[test]
fn the_questions_that_a_topic_is_made_of_come_as_they_are_written() {
    for (topic, expected) in [
        (
            "When are roses watered, and when does the last train leave?",
            ["When are roses watered", "when does the last train leave"],
        ),
        (
            "When are roses watered? When does the last train leave?",
            ["When are roses watered", "When does the last train leave"],
        ),
        ("roses; the last train", ["roses", "the last train"]),
        // What stands before a colon is asked with each of them.
        (
            "INC-7: when are roses watered and when does the last train leave?",
            [
                "INC-7: when are roses watered",
                "INC-7: when does the last train leave",
            ],
        ),
    ] {
        let plan = planned(topic, MOST, &[ROSES, TRAINS]).unwrap();
        assert_eq!(plan, expected, "{topic}");
    }
    let german = "# Rosen\n\nDie Rosen blühen im Juni, und sie werden am Morgen gegossen, damit sie nicht welken.\n";
    let plan = planned(
        "Wann blühen Rosen und wann werden sie gegossen?",
        MOST,
        &[german],
    );
    let expected = [
        "Wann blühen Rosen",
        "Wann blühen Rosen: wann werden sie gegossen",
    ];
    assert_eq!(plan.unwrap(), expected);
    let topic = "Times: roses, the last train, the first train";
    let plan = planned(topic, MOST, &[ROSES, TRAINS]).unwrap();
    let expected = [
        "Times: roses",
        "Times: the last train",
        "Times: the first train",
    ];
    assert_eq!(plan, expected);
}

/// Alone nobody could tell what it asks about.
#[test]
fn a_question_that_points_back_stands_behind_the_one_that_it_points_to() {
    for (topic, expected) in [
        (
            "What are roses and why are they watered, and when does the last train leave?",
            vec![
                "What are roses",
                "What are roses: why are they watered",
                "when does the last train leave",
            ],
        ),
        (
            "INC-7: when are roses watered? Why? How are they watered?",
            vec![
                "INC-7: when are roses watered",
                "INC-7: when are roses watered: Why",
                "INC-7: when are roses watered: How are they watered",
            ],
        ),
        (
            "Why are they watered, these roses?",
            vec!["Why are they watered, these roses?"],
        ),
        ("Roses and trains", vec!["Roses and trains"]),
    ] {
        let plan = planned(topic, MOST, &[ROSES, TRAINS]).unwrap();
        assert_eq!(plan, expected, "{topic}");
    }
}

#[test]
fn headings_above_what_fits_become_questions_once() {
    let pumps = "# Heat pumps\n\nHeat pumps move heat.\n\n\
        ## Introduction\n\nHeat pumps are described in this text, from the beginning to its end, and from the end to it.\n\n\
        ## 2.1 Cold climates\n\nHeat pumps lose some of their efficiency in cold climates, and stop below some thirty degrees of frost.\n\n\
        ## The heat pumps\n\nHeat pumps have a compressor, a valve and two exchangers, and all of these wear out after twenty years.\n";
    let garden = "# Gardens\n\n## Water\n\nPumps bring water to the roses: pumps in the well, pumps in the pond and pumps in the tank.\n";
    let prices = "# Prices\n\n## Cold climates?\n\nHeat pumps for cold climates cost more than others, as they have a larger compressor.\n\n\
        ## Subsidies\n\nHeat pumps are paid for by the state, at most one third of what they cost in the first year.\n";
    assert_eq!(
        planned("Heat pumps?", MOST, &[pumps, prices, garden]).unwrap(),
        [
            "Heat pumps?",
            "Heat pumps: Cold climates",
            "Heat pumps: Subsidies"
        ]
    );
    assert_eq!(
        planned(
            "What are heat pumps; when does the last train leave?",
            MOST,
            &[pumps, prices, TRAINS]
        )
        .unwrap(),
        [
            "What are heat pumps",
            "when does the last train leave",
            "What are heat pumps: Cold climates",
            "What are heat pumps: Subsidies"
        ]
    );
}

#[test]
fn there_are_never_too_many_and_no_question_of_the_topic_is_dropped() {
    let topic = "roses; the last train; the first train; the sun";
    let all = |most| planned(topic, most, &[ROSES, TRAINS]).unwrap();
    assert_eq!(all(4).len(), 4);
    assert_eq!(
        all(2),
        ["roses", "the last train; the first train; the sun"]
    );
    assert_eq!(all(1)[0], topic);
    let documents = parse(corpus::articles()).documents;
    let index = Index::build(&documents);
    let topic = "Impact of quantum computing on cryptography";
    for most in 1..8 {
        let plan = plan(topic, Depth::Comprehensive, &documents, &index, most).unwrap();
        assert_eq!((plan.len(), plan[0].as_str()), (most, topic));
    }
}

/// A branch that finds nothing fails, and a flow lets few of them.
#[test]
fn something_is_found_for_each_heading() {
    let documents = parse(corpus::articles()).documents;
    let index = Index::build(&documents);
    for topic in [
        "Impact of quantum computing on cryptography",
        "How does Raft elect a leader?",
        "How safe are batteries, and what do solar panels cost?",
    ] {
        let all = plan(topic, Depth::Comprehensive, &documents, &index, MOST).unwrap();
        assert_eq!(
            plan(topic, Depth::Comprehensive, &documents, &index, MOST).unwrap(),
            all
        );
        for question in all {
            let found = research(&question, Depth::Quick, &documents, &index);
            assert!(found.is_ok(), "{question}");
        }
    }
}

#[test]
fn a_question_for_which_nothing_is_found_is_planned_beside_others_but_not_alone() {
    let topic = "When are roses watered, and what is basket weaving?";
    let plan = planned(topic, MOST, &[ROSES]).unwrap();
    assert_eq!(plan, ["When are roses watered", "what is basket weaving"]);
    let topic = "What is basket weaving, and who knits?";
    let refused = planned(topic, MOST, &[ROSES]).unwrap_err();
    assert!(refused.contains("basket weaving"), "{refused}");
}

#[test]
fn no_question_is_longer_than_a_topic() {
    let text = "# Roses\n\n## Rain\n\nRoses are watered in the morning, before the sun is high, by rain.\n";
    assert_eq!(planned("Roses", MOST, &[text]).unwrap()[1], "Roses: Rain");
    // 996 characters, and `: Rain` would be six more.
    let long = "roses ".repeat(MAX_TOPIC / 6);
    assert_eq!(planned(&long, MOST, &[text]).unwrap().len(), 1);
}
