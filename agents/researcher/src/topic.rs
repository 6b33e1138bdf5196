//! The topic as a list of concepts, each with the forms that the documents use for it.

use std::collections::BTreeMap;

use aegis_agent_kit::text::{Terms, acronyms, same_word};

/// One thing that the topic is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Concept {
    /// As the topic writes it.
    pub label: String,
    /// Stems that count as this concept. The topic's own comes first.
    pub stems: Vec<String>,
    /// How much it tells a passage on the topic from others; what no document knows tells most.
    pub weight: f64,
}

/// In how many documents each stem occurs.
pub type Frequencies = BTreeMap<String, usize>;

/// What no document knows weighs like what this share of them know: a topic may hold one strange word.
const RAREST: f64 = 0.01;

/// Concepts in the order of the topic, without repetitions. Words such as "impact" or "overview" are left out, unless
/// there are only such words.
pub fn concepts(topic: &str, terms: &Terms, known: &Frequencies, documents: usize) -> Vec<Concept> {
    let labelled = terms.labelled(topic);
    let acronyms = acronyms(&labelled);
    let concept = |(number, (stem, label)): (usize, &(String, String))| {
        let mut stems = variants(stem, known);
        let covering = acronyms.iter().filter(|(_, words)| words.contains(&number));
        stems.extend(
            covering
                .map(|(acronym, _)| acronym.clone())
                .filter(|a| known.contains_key(a)),
        );
        let found = stems.iter().filter_map(|stem| known.get(stem)).max();
        Concept {
            weight: weight(found.copied().unwrap_or(0), documents),
            label: label.clone(),
            stems,
        }
    };
    labelled.iter().enumerate().map(concept).collect()
}

fn variants(stem: &str, known: &Frequencies) -> Vec<String> {
    let others = known
        .keys()
        .filter(|other| *other != stem && same_word(stem, other));
    std::iter::once(stem.to_owned())
        .chain(others.cloned())
        .collect()
}

/// Like an inverse document frequency, but tame in a small collection, where everything is rare. In PostgreSQL's documentation
/// the word PostgreSQL weighs next to nothing.
fn weight(found_in: usize, documents: usize) -> f64 {
    let total = documents as f64;
    let found = (found_in as f64).max(total * RAREST);
    ((total + 10.0) / (found + 0.5)).ln().max(0.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(stems: &[(&str, usize)]) -> Frequencies {
        stems
            .iter()
            .map(|(stem, n)| ((*stem).to_owned(), *n))
            .collect()
    }

    #[test]
    fn forms_of_a_word_are_one_concept() {
        let known = known(&[("recov", 3), ("recoveri", 9), ("record", 50)]);
        let concepts = concepts("recover", &Terms::english(), &known, 100);
        assert_eq!(concepts[0].stems, ["recov", "recoveri"]);
    }

    #[test]
    fn an_acronym_that_documents_use_stands_for_its_words() {
        let known = known(&[("qkd", 3), ("key", 9)]);
        let concepts = concepts("quantum key distribution", &Terms::english(), &known, 100);
        assert!(
            concepts
                .iter()
                .all(|concept| concept.stems.contains(&"qkd".to_owned()))
        );
    }

    #[test]
    fn rare_words_weigh_more() {
        assert!(weight(0, 1_000) > weight(300, 1_000));
        assert!(weight(300, 1_000) > 10.0 * weight(1_000, 1_000));
        assert!(
            weight(0, 1) < 2.0 * weight(1, 1),
            "tame in a small collection"
        );
    }
}
