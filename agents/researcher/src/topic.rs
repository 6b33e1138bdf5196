//! The topic as a list of concepts, each with the forms that the documents have of it and its weight.

use std::collections::{BTreeMap, BTreeSet};

use aegis_agent_kit::text::{Language, Terms, pairs, parts, same_word, words};
use aegis_contracts::findings::{AskedWord, Origin};

use crate::index::{Index, Term};

/// What a word such as "difference" counts beside one that names a subject.
const FILLER: f64 = 1.0 / 3.0;
/// Passages that the word meant by a misspelt one must stand in: a rare one may be misspelt itself.
const MEANT_IN: usize = 3;
/// Letters from which one letter may be wrong, and from which two may.
const ONE_WRONG: usize = 6;
const TWO_WRONG: usize = 9;

/// Words that join two questions, and words that a question begins with.
const AND: &str = "and or und oder et ou y o e";
const ASKING: &str = "how what when where which who why is are do does can must should wie was wann wo welche welcher welches wer \
    warum wozu kann muss darf comment quand où quel quelle pourquoi cómo cuándo dónde qué come quando dove perché";

/// Two to nine.
const NUMBERS: [[&str; 8]; 2] = [
    [
        "two", "three", "four", "five", "six", "seven", "eight", "nine",
    ],
    [
        "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun",
    ],
];

/// One thing that the topic is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Concept {
    /// As the topic writes it.
    pub label: String,
    /// Terms that count as this concept, each alone or several in a row.
    pub forms: Vec<Vec<Term>>,
    /// How much it tells a passage on the topic from others.
    pub weight: f64,
    pub origin: Origin,
    /// Whether it is only what the question was asked for, such as a project's name before a colon, and need not be in
    /// the documents.
    pub aside: bool,
    /// Whether it only asks, as "impact" does.
    pub filler: bool,
    /// Which clause of the question it is first named in: `When are pages written, and how large are they?` has two.
    pub clause: usize,
    /// Whether it is a part of an identifier: the `vm` of `vm.swappiness` is a name and stands for nothing.
    piece: bool,
}

impl Concept {
    /// For whoever reads the evidence.
    pub fn asked(&self, index: &Index) -> AskedWord {
        let stems = self.forms.iter().map(|form| {
            let names: Vec<&str> = form.iter().map(|term| index.name(*term)).collect();
            names.join(" ")
        });
        AskedWord {
            word: self.label.clone(),
            stems: stems.collect(),
            weight: (self.weight * 1_000.0).round() / 1_000.0,
            origin: self.origin.clone(),
            aside: self.aside,
        }
    }
}

/// Words that point to what was said before: a question with one of them is none of its own.
const POINTING: &str = "it its this these those they them their he she his her one ones er es sie ihr ihre ihrer ihren dies \
    diese dieser dieses davon dafür damit il elle ils elles cela 它 它们 这 这些 那 其 これ それ この その";

/// Concepts in the order of the topic, without repetitions.
pub fn concepts(topic: &str, index: &Index) -> Vec<Concept> {
    let reader = Reader::new(topic, index);
    let (context, question) = context(topic, &reader.terms);
    let mut concepts = Vec::new();
    for (clause, text) in clauses(question, !context.is_empty()).iter().enumerate() {
        let before = concepts.len();
        reader.read(text, &mut concepts);
        concepts[before..]
            .iter_mut()
            .for_each(|c| c.clause = clause);
    }
    let about = concepts.len();
    reader.read(context, &mut concepts);
    // What stands before a colon may be the subject itself: `Limits of PostgreSQL: which are there?`
    let strange = concepts[about..]
        .iter()
        .any(|concept| concept.origin == Origin::Unknown);
    for concept in &mut concepts[about..] {
        concept.aside = strange;
    }
    for concept in &mut concepts {
        let number = concept.label.chars().all(|c| !c.is_alphabetic());
        concept.aside |= number && concept.origin == Origin::Unknown;
    }
    reader.spell_out(&mut concepts);
    weigh(&mut concepts, index);
    concepts
}

