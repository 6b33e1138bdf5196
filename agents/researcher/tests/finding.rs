//! What is found for a question, and what is not: each rule of the search over documents that a person can read.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aegis_agent_kit::testing::task;
use aegis_agent_researcher::agent::evidence;
use aegis_agent_researcher::corpus;
use aegis_agent_researcher::document::Document;
use aegis_agent_researcher::index::Index;
use aegis_agent_researcher::research::{Researched, research};
use aegis_agent_researcher::sources::{RawFile, parse};
use aegis_contracts::agent::AgentTask;
use aegis_contracts::changes::{ChangeRequest, Changes};
use aegis_contracts::findings::Depth;
use aegis_contracts::findings::Origin;

fn documents(texts: &[&str]) -> Vec<Document> {
    let file = |(number, text): (usize, &&str)| RawFile {
        uri: format!("s3://b/{number}.md"),
        bytes: text.as_bytes().to_vec(),
    };
    parse(texts.iter().enumerate().map(file).collect()).documents
}

fn ask(topic: &str, texts: &[&str]) -> Result<Researched, String> {
    let documents = documents(texts);
    let index = Index::build(&documents);
    research(topic, Depth::Standard, &documents, &index).map_err(|refused| refused.0)
}

fn passages(topic: &str, texts: &[&str]) -> Vec<String> {
    let found = ask(topic, texts).unwrap();
    found.evidence.into_iter().map(|e| e.passage).collect()
}

fn origin(found: &Researched, label: &str) -> Origin {
    let asked = found.asked.iter().find(|asked| asked.word == label);
    asked.unwrap().origin.clone()
}

const GARDEN: &str =
    "# Gardens\n\nRoses want sun, and they want water in the morning and a cut in early spring.\n";

#[test]
fn what_covers_the_topic_comes_before_what_repeats_a_word_of_it() {
    let cars = "# Cars\n\nA crash is a crash, and a crash of cars is a crash that ends in a crash of metal.\n";
    let databases = "# Databases\n\nAfter a crash the server replays its log, and so crash recovery needs no person.\n";
    let found = passages(
        "How does it recover after a crash?",
        &[cars, databases, GARDEN],
    );
    assert!(found[0].starts_with("After a crash"), "{found:?}");
    assert!(found.iter().all(|passage| !passage.starts_with("Roses")));
}

/// In a single document, a word that every passage has tells nothing.
#[test]
fn rare_words_weigh_most_in_one_document_too() {
    let mut text = "# The server\n\n".to_owned();
    for number in 0..30 {
        text.push_str(&format!(
            "## Part {number}\n\nThe server starts the server process, and the process of the server number {number} writes.\n\n"
        ));
    }
    text.push_str("## Heat\n\nAbove 70 degrees the watchdog halts the machine at once.\n");
    let found = passages("When does the watchdog stop the server process?", &[&text]);
    assert!(found[0].contains("watchdog"), "{found:?}");
}

#[test]
fn headings_count() {
    let text = "# Settings\n\n## vm.swappiness\n\nThe default is sixty, and the range goes up to two hundred.\n\n\
                ## vm.dirty_ratio\n\nThe default is twenty, and the range goes up to one hundred.\n";
    let found = passages("What is the default of swappiness?", &[text, GARDEN]);
    assert!(found[0].contains("sixty"), "{found:?}");
    let found = passages("What is the default of vm.dirty_ratio?", &[text, GARDEN]);
    assert!(found[0].contains("twenty"), "{found:?}");
}

/// The items of a list are found by the paragraph that introduces them, not only by its last sentence.
#[test]
fn items_are_found_by_what_introduces_them() {
    let items = "1. Readers go on while somebody writes, and somebody writes while readers go on; nobody waits for anybody else to finish, as was measured on many machines.\n\
                 2. A commit ends with one write in one place, at the end of a file that only grows until it is begun anew from its start, as was measured on many machines.\n\
                 3. Fewer calls wait for the disk, so that a disk which lies about them does less harm than it would do otherwise, as was measured on many machines.\n";
    let text = format!(
        "# Modes\n\nThe log that is written ahead has advantages over the rollback journal, which was the only one for a long time \
                        and which is, for all that has been said about it in this place and in others, still what a new database begins with unless somebody asks for the other. Both are files beside the database, and both are gone once the last of its users has closed it in peace and without an error. Both are files beside the database, and both are gone once the last of its users has closed it in peace and without an error. They are these:\n\n{items}"
    );
    let found = passages("Advantages over the rollback journal?", &[&text, GARDEN]);
    assert!(found.iter().any(|p| p.contains("Fewer calls")), "{found:?}");
}

