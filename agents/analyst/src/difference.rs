//! What tells two sentences about the same thing apart: opposites, a negation, other numbers.

const OPPOSITES: [(&str, &str); 20] = [
    ("increase", "decrease"),
    ("increases", "decreases"),
    ("rise", "fall"),
    ("rising", "falling"),
    ("higher", "lower"),
    ("more", "less"),
    ("faster", "slower"),
    ("secure", "insecure"),
    ("possible", "impossible"),
    ("likely", "unlikely"),
    ("advantage", "disadvantage"),
    ("cheap", "expensive"),
    ("cheaper", "costlier"),
    ("safe", "unsafe"),
    ("effective", "ineffective"),
    ("urgent", "premature"),
    ("recommends", "discourages"),
    ("improves", "worsens"),
    ("sufficient", "insufficient"),
    ("gain", "loss"),
];
const NEGATIONS: [&str; 9] = [
    "not", "no", "never", "cannot", "without", "neither", "nor", "hardly", "unable",
];

/// What tells two sentences about the same thing apart, in words for the note.
pub fn difference(a: &str, b: &str) -> Option<String> {
    let (a, b) = (words(a), words(b));
    for (one, other) in OPPOSITES {
        let across = |x: &[String], y: &[String]| {
            has(x, one) && has(y, other) && !has(x, other) && !has(y, one)
        };
        if across(&a, &b) || across(&b, &a) {
            return Some(format!("one says “{one}”, the other “{other}”"));
        }
    }
    let negated = |words: &[String]| NEGATIONS.iter().any(|n| has(words, n));
    if negated(&a) != negated(&b) {
        return Some("one of them negates".to_owned());
    }
    let (mut numbers_a, mut numbers_b) = (numbers(&a), numbers(&b));
    numbers_a.retain(|(_, unit)| numbers_b.iter().any(|(_, other)| other == unit));
    numbers_b.retain(|(_, unit)| numbers_a.iter().any(|(_, other)| other == unit));
    let first = numbers_a
        .iter()
        .find(|number| !numbers_b.contains(number))?;
    if numbers_a.iter().any(|number| numbers_b.contains(number)) {
        return None;
    }
    let second = numbers_b.iter().find(|(_, unit)| *unit == first.1)?;
    let unit = &first.1;
    Some(format!(
        "{} {unit} here, {} {unit} there",
        first.0, second.0
    ))
}

fn words(text: &str) -> Vec<String> {
    aegis_agent_kit::text::words(text)
        .map(str::to_lowercase)
        .collect()
}

fn has(words: &[String], word: &str) -> bool {
    words.iter().any(|w| w == word)
}

/// Numbers with the word behind them, which is taken as their unit.
fn numbers(words: &[String]) -> Vec<(&str, &str)> {
    let is_number = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_digit())
            && word
                .chars()
                .all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
    };
    let pairs = words
        .windows(2)
        .map(|pair| (pair[0].as_str(), pair[1].as_str()));
    let telling = |unit: &str| unit.len() > 3 && unit.chars().all(char::is_alphabetic);
    pairs
        .filter(|(number, unit)| is_number(number) && telling(unit))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_between_sentences_about_the_same() {
        let differ = |a, b| difference(a, b);
        assert_eq!(
            differ("It costs 40 euros.", "It costs 40 euros today."),
            None
        );
        let why = differ("A break needs 2,330 qubits.", "A break needs 6,146 qubits.").unwrap();
        assert_eq!(why, "2,330 qubits here, 6,146 qubits there");
        let why = differ("Prices rise in winter.", "Prices fall in winter.").unwrap();
        assert!(why.contains("“rise”"));
        assert!(
            differ("It is ready.", "It is not ready.")
                .unwrap()
                .contains("negates")
        );
        assert_eq!(
            differ("Published in 2001 by A.", "Published in 2002 by B."),
            None,
            "`by` is no unit"
        );
    }
}
