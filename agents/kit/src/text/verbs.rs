//! Forms of verbs that no stemmer brings together: `kept` and `keep`, `kostet` and `kosten`.

use rust_stemmers::Stemmer;

/// Irregular forms, and behind each the present one. Those that are words of their own, as `left` and `found`, are not here.
const IRREGULAR: &str = "kept keep sent send built build rebuilt rebuild lost lose held hold chose choose chosen choose wrote \
    write written write overwrote overwrite overwritten overwrite rewrote rewrite rewritten rewrite broke break broken break \
    gave give given give took take taken take knew know known know shown show began begin begun begin hid hide hidden hide \
    drove drive driven drive froze freeze frozen freeze grew grow grown grow threw throw thrown throw stole steal stolen steal \
    spoken speak fallen fall forgot forget forgotten forget got get gotten get went go gone go came come became become made \
    make paid pay said say told tell sold sell thought think taught teach bought buy brought bring caught catch sought seek \
    meant mean spent spend lent lend slept sleep met meet fed feed ran run hung hang stuck stick sank sink sunk sink torn tear \
    wore wear worn wear ate eat eaten eat rode ride ridden ride risen rise drew draw drawn draw withdrew withdraw withdrawn \
    withdraw flew fly flown fly blew blow blown blow stood stand understood understand overrode override overridden override \
    undid undo undone undo redid redo redone redo won win proven prove indices index";

/// The present of an English verb in another form; every other word as it is.
pub fn present(word: &str) -> &str {
    let mut forms = IRREGULAR.split_whitespace();
    while let (Some(form), Some(present)) = (forms.next(), forms.next()) {
        if form == word {
            return present;
        }
    }
    word
}

/// A German stem without the ending of the third person, which the stemmer leaves: `kostet` as `kosten`, `dauert` as `dauern`. A
/// noun in `t` loses it too, everywhere.
pub fn person(stemmer: &Stemmer, mut stem: String) -> String {
    let length = stem.chars().count();
    let ends = |endings: &[&str]| endings.iter().any(|ending| stem.ends_with(ending));
    let consonant = |c: char| c.is_alphabetic() && !"aeiouyäöü".contains(c);
    if length >= 6 && ends(&["tet", "det", "ffnet", "chnet", "tmet"]) {
        stem.truncate(stem.len() - "et".len());
    } else if length >= 6 && ends(&["ert"]) {
        stem.pop();
        return stemmer.stem(&stem).into_owned();
    } else if length == 5 && ends(&["t"]) && stem.chars().nth(3).is_some_and(consonant)
        || length >= 5 && ends(&["eln"])
    {
        stem.pop();
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::super::{Language, Terms, same_word};

    #[test]
    fn forms_of_a_verb_have_one_stem() {
        for (language, one, other) in [
            (Language::English, "kept", "keeps"),
            (Language::English, "written", "writing"),
            (Language::German, "kostet", "kosten"),
            (Language::German, "kauft", "kaufen"),
            (Language::German, "öffnet", "öffnen"),
            (Language::German, "dauert", "dauern"),
            (Language::German, "aktualisiert", "aktualisieren"),
            (Language::German, "wechselt", "wechseln"),
        ] {
            let stem = |word| Terms::new(Some(language)).of(word).remove(0);
            assert!(same_word(&stem(one), &stem(other)), "{one}, {other}");
        }
        let german = Terms::new(Some(Language::German));
        assert_ne!(german.of("Internet"), german.of("intern"));
    }
}
