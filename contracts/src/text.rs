//! Text that people type, and text that is shown to people.
//!
//! What is typed (a topic, a name, a comment) is checked where it comes in: characters that a reader cannot see, or
//! that make a screen show something else than was sent, are refused. What was not typed by the sender of a request
//! (an agent's summary, a passage of a document, the name in a caller's token) is kept as it is and shown with such
//! characters escaped.
//!
//! Which characters those are is a question of Unicode's properties, not of a list of ours: control characters, line
//! and paragraph separators, noncharacters, interlinear annotations, the stand-in for an embedded object, the pattern
//! of braille without dots, and everything that Unicode calls "default ignorable", which has the bidirectional
//! controls, the zero-width characters and the tags in it. Joiners and
//! variation selectors are of the last kind too, but Persian, the scripts of India, Mongolian and emoji need them:
//! they may stand where they can have an effect, and nowhere else.

use std::borrow::Cow;
use std::fmt::Write as _;

use icu_normalizer::{ComposingNormalizer, ComposingNormalizerBorrowed};
use icu_properties::props::{
    DefaultIgnorableCodePoint, Emoji, EmojiModifier, ExtendedPictographic, NoncharacterCodePoint,
    Script, VariationSelector,
};
use icu_properties::{
    CodePointMapData, CodePointMapDataBorrowed, CodePointSetData, CodePointSetDataBorrowed,
};

/// Of JSON Schema's patterns: what cannot be seen, wherever it stands, as far as four hex digits can say it.
macro_rules! unseen {
    () => {
        r"\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\uffff"
    };
}

macro_rules! spaces {
    () => {
        r"\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
    };
}

/// For JSON Schema: a text that [`check`] takes. What is beyond four hex digits, and joiners and variation selectors
/// out of place, are refused all the same.
pub const PROSE: &str = concat!(r"^[^\u0000-\u0008\u000b-\u001f", unseen!(), r"]*$");
/// The same with something to read in it.
pub const WORDS: &str = concat!(
    r"^[\u0009\u000a",
    spaces!(),
    r"]*[^\u0000-\u001f",
    spaces!(),
    unseen!(),
    r"][^\u0000-\u0008\u000b-\u001f",
    unseen!(),
    r"]*$"
);
/// The same for one line.
pub const LINE: &str = concat!(r"^[^\u0000-\u001f", unseen!(), r"]*$");
/// One line with something to read in it.
pub const NAME: &str = concat!(
    r"^[",
    spaces!(),
    r"]*[^\u0000-\u001f",
    spaces!(),
    unseen!(),
    r"][^\u0000-\u001f",
    unseen!(),
    r"]*$"
);

/// Whether a text may have several lines: then a newline and a tab are ordinary characters of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    One,
    Many,
}

/// Why a text is not taken. Characters are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A reader could not see it, or it changes what a reader sees of the others.
    #[error("must not contain control or invisible characters (U+{:04X} at character {position})", u32::from(*character))]
    Hostile { character: char, position: usize },
    #[error(
        "must not contain U+FFFD (at character {position}): it stands for bytes that were not UTF-8"
    )]
    Damaged { position: usize },
}

/// What a decoder puts where it found no character: a gateway may have decoded before us.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// # Errors
/// The first character that is refused.
pub fn check(text: &str, lines: Lines) -> Result<(), Refused> {
    for (before, place) in placed(text).enumerate() {
        let (character, position) = (place.character, before + 1);
        if character == REPLACEMENT {
            return Err(Refused::Damaged { position });
        }
        if place.is_hostile(lines) {
            return Err(Refused::Hostile {
                character,
                position,
            });
        }
    }
    Ok(())
}

/// The text for a terminal, a page or a log: hostile characters as `\u{1b}`. Newlines and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, Lines::Many)
}

/// The same on one line: newlines and tabs are escaped too.
pub fn visible_line(text: &str) -> Cow<'_, str> {
    escaped(text, Lines::One)
}

/// JSON in which hostile characters are escaped as JSON does it: what it says stays the same.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    if !placed(json).any(|place| place.is_hostile(Lines::Many)) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for place in placed(json) {
        match place.character {
            // Outside of strings it is a space; inside it cannot stand.
            '\r' => shown.push(' '),
            c if place.is_hostile(Lines::Many) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string does not fail.
                    let _ = write!(shown, "\\u{unit:04x}");
                }
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// `1 finding`, `2 findings`.
pub fn counted<N: std::fmt::Display + PartialEq + From<u8>>(number: N, one: &str) -> String {
    let ending = if number == N::from(1) { "" } else { "s" };
    format!("{number} {one}{ending}")
}