/// What stands before a colon, and the question behind it, if it is one of its own.
fn context<'a>(topic: &'a str, terms: &Terms) -> (&'a str, &'a str) {
    let telling = |text: &str| words(text).filter(|w| !terms.of_word(w).is_empty()).count();
    match topic.split_once([':', '：']) {
        Some((context, question)) if telling(question) > 1 => (context, question),
        _ => ("", topic),
    }
}

/// The questions that a question is made of, and the things that it counts up behind a colon.
fn clauses(question: &str, behind_colon: bool) -> Vec<&str> {
    let mut clauses = Vec::new();
    for sentence in question.split(['?', ';', '？', '；', '。']) {
        let mut start = 0;
        let at = |word: &str| word.as_ptr() as usize - sentence.as_ptr() as usize;
        let all: Vec<&str> = words(sentence).collect();
        for two in all.windows(2) {
            let is = |list: &str, word: &str| list.split(' ').any(|w| w == word.to_lowercase());
            if is(AND, two[0]) && is(ASKING, two[1]) {
                clauses.push(&sentence[start..at(two[0])]);
                start = at(two[1]);
            }
        }
        clauses.push(&sentence[start..]);
    }
    if behind_colon {
        clauses = clauses
            .iter()
            .flat_map(|clause| clause.split(','))
            .collect();
    }
    clauses
}

/// The questions that the topic is made of, as it writes them and each to be understood alone: behind what stands before a
/// colon, and one that points back behind the one that it points to. One, where the topic is not made of several.
pub fn questions(topic: &str, index: &Index) -> Vec<String> {
    let reader = Reader::new(topic, index);
    let (context, question) = context(topic, &reader.terms);
    let mut asked = clauses(question, false);
    asked.retain(|clause| !tidy(clause).is_empty());
    // `What are the limits of it: rows, columns, size of a field?`
    if !context.is_empty() && asked.len() == 1 && question.matches(',').count() > 1 {
        asked = clauses(question, true);
    }
    let points_back = |clause: &str| {
        let pointing = |word: &str| {
            POINTING
                .split(' ')
                .any(|known| known == word.to_lowercase())
        };
        words(clause).any(pointing) || words(clause).all(|w| reader.terms.of_word(w).is_empty())
    };
    let mut before = "";
    let mut questions = Vec::new();
    for clause in asked
        .into_iter()
        .map(tidy)
        .filter(|clause| !clause.is_empty())
    {
        let mut parts = vec![tidy(context), before, clause];
        if before.is_empty() || !points_back(clause) {
            before = clause;
            parts.remove(1);
        }
        parts.retain(|part| !part.is_empty());
        questions.push(parts.join(": "));
    }
    questions
}

/// Without what only separates a question from the next.
pub fn tidy(question: &str) -> &str {
    let separates = |c: char| c.is_whitespace() || ",;?.，；？。、".contains(c);
    question.trim_matches(separates)
}

struct Reader<'a> {
    index: &'a Index,
    /// Of the topic's language.
    terms: Terms,
    /// Of the documents' languages.
    theirs: Vec<Terms>,
}

impl<'a> Reader<'a> {
    fn new(topic: &str, index: &'a Index) -> Self {
        let mut candidates = index.languages.clone();
        candidates.push(Language::English);
        let language = Language::among(topic, &candidates);
        let language = language.or(index.languages.first().copied());
        Self {
            index,
            terms: Terms::new(language),
            theirs: index
                .languages
                .iter()
                .map(|language| Terms::new(Some(*language)))
                .collect(),
        }
    }

    fn read(&self, text: &str, concepts: &mut Vec<Concept>) {
        for word in words(text) {
            let Some(stem) = self.terms.of_word(word).into_iter().next() else {
                continue;
            };
            let filler = self.terms.is_filler(&stem);
            for mut concept in self.concepts(word, &stem) {
                concept.filler = filler;
                let repeated = |other: &Concept| {
                    other.label.to_lowercase() == concept.label.to_lowercase()
                        || (!concept.forms.is_empty() && other.forms == concept.forms)
                };
                if !concepts.iter().any(repeated) {
                    concepts.push(concept);
                }
            }
        }
    }

