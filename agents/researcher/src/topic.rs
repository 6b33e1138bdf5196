//! The topic as a list of concepts, each with the forms that the documents use for it.

use std::collections::BTreeMap;

use aegis_agent_kit::text::{Terms, same_word};

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

/// What the documents' passages say about one stem: in how many it occurs.
pub type Frequencies = BTreeMap<String, usize>;

/// Concepts in the order of the topic, without repetitions. Words such as "impact" or "overview" are left out, unless
/// there are only such words.
pub fn concepts(topic: &str, terms: &Terms, known: &Frequencies, passages: usize) -> Vec<Concept> {
    let concept = |(stem, label): (String, String)| {
        let stems = variants(&stem, known);
        let found = stems.iter().filter_map(|stem| known.get(stem)).max();
        Concept {
            weight: weight(found.copied().unwrap_or(0), passages),
            label,
            stems,
        }
    };
    terms.labelled(topic).into_iter().map(concept).collect()
}

fn variants(stem: &str, known: &Frequencies) -> Vec<String> {
    let others = known
        .keys()
        .filter(|other| *other != stem && same_word(stem, other));
    std::iter::once(stem.to_owned())
        .chain(others.cloned())
        .collect()
}

/// Like an inverse document frequency, but tame in a small collection, where everything is rare.
fn weight(found_in: usize, passages: usize) -> f64 {
    (1.0 + (passages as f64 + 10.0) / (found_in as f64 + 1.0)).ln()
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
    fn rare_words_weigh_more() {
        assert!(weight(0, 1_000) > weight(3, 1_000));
        assert!(weight(3, 1_000) > weight(500, 1_000));
        assert!(
            weight(0, 1) < 2.0 * weight(1, 1),
            "tame in a small collection"
        );
    }
}