/// Whether it has a letter or a digit, of whatever script: dots and dashes alone say nothing.
pub fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Whether there is nothing in it to read.
pub fn is_blank(text: &str) -> bool {
    let depends_on_place = |c: char| JOINERS.contains(&c) || VARIATION_SELECTORS.contains(c);
    let blank = |c: char| c.is_whitespace() || is_unseen(c) || depends_on_place(c);
    text.chars().all(blank)
}

/// A name as it is kept: without spaces around it, and with one spelling for what Unicode can spell in two ways.
pub fn name(text: &str) -> String {
    const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfc();
    NFC.normalize(text.trim()).into_owned()
}

/// Whether two names differ in nothing but case, spaces, width or invisible characters: taken for one person, so that
/// nobody counts twice.
pub fn alike(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_graphic());
    if plain(one) && plain(other) {
        // As most names are; the model check compares millions of them.
        return one.eq_ignore_ascii_case(other);
    }
    folded(one) == folded(other)
}

/// Equal for all names that are [`alike`].
pub fn folded(name: &str) -> String {
    const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfkc();
    let fold = |text: &str| -> String {
        let composed = NFKC.normalize(text);
        let shown = composed
            .chars()
            .filter(|c| c.is_whitespace() || !is_unseen(*c));
        // By capitals first: ß and SS are one, so are the two small sigmas.
        let shown = shown.collect::<String>().to_uppercase().to_lowercase();
        shown.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    // What was left out or has another case may let others compose: once more, and it stays as it is.
    NFKC.normalize(&fold(&fold(name))).into_owned()
}

fn escaped(text: &str, lines: Lines) -> Cow<'_, str> {
    if !placed(text).any(|place| place.is_hostile(lines)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for place in placed(text) {
        if place.is_hostile(lines) {
            // Writing to a string does not fail.
            let _ = write!(shown, "{}", place.character.escape_unicode());
        } else {
            shown.push(place.character);
        }
    }
    Cow::Owned(shown)
}

/// A character between its neighbours.
struct Place {
    before: Option<char>,
    character: char,
    after: Option<char>,
}

fn placed(text: &str) -> impl Iterator<Item = Place> + '_ {
    let mut before = None;
    let mut rest = text.chars().peekable();
    std::iter::from_fn(move || {
        let character = rest.next()?;
        let after = rest.peek().copied();
        let place = Place {
            before: before.replace(character),
            character,
            after,
        };
        Some(place)
    })
}

impl Place {
    fn is_hostile(&self, lines: Lines) -> bool {
        match self.character {
            '\n' | '\t' => lines == Lines::One,
            ' '..='~' => false,
            c if JOINERS.contains(&c) => !self.joins(),
            c if VARIATION_SELECTORS.contains(c) => !self.varies(),
            c => is_unseen(c),
        }
    }

    /// Between letters that join or stack, or between two emoji.
    fn joins(&self) -> bool {
        let letters = [self.before, self.after].into_iter().flatten().any(joins);
        let emoji = |after: char| PICTOGRAPHS.contains(after);
        letters || (self.before.is_some_and(ends_emoji) && self.after.is_some_and(emoji))
    }

    /// Behind what comes in several forms: an emoji, an ideograph, a symbol.
    fn varies(&self) -> bool {
        let Some(before) = self.before else {
            return false;
        };
        match self.character {
            '\u{fe0e}' | '\u{fe0f}' if EMOJI.contains(before) => true,
            _ => {
                let plain = before.is_ascii() || before.is_whitespace();
                !plain && !is_unseen(before) && !stands_alone(before)
            }
        }
    }
}

/// Of Mongolian, Persian, the scripts of India, and emoji.
const JOINERS: [char; 3] = ['\u{180e}', '\u{200c}', '\u{200d}'];

type Set = CodePointSetDataBorrowed<'static>;

const EMOJI: Set = CodePointSetData::new::<Emoji>();
const MODIFIERS: Set = CodePointSetData::new::<EmojiModifier>();
const PICTOGRAPHS: Set = CodePointSetData::new::<ExtendedPictographic>();
const IGNORABLE: Set = CodePointSetData::new::<DefaultIgnorableCodePoint>();
const NONCHARACTERS: Set = CodePointSetData::new::<NoncharacterCodePoint>();
const VARIATION_SELECTORS: Set = CodePointSetData::new::<VariationSelector>();
const SCRIPTS: CodePointMapDataBorrowed<'static, Script> = CodePointMapData::<Script>::new();

fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{2800}' | '\u{fff9}'..='\u{fffc}'
        )
        || IGNORABLE.contains(c)
        || NONCHARACTERS.contains(c)
}

fn ends_emoji(c: char) -> bool {
    PICTOGRAPHS.contains(c) || MODIFIERS.contains(c) || c == '\u{fe0f}'
}

/// Letters of a script with no joined forms: a joiner between them is only hidden.
fn stands_alone(c: char) -> bool {
    let script = SCRIPTS.get(c);
    [
        Script::Latin,
        Script::Greek,
        Script::Cyrillic,
        Script::Armenian,
        Script::Georgian,
    ]
    .contains(&script)
}

fn joins(c: char) -> bool {
    let script = SCRIPTS.get(c);
    let none = [
        Script::Common,
        Script::Inherited,
        Script::Unknown,
        Script::Han,
        Script::Hiragana,
        Script::Katakana,
        Script::Hangul,
        Script::Bopomofo,
    ];
    !stands_alone(c) && !none.contains(&script)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_hides_or_turns_text_is_refused_and_named() {
        let found = check("ab cd\u{202e}ef", Lines::Many).unwrap_err();
        assert_eq!(
            found.to_string(),
            "must not contain control or invisible characters (U+202E at character 6)"
        );
        let all = [
            '\0'..='\u{8}',
            '\u{b}'..='\u{1f}',
            '\u{7f}'..='\u{9f}',
            '\u{ad}'..='\u{ad}',
            '\u{61c}'..='\u{61c}',
            '\u{180e}'..='\u{180e}',
            '\u{200b}'..='\u{200f}',
            '\u{2028}'..='\u{202e}',
            '\u{2060}'..='\u{206f}',
            '\u{2800}'..='\u{2800}',
            '\u{3164}'..='\u{3164}',
            '\u{fdd0}'..='\u{fdef}',
            '\u{fe00}'..='\u{fe0f}',
            '\u{feff}'..='\u{feff}',
            '\u{fff9}'..='\u{fffc}',
            '\u{fffe}'..='\u{ffff}',
            '\u{e0000}'..='\u{e0fff}',
            '\u{10fffe}'..='\u{10ffff}',
        ];
        for c in all.into_iter().flatten() {
            for text in [c.to_string(), format!("ann{c}"), format!("a{c}nn")] {
                assert!(check(&text, Lines::Many).is_err(), "{:?}", text);
            }
        }
        assert!(check("a\nb\tc", Lines::Many).is_ok());
        assert!(check("a\nb", Lines::One).is_err());
        assert!(check("a\tb", Lines::One).is_err());
        let damaged = check("Gr\u{fffd}e", Lines::One).unwrap_err();
        assert!(damaged.to_string().contains("not UTF-8"), "{damaged}");
    }

    #[test]
    fn what_people_write_is_taken() {
        for text in [
            "Größe, naïve, e\u{301}, Ω, Привет, שלום, مرحبا، ١٢٣, 你好, こんにちは, 한국어, नमस्ते",
            // Persian "I want", and an English word with a Persian ending.
            "می\u{200c}خواهم",
            "API\u{200c}ها",
            // Sri Lanka, and Malayalam with a joiner at its end.
            "ශ\u{dca}\u{200d}රී",
            "ന\u{d4d}\u{200d}",
            "👩\u{200d}💻 👩🏽\u{200d}⚕\u{fe0f} 🏳\u{fe0f}\u{200d}🌈 1\u{fe0f}\u{20e3} ❤\u{fe0f} 🇩🇪",
            "葛\u{e0100} ∩\u{fe00}",
            "\u{600}12 5 € ½ “quotes” – dash\u{a0}space",
        ] {
            assert_eq!(check(text, Lines::Many), Ok(()), "{text}");
            assert!(!is_blank(text));
        }
    }

    #[test]
    fn joiners_are_refused_where_they_only_hide() {
        for text in [
            "ad\u{200d}min",
            "ann\u{200c}",
            "\u{200d}ann",
            "é\u{fe0f}",
            "a\u{fe0f}",
            " \u{fe0f}",
            "👍\u{200d}",
            "👍\u{fe0f}\u{fe0f}",
            "葛\u{e0100}\u{e0101}",
            "пётр\u{200d}",
        ] {
            assert!(check(text, Lines::Many).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_patterns_say_the_same_of_every_character_that_they_can_name() {
        let schema = |pattern: &str| {
            jsonschema::validator_for(&serde_json::json!({"pattern": pattern})).unwrap()
        };
        let depends_on_place = |c: char| JOINERS.contains(&c) || VARIATION_SELECTORS.contains(c);
        for (pattern, lines, blank) in [
            (PROSE, Lines::Many, true),
            (WORDS, Lines::Many, false),
            (LINE, Lines::One, true),
            (NAME, Lines::One, false),
        ] {
            let schema = schema(pattern);
            for c in ('\0'..='\u{ffff}').filter(|c| !depends_on_place(*c)) {
                let alone = c.to_string();
                let taken = check(&alone, lines).is_ok();
                let filled = taken && (blank || !is_blank(&alone));
                assert_eq!(schema.is_valid(&alone.clone().into()), filled, "{c:?}");
                let behind = serde_json::Value::from(format!(" x{c}"));
                assert_eq!(schema.is_valid(&behind), taken, "{c:?}");
            }
        }
    }

    #[test]
    fn nothing_to_read_is_blank() {
        for text in [
            "",
            " \n\t",
            "\u{200b}\u{feff}",
            "\u{3000}\u{a0}",
            "\u{3164}",
            "\u{2800}",
            "\u{1b}",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["x", "👍", "?", "\u{200b}x"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    #[test]
    fn names_that_look_the_same_are_alike() {
        for (one, other) in [
            ("ann", "Ann "),
            ("ann", "ANN"),
            ("Ann  Lee", "ann lee"),
            ("Zoë", "Zoe\u{308}"),
            ("Strauß", "STRAUSS"),
            ("ann", "ａｎｎ"),
            ("ann", "an\u{200b}n"),
            ("ann", "\u{a0}ann\u{3000}"),
        ] {
            assert!(alike(one, other), "{one:?} {other:?}");
        }
        assert!(!alike("ann", "anna"));
        assert!(!alike("ann lee", "annlee"));
        assert_eq!(name(" \u{3000}Zoe\u{308}\n"), "Zoë");
        // Where there is another case or another form; Han and Hangul take long.
        let lively = [
            '\0'..='\u{2fff}',
            '\u{a640}'..='\u{abff}',
            '\u{f900}'..='\u{10fff}',
            '\u{1d400}'..='\u{1f2ff}',
        ];
        for c in lively.into_iter().flatten() {
            let text = format!("a{c}");
            assert!(alike(&text, &name(&text)), "{text:?}");
            assert_eq!(folded(&folded(&text)), folded(&text), "{text:?}");
        }
    }

    #[test]
    fn one_is_no_plural() {
        let told = [
            counted(0_u32, "gap"),
            counted(1_usize, "gap"),
            counted(2_u64, "gap"),
        ];
        assert_eq!(told, ["0 gaps", "1 gap", "2 gaps"]);
    }

    proptest! {
        #[test]
        fn json_says_the_same_when_it_can_be_shown(text in any::<String>()) {
            let value = serde_json::json!({"a": text, text: [1]});
            for json in [value.to_string(), format!("{value:#}").replace('\n', "\r\n")] {
                let shown = visible_json(&json);
                let hostile = placed(&shown).any(|place| place.is_hostile(Lines::Many));
                prop_assert!(!hostile);
                let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
                prop_assert_eq!(&read, &value);
            }
        }

        #[test]
        fn what_is_shown_can_be_shown(text in any::<String>()) {
            let text = text.replace(REPLACEMENT, "");
            prop_assert_eq!(check(&visible(&text), Lines::Many), Ok(()));
            prop_assert_eq!(check(&visible_line(&text), Lines::One), Ok(()));
            let broken = visible_line(&text).contains(['\n', '\r', '\u{1b}']);
            prop_assert!(!broken);
        }

        #[test]
        fn what_may_be_typed_is_shown_as_it_is(text in "\\PC*") {
            if check(&text, Lines::Many).is_ok() {
                prop_assert!(matches!(visible(&text), Cow::Borrowed(shown) if shown == text));
            }
        }

        #[test]
        fn plain_names_are_compared_like_all_others(one in "[!-~]{0,3}", other in "[!-~]{0,3}") {
            prop_assert_eq!(alike(&one, &other), folded(&one) == folded(&other));
            prop_assert!(alike(&one, &one.to_uppercase()));
        }

        #[test]
        fn names_are_kept_in_one_form(text in any::<String>()) {
            let kept = name(&text);
            prop_assert_eq!(name(&kept), kept.as_str());
            prop_assert!(alike(&text, &kept));
            prop_assert_eq!(folded(&folded(&text)), folded(&text));
        }
    }
}
