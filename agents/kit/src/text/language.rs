//! In which language a text is written, and what follows from that: stop words, fillers and the stemmer.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rust_stemmers::Algorithm;

use super::script::{is_han, is_kana};
use super::words::words;

/// Words that are looked at, from the beginning of a text.
const LOOKED_AT: usize = 2_000;
/// Share of kana from which a text in Chinese characters is Japanese.
const KANA: f64 = 0.08;

/// A language whose words can be brought to their stem, or one that is written without spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    English,
    Arabic,
    Chinese,
    Danish,
    Dutch,
    Finnish,
    French,
    German,
    Greek,
    Hungarian,
    Italian,
    Japanese,
    Norwegian,
    Portuguese,
    Romanian,
    Russian,
    Spanish,
    Swedish,
    Turkish,
}

/// All that are told apart by their stop words. Of equals the first.
const BY_STOP_WORDS: [Language; 17] = [
    Language::English,
    Language::Arabic,
    Language::Danish,
    Language::Dutch,
    Language::Finnish,
    Language::French,
    Language::German,
    Language::Greek,
    Language::Hungarian,
    Language::Italian,
    Language::Norwegian,
    Language::Portuguese,
    Language::Romanian,
    Language::Russian,
    Language::Spanish,
    Language::Swedish,
    Language::Turkish,
];

/// Words that carry grammar, or only ask, and are in no list of the crate.
const ENGLISH: &str = "although though unless whether without within upon via per among across toward towards despite since also \
    else ever however therefore thus hence otherwise yet already may might must could would shall cannot let us rather";
const GERMAN: &str = "ab beim wann warum wieso weshalb wofür wozu woher wohin worin wovon wodurch womit woran worauf daran darauf \
    daraus darin davon dafür dagegen danach dabei dadurch hierfür sowie bzw falls obwohl je pro seit außer innerhalb darf dürfen \
    müssen soll sollen sollten wurde wurden worden mehr bereits";
const FRENCH: &str = "combien quand pourquoi comment où quel quelle quels quelles lequel laquelle";
const SPANISH: &str = "cuánto cuánta cuántos cuántas cuándo cuál cuáles dónde cómo qué por";
const ITALIAN: &str = "quanto quanta quanti quante quando perché come dove quale quali";
const PORTUGUESE: &str = "quanto quanta quantos quantas quando porque como onde qual quais";
const DUTCH: &str = "hoeveel wanneer waarom hoe waar welke welk";
/// Japanese; those of up to three hiragana are left out as a kind.
const JAPANESE: &str = "何 時 場合 事 物 者 私 彼 何故 可能 必要 方法 説明 違い 何時 何日 何年 何人 何個 何度 何回 何処 誰 幾つ \
    いくつか どのくらい どれくらい どのように どうして どうやって";
const CHINESE: &str = "的 了 是 在 有 和 与 或 就 都 而 及 着 把 被 对 对于 从 到 这 那 这个 那个 哪 哪些 什么 怎么 怎样 如何 \
    为什么 为 吗 呢 吧 我 你 他 她 它 我们 你们 他们 也 很 会 能 可以 应该 一个 个 中 上 下 不 没有 之 其 以 由 时 请 多少 几 \
    何时 何地 多久 多长 多大 哪里 哪儿 谁 几个 几天 几次 的是 哪个 是否 那么 并 但 但是 如果 因为 所以 還是 這 個 為 為什麼 什麼 嗎 對 從 會 沒有 應該";

/// Words of questions and orders that say little about a subject, as people write them.
const ENGLISH_FILLERS: &str = "about analyse analysis analyze article aspect aspects best compare comparison current describe \
    detail detailed details difference differences different discuss does effect effects evaluate example examples explain \
    future get good guide happen happens help impact impacts implication implications important influence introduction latest \
    long main make many mean means much need new often overview possible pros question report research role should state study \
    summarise summarize summary take tell today topic use used using want way work works several various";
const GERMAN_FILLERS: &str = "beispiel beispiele besten beschreibe braucht brauche brauchen bedeutet erkläre erklären erreiche \
    funktioniert genau geht gibt lange macht möglich nutzen oft richtig überblick unterschied unterschiede verwenden viel viele \
    warum wichtig wann wofür wozu zusammenfassung";
const CHINESE_FILLERS: &str =
    "多久 多长 作用 方法 需要 使用 进行 怎么样 介绍 说明 区别 意思 目录下";

impl Language {
    /// The language of a text, by its script and its stop words. Nothing where neither tells, as in `BORG_CACHE_DIR`.
    pub fn of(text: &str) -> Option<Self> {
        Self::among(text, &BY_STOP_WORDS)
    }