#[test]
fn a_misspelt_word_is_found_and_named() {
    let text = "# Cleaning\n\nGarbage is collected each night. Garbage of the day waits.\n\n## When\n\nThe collection of garbage takes an hour.\n\n\
                ## Where\n\nGarbage lies in the yard, behind the house.\n";
    let found = ask("When is garbge collected?", &[text, GARDEN]).unwrap();
    assert!(found.evidence[0].passage.contains("arbage"));
    let word = "garbage".to_owned();
    assert_eq!(origin(&found, "garbge"), Origin::MisspeltFor { word });
}

#[test]
fn what_the_question_was_asked_for_need_not_be_in_the_documents() {
    let text = "# Connections\n\nNew connections are queued when all workers are busy, up to the backlog.\n";
    for topic in [
        "INC-20931: what happens to new connections when all workers are busy?",
        "For the Contoso Falcon project: what happens to new connections?",
        "What happens to new connections, 20931?",
    ] {
        let found = passages(topic, &[text, GARDEN]);
        assert!(found[0].contains("queued"), "{topic}: {found:?}");
    }
}

#[test]
fn abbreviations_stand_for_what_documents_explain() {
    let glossary =
        "# Words\n\nA change first goes to the write-ahead log (WAL), which is kept on disk.\n";
    let text = "# Repair\n\nFor repair the server reads its write-ahead log from the last checkpoint on.\n";
    let found = ask(
        "What is the WAL read for in repair?",
        &[glossary, text, GARDEN],
    )
    .unwrap();
    let first = &found.evidence[0].passage;
    assert!(first.contains("reads its write-ahead log"), "{first}");
    let words = "write-ahead log".to_owned();
    assert_eq!(origin(&found, "WAL"), Origin::AbbreviationOf { words });
    // Nobody explains BAR, however many words begin so.
    let text = "# Bars\n\nA bar is served at the bar, and the bar of the bar is open.\n";
    let refused = ask(
        "Why is it big although I removed all of the rows?",
        &[text, GARDEN],
    );
    assert!(refused.unwrap_err().contains("no document mentions"));
}

#[test]
fn an_abbreviation_of_several_things_stands_for_itself() {
    let machines = "# Machines\n\nEach virtual machine (VM) has a disk, and a virtual machine has a card for the network.\n";
    let memory = "# Memory\n\nThe subsystem of the virtual memory (VM) is tuned here.\n\n## vm.swappiness\n\nIt controls how soon pages are swapped.\n";
    let found = ask("What does the VM do with pages?", &[machines, memory]).unwrap();
    assert_eq!(origin(&found, "VM"), Origin::AsWritten);
    // A part of a name is a name, whatever else it is short for.
    let found = ask(
        "What does vm.swap_pages control?",
        &[machines, GARDEN, memory],
    )
    .unwrap();
    assert_eq!(origin(&found, "vm"), Origin::AsWritten);
}

#[test]
fn a_number_and_initials_stand_for_words_that_documents_often_have() {
    let says = |what: &str| format!("# Part\n\nThe two-phase commit {what} in the server.\n");
    let texts = ["waits", "prepares", "ends"].map(says);
    let unwise = "# Dangers\n\nThe two-phase commit holds its locks, a danger to others.\n";
    let found = ask(
        "What are the dangers of 2PC?",
        &[&texts[0], &texts[1], &texts[2], unwise, GARDEN],
    );
    let found = found.unwrap();
    assert!(found.evidence[0].passage.contains("holds its locks"));
    let words = "two phase commit".to_owned();
    assert_eq!(origin(&found, "2PC"), Origin::AbbreviationOf { words });
}

#[test]
fn words_that_only_ask_are_not_looked_for() {
    let text = "# Tarif\n\nDer neue Tarif gilt ab Januar. Er kommt nach der Sitzung.\n";
    let english = "# Tariff\n\nThe new tariff holds from January. The board has met on it.\n";
    let japanese = "# 料金\n\n新しい料金は一月から適用されます。\n";
    for (topic, text, asked) in [
        ("Ab wann gilt der Tarif?", text, &["gilt", "Tarif"][..]),
        ("Wofür gilt der Tarif?", text, &["gilt", "Tarif"]),
        (
            "Although it may cost, must the tariff hold?",
            english,
            &["cost", "tariff", "hold"],
        ),
        ("What is the impact of the tariff?", english, &["tariff"]),
        ("料金は何時から適用されますか", japanese, &["料金", "適用"]),
    ] {
        let found = ask(topic, &[text, text]).unwrap();
        let words: Vec<&str> = found
            .asked
            .iter()
            .map(|asked| asked.word.as_str())
            .collect();
        assert_eq!(words, asked, "{topic}");
    }
}