    /// A word as the documents have it; else its parts, else the word that was meant, else a word that no document has.
    fn concepts(&self, word: &str, stem: &str) -> Vec<Concept> {
        let known = self.known(word);
        if !known.is_empty() {
            return vec![concept(word, known, Origin::AsWritten)];
        }
        let mut pieces: Vec<String> = parts(word).into_iter().map(str::to_owned).collect();
        pieces.extend(pairs(word));
        let found = |piece: &String| {
            let forms = self.known(piece);
            (!forms.is_empty()).then(|| Concept {
                piece: true,
                ..concept(piece, forms, Origin::AsWritten)
            })
        };
        let concepts: Vec<Concept> = pieces.iter().filter_map(found).collect();
        if !concepts.is_empty() {
            return concepts;
        }
        if self.terms.is_filler(stem) {
            return Vec::new();
        }
        if let Some(long) = self.counted(word) {
            let names: Vec<&str> = long.iter().map(|term| self.index.name(*term)).collect();
            let words = names.join(" ");
            return vec![concept(word, vec![long], Origin::AbbreviationOf { words })];
        }
        if let Some(meant) = self.meant(word, stem) {
            let origin = Origin::MisspeltFor {
                word: self.written(meant),
            };
            return vec![concept(word, vec![vec![meant]], origin)];
        }
        vec![concept(word, Vec::new(), Origin::Unknown)]
    }

    /// The word's stem in each of the documents' languages, and other stems of the same word.
    fn known(&self, word: &str) -> Vec<Vec<Term>> {
        let mut stems: Vec<String> = Vec::new();
        for terms in std::iter::once(&self.terms).chain(&self.theirs) {
            stems.extend(terms.of_word(word).into_iter().next());
        }
        stems.sort_unstable();
        stems.dedup();
        let plain = stems
            .iter()
            .all(|stem| stem.chars().all(char::is_alphabetic));
        let mut found: Vec<Term> = stems
            .iter()
            .filter_map(|stem| self.index.find(stem))
            .collect();
        if plain {
            let other = |(_, name): &(Term, &str)| {
                name.chars().all(char::is_alphabetic)
                    && stems
                        .iter()
                        .any(|stem| stem != name && same_word(stem, name))
            };
            found.extend(self.index.vocabulary().filter(other).map(|(term, _)| term));
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|term| vec![term]).collect()
    }

    /// The nearest word of the documents, by a wrong, missing, additional or exchanged letter or two.
    fn meant(&self, word: &str, stem: &str) -> Option<Term> {
        let most = match word.chars().count() {
            TWO_WRONG.. => 2,
            ONE_WRONG.. => 1,
            _ => return None,
        };
        if !stem.chars().all(char::is_alphabetic) {
            return None;
        }
        let length = stem.chars().count();
        let near = |(term, name): (Term, &str)| {
            let frequency = self.index.frequency(term);
            let alike = frequency >= MEANT_IN
                && name.chars().next() == stem.chars().next()
                && name.chars().count().abs_diff(length) <= most;
            let distance = alike.then(|| strsim::damerau_levenshtein(name, stem))?;
            (distance <= most).then_some((distance, std::cmp::Reverse(frequency), term))
        };
        let nearest = self.index.vocabulary().filter_map(near).min();
        nearest.map(|(.., term)| term)
    }

    /// How a document writes a term.
    fn written(&self, term: Term) -> String {
        let name = self.index.name(term);
        let passages = self.index.passages.iter().enumerate();
        let mut holding = passages.filter(|(n, _)| self.index.text(*n).body.contains(&term));
        let word = holding.next().and_then(|(_, passage)| {
            words(&passage.text).find(|word| {
                let mut stems = self.theirs.iter().flat_map(|terms| terms.of_word(word));
                stems.any(|stem| stem == name)
            })
        });
        word.unwrap_or(name).to_lowercase()
    }

