//! Sentences that cannot be understood without the one before them, and sentences that say nothing themselves.

/// Words at the beginning of a sentence that point to the sentence before it. In lower case; scripts with spaces have one behind.
const LEANING: &[&str] = &[
    "this ",
    "these ",
    "that ",
    "those ",
    "it ",
    "its ",
    "they ",
    "their ",
    "them ",
    "he ",
    "she ",
    "such ",
    "however",
    "but ",
    "therefore",
    "thus",
    "hence",
    "moreover",
    "furthermore",
    "in addition",
    "for example",
    "for instance",
    "as a result",
    "in this ",
    "in that ",
    "in such ",
    "also ",
    "instead",
    "otherwise",
    "similarly",
    "likewise",
    "consequently",
    "conversely",
    "then ",
    "so ",
    "and ",
    "or ",
    "yet ",
    "again ",
    "again,",
    "in fact",
    "both ",
    "in both ",
    "in either ",
    "neither ",
    "the other ",
    "the reason is ",
    "another reason ",
    "the latter",
    "the former",
    "the same ",
    "if this ",
    "if so ",
    "if so,",
    "if not ",
    "if not,",
    "when this ",
    "by doing ",
    "doing so",
    "to do this",
    "to do so",
    "for this ",
    "because of this",
    "in other words",
    "here ",
    "there it ",
    "accordingly",
    "that's ",
    "it's ",
    "dies",
    "jene",
    "es ",
    "er ",
    "sein ",
    "ihr ",
    "jedoch",
    "aber ",
    "doch ",
    "daher",
    "deshalb",
    "dadurch",
    "damit ",
    "dann ",
    "dabei",
    "dazu",
    "hierbei",
    "hierzu",
    "hierfür",
    "außerdem",
    "zudem",
    "ebenso",
    "zum beispiel",
    "andernfalls",
    "sonst ",
    "somit",
    "also ",
    "dort ",
    "solche",
    "letztere",
    "beide ",
    "allerdings",
    "folglich",
    "in diesem ",
    "これ",
    "それ",
    "この",
    "その",
    "また",
    "しかし",
    "ただし",
    "したがって",
    "さらに",
    "そこで",
    "例えば",
    "つまり",
    "さもなければ",
    "そうでなければ",
    "そうすれば",
    "这",
    "在这",
    "对此",
    "由此",
    "该",
    "其",
    "它",
    "但",
    "因此",
    "所以",
    "此外",
    "另外",
    "例如",
    "否则",
    "然而",
    "同样",
    "于是",
];

/// Behind these a pronoun means something in the sentence before.
const PREPOSITIONS: [&str; 17] = [
    "in", "on", "at", "with", "without", "by", "for", "from", "of", "after", "before", "as",
    "when", "if", "because", "while", "until",
];
const POINTING: [&str; 4] = ["this", "these", "those", "such"];

/// What a heading names and the sentences below it only point to.
const NAMED_ABOVE: [&str; 14] = [
    "directive",
    "option",
    "parameter",
    "setting",
    "command",
    "function",
    "method",
    "module",
    "variable",
    "field",
    "flag",
    "feature",
    "pragma",
    "class",
];

/// Sentences about the document instead of the matter.
const ABOUT_ITSELF: &[&str] = &[
    "see section",
    "see chapter",
    "see also",
    "described in",
    "this section",
    "this chapter",
    "this article",
    "this document",
    "this page",
    "listed below",
    "the above ",
    "as mentioned",
    "as described",
    "the following example",
    "following sections",
    "table of contents",
    "siehe auch",
    "dieses kapitel",
    "dieser abschnitt",
    "本章",
];

/// Whether a sentence can hardly be understood without the one before it.
pub fn leans(text: &str) -> bool {
    let text = text.trim_start_matches(['(', '“', '"', '„', '「', '‘']);
    let lower = text.to_lowercase();
    // A word of a program may begin a sentence, another word in lower case is the rest of one.
    let first = lower.split(' ').next().unwrap_or_default();
    let rest = text.starts_with(char::is_lowercase) && first.chars().all(char::is_alphabetic);
    rest || points_back(&lower)
        || leans_on_heading(text)
        || LEANING.iter().any(|start| lower.starts_with(start))
}

/// Whether a sentence points to what its heading names: `Use this option only if …`
pub fn leans_on_heading(text: &str) -> bool {
    let lower = format!(" {}", text.to_lowercase());
    let named = |noun: &&str| lower.contains(&format!(" this {noun}"));
    NAMED_ABOVE.iter().any(named)
}

/// Whether a word of a heading only says what kind of thing the others name: `KeepAlive Directive`.
pub fn names_a_kind(word: &str) -> bool {
    NAMED_ABOVE.contains(&word.to_lowercase().as_str())
}

/// `With this instruction, …`, `Once reaching this limit …`, `In the above queries …`
fn points_back(lower: &str) -> bool {
    let words: Vec<&str> = lower.split([' ', ',']).take(4).collect();
    let pointing = words.iter().any(|word| POINTING.contains(word));
    let behind = |places: &[&str], pronouns: &[&str]| {
        let mut pairs = words.windows(2).take(2);
        pairs.any(|pair| places.contains(&pair[0]) && pronouns.contains(&pair[1]))
    };
    pointing
        || behind(&PREPOSITIONS, &["it", "them", "they"])
        || behind(&["the"], &["above", "latter", "former"])
        || [
            "both of these",
            "all of these",
            "each of these",
            "of these values",
        ]
        .iter()
        .any(|cue| lower.contains(cue))
}

/// Whether a sentence only sends its reader to another place.
pub fn is_reference(text: &str) -> bool {
    let lower = text.trim_start_matches(['(', '[']).to_lowercase();
    [
        "see ",
        "refer to ",
        "siehe ",
        "vgl. ",
        "参见",
        "参照",
        "详见",
        "请参阅",
    ]
    .iter()
    .any(|start| lower.starts_with(start))
}

/// Whether a sentence tells of the document, not of the matter.
pub fn about_itself(text: &str) -> bool {
    let lower = text.to_lowercase();
    ABOUT_ITSELF.iter().any(|cue| lower.contains(cue))
}