    /// As [`Language::of`], of these alone, for a question that is too short to be sure of: whoever asks writes in a
    /// language of the documents.
    pub fn among(text: &str, candidates: &[Self]) -> Option<Self> {
        if let Some(language) = by_script(text) {
            return Some(language);
        }
        let mut counts: BTreeMap<Self, usize> = BTreeMap::new();
        for word in words(text).take(LOOKED_AT) {
            if let Some(languages) = STOP_WORDS.get(word.to_lowercase().as_str()) {
                for language in languages {
                    *counts.entry(*language).or_default() += 1;
                }
            }
        }
        let known = counts.into_iter().filter(|(l, _)| candidates.contains(l));
        let most = known.max_by_key(|(language, count)| (*count, std::cmp::Reverse(*language)));
        most.map(|(language, _)| language)
    }

    fn code(self) -> Option<(&'static str, Algorithm)> {
        Some(match self {
            Self::English => ("en", Algorithm::English),
            Self::Arabic => ("ar", Algorithm::Arabic),
            Self::Danish => ("da", Algorithm::Danish),
            Self::Dutch => ("nl", Algorithm::Dutch),
            Self::Finnish => ("fi", Algorithm::Finnish),
            Self::French => ("fr", Algorithm::French),
            Self::German => ("de", Algorithm::German),
            Self::Greek => ("el", Algorithm::Greek),
            Self::Hungarian => ("hu", Algorithm::Hungarian),
            Self::Italian => ("it", Algorithm::Italian),
            Self::Norwegian => ("no", Algorithm::Norwegian),
            Self::Portuguese => ("pt", Algorithm::Portuguese),
            Self::Romanian => ("ro", Algorithm::Romanian),
            Self::Russian => ("ru", Algorithm::Russian),
            Self::Spanish => ("es", Algorithm::Spanish),
            Self::Swedish => ("sv", Algorithm::Swedish),
            Self::Turkish => ("tr", Algorithm::Turkish),
            Self::Chinese | Self::Japanese => return None,
        })
    }

    pub(super) fn stemmer(self) -> Option<Algorithm> {
        self.code().map(|(_, algorithm)| algorithm)
    }

    /// Words that carry grammar and no subject, in lower case.
    pub(super) fn stop_words(self) -> Vec<&'static str> {
        match self {
            Self::Chinese => CHINESE.split_whitespace().collect(),
            Self::Japanese => JAPANESE.split_whitespace().collect(),
            _ => {
                let crates = self.code().map(|(code, _)| stop_words::get(code));
                let crates = crates.into_iter().flatten().copied();
                crates.chain(self.more().split_whitespace()).collect()
            }
        }
    }

    fn more(self) -> &'static str {
        match self {
            Self::English => ENGLISH,
            Self::German => GERMAN,
            Self::French => FRENCH,
            Self::Spanish => SPANISH,
            Self::Italian => ITALIAN,
            Self::Portuguese => PORTUGUESE,
            Self::Dutch => DUTCH,
            _ => "",
        }
    }

    pub(super) fn fillers(self) -> impl Iterator<Item = &'static str> {
        let list = match self {
            Self::English => ENGLISH_FILLERS,
            Self::German => GERMAN_FILLERS,
            Self::Chinese => CHINESE_FILLERS,
            _ => "",
        };
        list.split_whitespace()
    }
}

fn by_script(text: &str) -> Option<Language> {
    let (mut han, mut kana, mut others) = (0_usize, 0_usize, 0_usize);
    for c in text.chars().filter(|c| c.is_alphabetic()).take(20_000) {
        if is_kana(c) {
            kana += 1;
        } else if is_han(c) {
            han += 1;
        } else {
            others += 1;
        }
    }
    let both = han + kana;
    // A character of theirs says about as much as three letters.
    if both == 0 || both * 3 < others {
        return None;
    }
    let japanese = kana as f64 >= KANA * both as f64;
    Some(if japanese {
        Language::Japanese
    } else {
        Language::Chinese
    })
}

static STOP_WORDS: LazyLock<BTreeMap<&'static str, Vec<Language>>> = LazyLock::new(|| {
    let mut words: BTreeMap<&'static str, Vec<Language>> = BTreeMap::new();
    for language in BY_STOP_WORDS {
        for word in language.stop_words() {
            words.entry(word).or_default().push(language);
        }
    }
    words
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_by_their_small_words() {
        for (text, language) in [
            ("When should it not be used?", Some(Language::English)),
            (
                "Wie halte ich ein Paket auf seiner Version fest?",
                Some(Language::German),
            ),
            ("Quelle est la taille de la table ?", Some(Language::French)),
            (
                "規定のプリンターは何に基づいて設定されますか",
                Some(Language::Japanese),
            ),
            ("setgid 位对目录有什么作用？", Some(Language::Chinese)),
            ("BORG_FILES_CACHE_TTL", None),
        ] {
            assert_eq!(Language::of(text), language, "{text}");
        }
    }

    #[test]
    fn a_question_is_in_a_language_of_the_documents() {
        let text = "de vacuum";
        let candidates = [Language::English, Language::German];
        assert_eq!(Language::among(text, &candidates), None);
    }
}
