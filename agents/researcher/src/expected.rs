//! What an answer of the question's kind is likely to say, in other words than the question's.

use std::collections::BTreeSet;

use aegis_agent_kit::text::words;

use crate::index::{Index, Term};

/// What a question of a kind says, and what its answers say. A phrase stands for its words in a row.
struct Kind {
    asked: &'static str,
    answers: &'static str,
}

const KINDS: [Kind; 3] = [
    // What sets things apart?
    Kind {
        asked: "difference, differences, differ, compare, compared, comparison, versus, vs, better, instead of, rather than, \
            unterschied, unterschiede, unterscheiden, vergleich, besser, statt, 区别, 比较, 违い, 違い, 比較",
        answers: "advantage disadvantage benefit drawback faster slower unlike whereas contrast instead tradeoff \
            Vorteil Nachteil schneller langsamer hingegen dagegen stattdessen 优点 缺点 相比 利点 欠点 一方",
    },
    // What to keep away from?
    Kind {
        asked: "danger, dangers, dangerous, risk, risks, avoid, should not, must not, not be used, not use, pitfall, pitfalls, drawback, \
            drawbacks, disadvantage, disadvantages, gefahr, gefahren, risiko, risiken, nachteil, nachteile, vermeiden, 危险, \
            风险, 缺点, 避免, 危険, 欠点",
        answers: "avoid unwise caution warning beware danger risk unsafe careful disadvantage drawback vermeiden Vorsicht Gefahr Risiko \
            Nachteil 危险 避免 注意 缺点 危険 欠点",
    },
    // How long, how often?
    Kind {
        asked: "how long, how often, how soon, wie lange, wie oft, 多久, 多长, 几天, 何日, 何時間, どのくらい",
        answers: "second minute hour day week month year Sekunde Minute Stunde Tag Woche Monat Jahr 秒 分钟 小时 天 周 月 年 時間 日 週間",
    },
];

/// Terms of the documents that answers of the question's kinds say, one list for each kind.
pub fn expected(topic: &str, index: &Index) -> Vec<BTreeSet<Term>> {
    let asked: Vec<String> = words(topic).map(str::to_lowercase).collect();
    let says = |phrase: &str| {
        let phrase: Vec<&str> = phrase.trim().split(' ').collect();
        asked.windows(phrase.len()).any(|some| some == phrase)
    };
    let kinds = KINDS.iter().filter(|kind| kind.asked.split(',').any(says));
    let terms = kinds.map(|kind| {
        kind.answers
            .split_whitespace()
            .flat_map(|word| index.terms(word))
            .collect()
    });
    terms
        .filter(|terms: &BTreeSet<Term>| !terms.is_empty())
        .collect()
}
