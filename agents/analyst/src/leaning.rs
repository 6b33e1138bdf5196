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
    "neither ",
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

const PREPOSITIONS: [&str; 29] = [
    "in", "on", "at", "with", "without", "by", "for", "from", "of", "after", "before", "during",
    "under", "to", "as", "when", "if", "because", "while", "since", "until", "through", "despite",
    "like", "unlike", "using", "given", "all", "once",
];
const POINTING: [&str; 8] = [
    "this", "these", "that", "those", "such", "it", "them", "they",
];

/// What a heading names and the sentences below it only point to: `Use this option only if …`
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
    let inside = |noun: &&str| lower.contains(&format!(" this {noun}"));
    rest || points_back(&lower)
        || NAMED_ABOVE.iter().any(inside)
        || LEANING.iter().any(|start| lower.starts_with(start))
}

/// `With this instruction, …`, `After these steps …`, `In the above queries …`
fn points_back(lower: &str) -> bool {
    let mut words = lower.split(' ');
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    let third = words.next().unwrap_or_default();
    PREPOSITIONS.contains(&first)
        && (POINTING.contains(&second.trim_end_matches(','))
            || (["the", "all"].contains(&second)
                && ["above", "same", "latter", "former", "these", "this"].contains(&third)))
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
