//! The questions that a topic is researched by: those that it is made of, and what the documents have to say of each.
//!
//! Deterministic, no I/O, no clock. A planner with a model would take the place of [`plan`] and return the same.

use std::collections::BTreeSet;

use aegis_agent_kit::text::{is_telling, without_number, words};
use aegis_contracts::findings::Depth;
use aegis_contracts::request::MAX_TOPIC;

use crate::document::Document;
use crate::index::{Index, Term};
use crate::research::{Found, NoEvidence, find};
use crate::selection::amount;
use crate::topic::{questions, tidy};

/// Share of a question that a passage must name before the heading above it becomes a question.
const NAMED: f64 = 2.0 / 3.0;

/// At least one question and at most `most`. First those of the topic, also where nothing is found for them, so that a
/// reader is told; then `<question>: <heading>` for the headings above the passages that fit them best.
///
/// # Errors
/// Where nothing is found for any question of the topic.
pub fn plan(
    topic: &str,
    depth: Depth,
    documents: &[Document],
    index: &Index,
    most: usize,
) -> Result<Vec<String>, NoEvidence> {
    let own = own(topic, index, most.max(1));
    let found: Vec<Result<Found, NoEvidence>> = own
        .iter()
        .map(|question| find(question, depth, documents, index))
        .collect();
    if let (true, Some(Err(nothing))) = (found.iter().all(Result::is_err), found.first()) {
        return Err(nothing.clone());
    }
    let mut known: Vec<BTreeSet<Term>> = own.iter().map(|text| terms(text, index)).collect();
    let mut plan = own.clone();
    for (question, passage) in in_turn(&own, &found).take(amount(depth)) {
        let heading = index.passages[passage].section.last();
        let Some(heading) = heading.map(|text| without_number(text)) else {
            continue;
        };
        let names = terms(&heading, index);
        let asked = format!("{}: {}", tidy(question), tidy(&heading));
        if plan.len() < most
            && is_telling(&heading)
            && !known.iter().any(|known| names.is_subset(known))
            && asked.chars().count() <= MAX_TOPIC
        {
            known.push(names);
            plan.push(asked);
        }
    }
    Ok(plan)
}

/// The topic's own questions, each once. A topic that is not made of several stays as it is written.
fn own(topic: &str, index: &Index, most: usize) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for question in questions(topic, index) {
        let same = |known: &String| known.to_lowercase() == question.to_lowercase();
        if !all.iter().any(same) {
            all.push(question);
        }
    }
    let all = at_most(all, most);
    let fit = all
        .iter()
        .all(|question| question.chars().count() <= MAX_TOPIC);
    if all.len() > 1 && fit {
        all
    } else {
        vec![topic.to_owned()]
    }
}

/// Those for which there is no room are asked together with the last one: none is dropped.
fn at_most(mut questions: Vec<String>, most: usize) -> Vec<String> {
    let rest = questions.split_off(questions.len().min(most));
    if let Some(last) = questions.last_mut() {
        for question in rest {
            last.push_str("; ");
            last.push_str(&question);
        }
    }
    questions
}

/// The best passage of each question that names most of it, then the second of each, and so on.
fn in_turn<'a>(
    questions: &'a [String],
    found: &'a [Result<Found, NoEvidence>],
) -> impl Iterator<Item = (&'a String, usize)> {
    let named = |found: &Found| -> Vec<usize> {
        let named = found.hits.iter().filter(|hit| found.share(hit) >= NAMED);
        named.map(|hit| hit.passage).collect()
    };
    let passages = found
        .iter()
        .map(|found| found.as_ref().map_or_else(|_| Vec::new(), named));
    let passages: Vec<Vec<usize>> = passages.collect();
    let longest = passages.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(move |rank| {
        let both = questions.iter().zip(&passages);
        let both = both.filter_map(|(question, found)| Some((question, *found.get(rank)?)));
        both.collect::<Vec<_>>()
    })
}

/// What a text names, in the words of the documents.
fn terms(text: &str, index: &Index) -> BTreeSet<Term> {
    words(text).flat_map(|word| index.terms(word)).collect()
}