    /// Words with a number and these initials that follow each other, by what most passages have of them: `2PC` is
    /// `two-phase commit`. Of letters alone too many words have the initials.
    fn counted(&self, word: &str) -> Option<Vec<Term>> {
        let (digit, letters) = word.split_at_checked(1)?;
        let number = digit.parse::<usize>().ok()?.checked_sub(2)?;
        if letters.len() < 2 || !letters.chars().all(|c| c.is_ascii_uppercase()) {
            return None;
        }
        let numbers = NUMBERS.iter().filter_map(|words| words.get(number));
        let numbers: Vec<Term> = numbers.filter_map(|w| self.index.find(w)).collect();
        let letters = letters.to_lowercase();
        let spelled = |run: &&[Term]| {
            let initials = run[1..]
                .iter()
                .map(|term| self.index.name(*term).chars().next());
            numbers.contains(&run[0]) && initials.eq(letters.chars().map(Some))
        };
        let mut found: BTreeMap<&[Term], usize> = BTreeMap::new();
        for passage in 0..self.index.passages.len() {
            let runs = self.index.text(passage).body.windows(letters.len() + 1);
            for run in runs.filter(spelled).collect::<BTreeSet<_>>() {
                *found.entry(run).or_default() += 1;
            }
        }
        let (run, passages) = found.into_iter().max_by_key(|(_, passages)| *passages)?;
        (passages >= MEANT_IN).then(|| run.to_vec())
    }

    /// Abbreviations stand for what the documents explain them by, and the other way round.
    fn spell_out(&self, concepts: &mut [Concept]) {
        let single = |concept: &Concept, term: Term| {
            !concept.piece && concept.forms.iter().any(|form| *form == [term])
        };
        for (short, long, words) in self.index.definitions() {
            for concept in concepts.iter_mut().filter(|c| single(c, short)) {
                concept.forms.push(long.to_vec());
                if concept.origin == Origin::AsWritten {
                    let words = words.to_owned();
                    concept.origin = Origin::AbbreviationOf { words };
                }
            }
            for start in 0..concepts.len().saturating_sub(long.len() - 1) {
                let words = &mut concepts[start..start + long.len()];
                let spelled = words.iter().zip(long).all(|(c, term)| single(c, *term));
                if spelled {
                    words.iter_mut().for_each(|c| c.forms.push(vec![short]));
                }
            }
        }
        for concept in concepts {
            concept.forms.sort_unstable();
            concept.forms.dedup();
        }
    }
}

fn concept(label: &str, forms: Vec<Vec<Term>>, origin: Origin) -> Concept {
    Concept {
        label: label.to_owned(),
        forms,
        weight: 0.0,
        origin,
        aside: false,
        filler: false,
        clause: 0,
        piece: false,
    }
}

/// Rare words tell most; what no document has weighs like the word in the middle.
fn weigh(concepts: &mut [Concept], index: &Index) {
    for concept in concepts.iter_mut() {
        let most = |form: &Vec<Term>| form.iter().map(|term| index.frequency(*term)).min();
        let found = concept.forms.iter().filter_map(most).max().unwrap_or(0);
        concept.weight = rarity(found, index.passages.len());
    }
    let known = concepts
        .iter()
        .filter(|c| c.origin != Origin::Unknown && !c.filler);
    let mut weights: Vec<f64> = known.map(|concept| concept.weight).collect();
    weights.sort_by(f64::total_cmp);
    let middle = weights.get(weights.len() / 2).copied().unwrap_or(1.0);
    let all_fillers = concepts.iter().all(|concept| concept.filler);
    for concept in concepts {
        if concept.origin == Origin::Unknown {
            concept.weight = middle;
        }
        if (concept.filler && !all_fillers) || concept.aside {
            concept.weight *= FILLER;
        }
    }
}

/// BM25's inverse document frequency, over passages.
fn rarity(found: usize, passages: usize) -> f64 {
    let (found, passages) = (found as f64, passages as f64);
    (1.0 + (passages - found + 0.5).max(0.5) / (found + 0.5)).ln()
}