#[test]
fn a_verb_is_found_in_its_other_forms() {
    for (topic, other, text, answer) in [
        (
            "How long are invoices kept?",
            "# Paper\n\nInvoices are printed, and the invoices are signed by hand.\n",
            "# Archive\n\nWe keep all invoices for seven years.\n",
            "seven",
        ),
        (
            "Was kostet ein Stellplatz?",
            "# Plätze\n\nEin Stellplatz liegt am See, ein Stellplatz am Wald.\n",
            "# Preise\n\nDie Kosten je Stellplatz sind zwölf Euro am Tag.\n",
            "zwölf",
        ),
        (
            "Wie lange dauert die Prüfung?",
            "# Anmeldung\n\nZur Prüfung meldet man sich an, und die Prüfung ist im Mai.\n",
            "# Ablauf\n\nPrüfungen dauern zwei Stunden mit einer Pause.\n",
            "zwei Stunden",
        ),
    ] {
        let found = passages(topic, &[other, text, other]);
        assert!(found[0].contains(answer), "{topic}: {found:?}");
    }
}

#[test]
fn another_word_with_the_same_beginning_is_not_the_word() {
    let text =
        "# Functions\n\nServerless functions are small, and serverless functions are cheap.\n";
    let refused = ask("Which server runs the backup?", &[text, GARDEN]);
    assert!(
        refused
            .unwrap_err()
            .contains("no document mentions “server”")
    );
}

/// What answers a question says it in words that the question does not have.
#[test]
fn what_answers_comes_before_what_only_names_the_same() {
    for (topic, names, answers) in [
        (
            "How does the diesel pump compare with the electric pump?",
            "The diesel pump and the electric pump stand in the yard, and the electric pump is blue.",
            "An advantage of the electric pump is silence; the diesel pump is a drawback at night.",
        ),
        (
            "When should the electric pump not be used?",
            "The electric pump is used in the yard, and it is blue.",
            "Avoid using the electric pump where water stands.",
        ),
        (
            "How long does the electric pump run?",
            "The electric pump runs well and in silence.",
            "An electric pump runs for nine hours and is then charged again.",
        ),
        (
            "Wie lange läuft die Pumpe?",
            "Die Pumpe läuft gut und leise.",
            "Die Pumpe läuft neun Stunden und muss dann ruhen.",
        ),
    ] {
        let text = |text: &str| format!("# Pump\n\n{text}\n");
        let found = passages(topic, &[&text(names), &text(answers), GARDEN]);
        assert_eq!(found[0], answers, "{topic}");
    }
    // Even where the words of the question stand in the heading only.
    let text = "# Rules\n\n## Return of a pump\n\nGive it back clean: small ones within 2 days, large ones within 10 days.\n\n\
                ## Rent\n\nA pump waits in the yard for whoever rents a pump.\n";
    let found = passages("How long until the return of a pump?", &[text, GARDEN]);
    assert!(found[0].contains("10 days"), "{found:?}");
}

/// A document about other things, so that what other documents say is rare.
fn elsewhere() -> String {
    let mut text = "# Elsewhere\n\n".to_owned();
    for number in 0..200 {
        text.push_str(&format!(
            "## Bed {number}\n\nRoses{number} want sun{number} and water{number} in the morning, and a cut in spring.\n\n"
        ));
    }
    text
}

/// What answers one question of two is not pushed out by what names a little of both.
#[test]
fn each_question_of_a_topic_is_served() {
    let log = |day: usize| {
        format!(
            "# Day {day}\n\nThe firm came to start the boiler of house {day}, and passed the lift with tool {day}{day}.\n"
        )
    };
    let mut texts: Vec<String> = (1..20).map(log).collect();
    texts.push("# People\n\nAnna Berg repairs the lift.\n".to_owned());
    texts.push(elsewhere());
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let topic = "How does the firm start the boiler of a house, and who repairs the lift?";
    let found = passages(topic, &texts);
    assert!(found.iter().any(|p| p.contains("Anna Berg")), "{found:#?}");
}

#[test]
fn words_far_from_each_other_are_no_subject_where_one_is_unknown() {
    let text = "# Library\n\n## Storage\n\nThe default is a file on the disk of the reader.\n\n\
                ## Embedding\n\nEach port of the library is tested by default.\n\n\
                ## Servers\n\nA server is not needed, as the library is a part of the program.\n";
    let topic = "What is the default port, password and certificate of the server?";
    let refused = ask(topic, &[text, GARDEN]).unwrap_err();
    assert!(
        refused.contains("no document mentions “password”"),
        "{refused}"
    );
}

/// However few passages there are, words that all of them have are no reason to refuse.
#[test]
fn a_short_document_is_not_refused_for_saying_its_subject_everywhere() {
    let rotation = "# Key rotation\n\nKeys are rotated every ninety days by the platform team.\n\n\
                    The rotation of keys takes four hours.\n";
    let how = "# How we rotate keys\n\nWe rotate keys every ninety days.\n";
    for (topic, text) in [
        ("key rotation", rotation),
        ("How do we rotate keys?", how),
        ("How often are keys rotated?", rotation),
        ("keys", how),
    ] {
        let found = passages(topic, &[text]);
        let says = |passage: &String| passage.contains("every ninety days");
        assert!(found.iter().any(says), "{topic}: {found:?}");
    }
}

#[test]
fn a_strange_word_in_a_long_topic_does_not_refuse_the_rest() {
    let topic = "Impact of quantum computing on cryptography, Shor's algorithm, RSA, elliptic curves and hybrid key \
                 exchange in TLS (case a9055f8ae4, 1999)";
    let articles = parse(corpus::articles()).documents;
    let index = Index::build(&articles);
    assert!(research(topic, Depth::Standard, &articles, &index).is_ok());
}

#[test]
fn sources_that_contradict_each_other_are_both_kept() {
    let says = |tonnes: &str| {
        format!(
            "# Compost\n\nThe town composts {tonnes} tonnes of garden waste in the year, in the yard behind the mill.\n"
        )
    };
    let found = passages(
        "How much garden waste does the town compost?",
        &[&says("40"), &says("12"), &says("12")],
    );
    assert_eq!(found.len(), 2, "and the copy is dropped: {found:?}");
    let not = "# Compost\n\nGarden waste may be burnt behind the mill in autumn.\n";
    let may = "# Compost\n\nGarden waste may not be burnt behind the mill in autumn.\n";
    assert_eq!(passages("May garden waste be burnt?", &[not, may]).len(), 2);
}

#[test]
fn questions_in_other_languages_are_answered() {
    for (topic, text, answer) in [
        (
            "Wie lange werden Protokolldaten aufbewahrt?",
            "# Aufbewahrung\n\nDie Protokolldaten bewahren wir neunzig Tage auf. Danach werden sie gelöscht.\n\n# Garten\n\nRosen brauchen Sonne.\n",
            "neunzig",
        ),
        (
            "規定のプリンターは何に基づいて設定されますか",
            "# 印刷\n\nこのツールは使用場所に基づいて規定のプリンターを設定します。\n\n# 庭\n\nバラには日光が必要です。\n",
            "使用場所",
        ),
        (
            "数据保留期是多少天？",
            "# 数据\n\n数据的保留期为三十天。过期后会自动删除。\n\n# 花园\n\n玫瑰需要阳光和水。\n",
            "三十天",
        ),
    ] {
        let found = passages(topic, &[text]);
        assert!(found[0].contains(answer), "{topic}: {found:?}");
    }
    let refused = ask("数据保留期是多少天？", &[GARDEN]).unwrap_err();
    assert_eq!(
        refused.matches("“保留”").count(),
        1,
        "each word once: {refused}"
    );
}

#[test]
fn a_refusal_says_what_is_true() {
    let text = "# Ports\n\nThe port of the town has two cranes. The password of the harbour master is a secret.\n";
    let refused = ask(
        "Which cryptography does the port's quantum telescope use?",
        &[text, GARDEN],
    )
    .unwrap_err();
    assert!(
        refused.contains("the closest, “Ports”, mentions “port's”"),
        "{refused}"
    );
    let (_, unknown) = refused.split_once("no document mentions").unwrap();
    assert!(
        unknown.contains("“quantum”") && !unknown.contains("port"),
        "{refused}"
    );
}

#[test]
fn another_search_adds_what_the_approvers_ask_for_and_loses_nothing() {
    let articles = || parse(corpus::articles());
    let mut task = task("research", "How do heat pumps work?", "");
    let passages = |task: &AgentTask| -> Vec<String> {
        let found = evidence(task, articles()).unwrap().evidence;
        let ids = (1..=found.len()).map(|number| format!("e{number}"));
        assert!(found.iter().map(|e| e.id.clone()).eq(ids));
        found.into_iter().map(|e| e.passage).collect()
    };
    let before = passages(&task);
    let terms = ["lattice", "no such thing anywhere"];
    task.feedback = vec![ChangeRequest {
        shows: "analyze".parse().unwrap(),
        revision: 0,
        comment: None,
        changes: Changes {
            terms: terms.map(str::to_owned).into(),
            search_again: true,
            ..Changes::default()
        },
    }];
    let after = passages(&task);
    assert_eq!(after[..before.len()], before);
    let lattices = after[before.len()..].iter();
    assert!(
        lattices.filter(|text| text.contains("lattice")).count() > 1,
        "{after:#?}"
    );
}
