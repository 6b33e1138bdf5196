//! What the analyst chooses and compares, over small evidence made by hand.

use aegis_agent_analyst::analysis::analyse;
use aegis_contracts::findings::Depth;
use aegis_contracts::findings::{
    AnalysisFile, Claim, Evidence, EvidenceFile, Finding, PassageKind, Stance,
};
use aegis_contracts::ids::WorkflowId;

fn passage(kind: PassageKind, lead: Option<&str>, heading: &str, passage: &str) -> Evidence {
    Evidence {
        id: String::new(),
        source: String::new(),
        title: String::new(),
        headings: vec![heading.to_owned()],
        location: format!("{heading}, paragraph 1"),
        kind,
        lead: lead.map(str::to_owned),
        passage: passage.to_owned(),
        score: 1.0,
    }
}

fn paragraph(heading: &str, text: &str) -> Evidence {
    passage(PassageKind::Paragraph, None, heading, text)
}

/// Each passage is of a document of its own.
fn asked(topic: &str, passages: Vec<Evidence>) -> AnalysisFile {
    let numbered = (1..).zip(passages).map(|(number, passage)| Evidence {
        id: format!("e{number}"),
        source: format!("s3://b/{number}.md"),
        title: format!("Document {number}"),
        ..passage
    });
    let file = EvidenceFile {
        schema_version: 1,
        workflow_id: WorkflowId::derive("test", topic),
        topic: topic.to_owned(),
        depth: Depth::Comprehensive,
        documents_read: 9,
        passages_ranked: 90,
        asked: Vec::new(),
        evidence: numbered.collect(),
        unreadable: Vec::new(),
        documents_unread: 0,
        losses: Vec::new(),
    };
    analyse(&file, 0, None)
}

fn claims(analysis: &AnalysisFile) -> Vec<&Claim> {
    analysis
        .findings
        .iter()
        .flat_map(|finding| &finding.claims)
        .collect()
}

fn nothing_differs(analysis: &AnalysisFile) {
    let differs = |finding: &Finding| finding.stance == Stance::Disagreement;
    assert!(!analysis.findings.iter().any(differs), "{analysis:#?}");
}

#[test]
fn the_sentence_that_answers_comes_first_in_every_language() {
    let cases = [
        (
            "Why does the server write full pages to the log after a checkpoint?",
            "The server keeps a log of all changes. After a checkpoint the server writes full pages to the log. This is needed \
             because a page may be torn by a crash. The log is stored in a folder of its own.",
            "After a checkpoint the server writes full pages to the log. This is needed because a page may be torn by a crash.",
        ),
        (
            "Wie lange werden Protokolldaten aufbewahrt?",
            "Der Dienst schreibt Protokolle. Die Protokolldaten werden 30 Tage lang aufbewahrt. Danach löscht sie ein Auftrag in der Nacht.",
            "Die Protokolldaten werden 30 Tage lang aufbewahrt.",
        ),
        (
            "バックアップはどのくらい保存されますか",
            "このサービスはデータを守ります。バックアップは三十日間保存されます。利用者はいつでも申請できます。",
            "バックアップは三十日間保存されます。",
        ),
        (
            "备份保留多少天？",
            "系统每天运行任务。备份保留30天。用户可以随时提出申请。",
            "备份保留30天。",
        ),
        (
            "Is it possible to move a vault?",
            "No, it is not. A vault cannot be moved between regions. Vaults have names.",
            "No, it is not. A vault cannot be moved between regions.",
        ),
    ];
    for (question, text, answer) in cases {
        let other = paragraph("Weather", "Rain fell on the hills for most of the week.");
        let analysis = asked(question, vec![paragraph("Service", text), other]);
        assert_eq!(claims(&analysis)[0].text, answer, "{question}");
        // What names nothing of the question is not said at all.
        assert!(
            claims(&analysis).iter().all(|claim| claim.evidence == "e1"),
            "{analysis:#?}"
        );
    }
}

#[test]
fn items_rows_and_code_are_claimed_with_what_introduces_them() {
    let header = "Item | Upper limit";
    let before = "To undo the latest commit and to keep the edits:";
    let passages = vec![
        passage(
            PassageKind::Row,
            Some(header),
            "Limits",
            "relation size | 32 TB\ncolumns per table | 1,600",
        ),
        passage(
            PassageKind::Code,
            Some(before),
            "Undo",
            "git reset --soft HEAD^\n\ngit commit",
        ),
        paragraph(
            "Backups",
            "The backups are kept as follows:\nDaily backups: 30 days\nWeekly backups: one year",
        ),
    ];
    for (question, text, lead) in [
        (
            "How many columns can a table have?",
            "columns per table | 1,600",
            header,
        ),
        (
            "How do I undo the latest commit?",
            "git reset --soft HEAD^\n\ngit commit",
            before,
        ),
        (
            "How long are daily backups kept?",
            "Daily backups: 30 days",
            "The backups are kept as follows:",
        ),
    ] {
        let analysis = asked(question, passages.clone());
        let first = claims(&analysis)[0];
        assert_eq!(
            (first.text.as_str(), first.lead.as_deref()),
            (text, Some(lead)),
            "{question}"
        );
    }
}

#[test]
fn documents_that_contradict_each_other_may_differ() {
    let cases = [
        (
            "What load may the Kestrel bridge carry?",
            "The Kestrel bridge may carry a load of 12 tonnes, and heavier vehicles have to take the road along the river.",
            "The Kestrel bridge may carry a load of 40 tonnes, and heavier vehicles have to take the road along the river.",
        ),
        (
            "ログデータの保存期間は？",
            "ログデータの保存期間は30日です。",
            "ログデータの保存期間は90日です。",
        ),
        (
            "日志数据保留多少天？",
            "系统的日志数据保留30天。",
            "系统的日志数据保留90天。",
        ),
        (
            "Should aptitude be used to upgrade the system?",
            "The tool aptitude is recommended for upgrades of the whole system.",
            "The tool aptitude is not recommended for upgrades of the whole system.",
        ),
    ];
    for (question, one, other) in cases {
        let analysis = asked(question, vec![paragraph("A", one), paragraph("B", other)]);
        let said: Vec<&str> = claims(&analysis)
            .iter()
            .map(|claim| claim.text.as_str())
            .collect();
        assert!(said.contains(&one) && said.contains(&other), "{said:?}");
        let differs = analysis
            .findings
            .iter()
            .find(|f| f.stance == Stance::Disagreement);
        assert!(differs.unwrap().note.contains("may differ"));
    }
}

#[test]
fn what_is_about_two_things_does_not_differ() {
    for (one, other) in [
        (
            "The default timeout of connections is 5 seconds.",
            "The default timeout of reads is 10 seconds.",
        ),
        (
            "The default timeout of connections was added in version 2.",
            "The default timeout of connections was added in version 3.",
        ),
        (
            "Never list a default timeout of connections as a limit!",
            "Default timeouts of connections are listed in that file.",
        ),
        (
            "The default timeout of connections is 5 seconds.",
            "The default timeout of connections is 5 seconds on Mondays.",
        ),
    ] {
        let question = "What is the default timeout of connections?";
        let analysis = asked(question, vec![paragraph("A", one), paragraph("B", other)]);
        nothing_differs(&analysis);
    }
}

#[test]
fn a_report_says_how_far_it_answers() {
    let text = "The ferry leaves the harbour of Larvik at eight o'clock.";
    let analysis = asked(
        "When does the ferry to Gibraltar leave?",
        vec![paragraph("Ferries", text)],
    );
    assert!(
        analysis.summary.contains("but not “Gibraltar”"),
        "{}",
        analysis.summary
    );
    assert_eq!(
        analysis.gaps[0],
        "No passage names “Gibraltar”, which the topic asks about."
    );
    let analysis = asked(
        "Which tickets, passports and visas does a ferry ask for?",
        vec![paragraph("Ferries", text)],
    );
    assert!(
        analysis.summary.contains("the documents may not answer it"),
        "{}",
        analysis.summary
    );
}

fn texts(analysis: &AnalysisFile) -> Vec<&str> {
    claims(analysis)
        .iter()
        .map(|claim| claim.text.as_str())
        .collect()
}

#[test]
fn only_what_answers_as_well_or_answers_another_part_is_said() {
    let passages = || {
        vec![
            paragraph(
                "Ferries",
                "The ferry to Larvik leaves the harbour at eight o'clock. Tickets for the ferry are sold on the quay.",
            ),
            paragraph(
                "Larvik",
                "The harbour of Larvik was built in the last century.",
            ),
            paragraph(
                "Fleet",
                "Another ferry carries the mail to the islands in the north.",
            ),
        ]
    };
    let one = "The ferry to Larvik leaves the harbour at eight o'clock.";
    let analysis = asked(
        "When does the ferry to Larvik leave the harbour?",
        passages(),
    );
    assert_eq!(texts(&analysis), [one]);
    let two = "Tickets for the ferry are sold on the quay.";
    let topic = "When does the ferry to Larvik leave the harbour, and where are tickets sold?";
    assert_eq!(texts(&asked(topic, passages())), [one, two]);
}

#[test]
fn a_list_of_advantages_answers_a_comparison() {
    let both = paragraph(
        "The harbour",
        "The ferry docks beside the bridge, and from the ferry one sees the whole bridge.",
    );
    let list = passage(
        PassageKind::Item,
        Some(
            "There are advantages and disadvantages to the bridge instead of the ferry. Advantages include:",
        ),
        "Crossing",
        "Cars cross at any hour of the night.\nLorries of forty tonnes may cross as well.",
    );
    let other = passage(
        PassageKind::Item,
        Some("The advantages of the harbour are these:"),
        "The harbour",
        "Boats of any kind find a place, the ferry too.",
    );
    let analysis = asked(
        "How does the night ferry compare with the bridge?",
        vec![both, other, list],
    );
    let items = [
        "Cars cross at any hour of the night.",
        "Lorries of forty tonnes may cross as well.",
    ];
    // As a whole, and in order.
    let texts = texts(&analysis);
    assert!(texts.windows(2).any(|two| two == items), "{texts:?}");
}

#[test]
fn should_not_asks_what_to_avoid_and_for_no_permission() {
    let may = paragraph(
        "Tickets",
        "The ferry can only be used with a ticket, and it may be used by everybody who must cross.",
    );
    let avoid = paragraph(
        "Storms",
        "A good rule is to avoid the ferry in storms from the west.",
    );
    let analysis = asked("When should the ferry not be used?", vec![may, avoid]);
    assert!(
        texts(&analysis)[0].starts_with("A good rule"),
        "{:?}",
        texts(&analysis)
    );
}

#[test]
fn a_list_that_was_asked_for_is_not_cut_short() {
    let rows = "tables | 4,096\ncolumns | 1,600\nsize of a row | 2 GB\nsize of a field | 1 GB\nindexes | 64\nunique keys | 32";
    let table = || {
        passage(
            PassageKind::Row,
            Some("Item | Upper limit"),
            "Limits of the store",
            rows,
        )
    };
    let said = |topic: &str| claims(&asked(topic, vec![table()])).len();
    assert_eq!(said("What are the limits of the store?"), 6);
    assert!(said("What is the upper limit of columns in the store?") < 4);
}

#[test]
fn each_thing_that_is_listed_is_told() {
    let rows = "tables | 4,096 | each with any size\ncolumns | 1,600\nlength of a row | 2 GB\nsize of a field | 1 GB\nindexes | 64\nkeys | 32";
    let lead = Some("Item | Upper limit | Comment");
    let table = passage(PassageKind::Row, lead, "Limits of the store", rows);
    let topic = "What are the limits of the store: columns, indexes, field size?";
    let analysis = asked(topic, vec![table]);
    let texts = texts(&analysis);
    for row in ["columns |", "indexes |", "size of a field |"] {
        let told = |text: &&str| text.starts_with(row);
        assert!(texts.iter().take(3).any(told), "{texts:?}");
    }
    assert!(texts.len() < 5, "{texts:?}");
}

#[test]
fn where_no_piece_names_all_of_the_topic_one_claim_is_enough() {
    let passages = vec![
        paragraph("Ferries", "The old ferry carries the mail in winter."),
        paragraph("Papers", "A licence is needed for explosives."),
        paragraph("Mail", "The ferry that carries the mail is an old one."),
    ];
    let topic =
        "Which licence does the old ferry need in winter to carry explosives past the lighthouse?";
    assert_eq!(texts(&asked(topic, passages)).len(), 1);
}

#[test]
fn what_stands_below_its_subject_goes_before_what_mentions_it() {
    let passages = vec![
        paragraph(
            "Storms",
            "In a storm the lamps of the Beacon are lit at noon.",
        ),
        paragraph("Beacon directive", "The lamps are lit one after the other."),
    ];
    let analysis = asked("How does Beacon light the lamps?", passages);
    assert_eq!(
        texts(&analysis)[0],
        "The lamps are lit one after the other."
    );
}

#[test]
fn the_first_sentence_below_the_subject_says_what_it_is() {
    let text = "This option sets how eagerly pages are moved to the disk, from 0 to 200. Large values may slow other programs.";
    let other = "The value of swap_eagerness is read when the machine starts, and it can be seen in the log.";
    let passages = vec![
        paragraph("swap_eagerness", text),
        paragraph("Weather", "Rain fell on the hills for most of the week."),
        paragraph("Start", other),
    ];
    let analysis = asked("What does swap_eagerness control?", passages);
    assert!(
        texts(&analysis)[0].starts_with("This option sets"),
        "{:?}",
        texts(&analysis)
    );
}

#[test]
fn a_limit_is_found_in_other_words() {
    let passages = vec![
        paragraph("Memory", "Vectors are limited to 4,096 elements of length."),
        paragraph(
            "Functions",
            "The maximum function returns a vector whose length is that of its longest argument.",
        ),
    ];
    let analysis = asked("What is the maximum length of a vector?", passages);
    assert_eq!(
        texts(&analysis)[0],
        "Vectors are limited to 4,096 elements of length."
    );
}

#[test]
fn a_sentence_is_shown_with_the_one_that_it_points_to() {
    let text = "The command full-upgrade also removes packages. With this instruction the upgrade to a new release is completed.";
    let analysis = asked(
        "How is the upgrade to a new release completed?",
        vec![paragraph("Upgrades", text)],
    );
    assert_eq!(texts(&analysis), [text]);
    // What only sends the reader elsewhere answers nothing.
    let text = "See the upgrade to a new release. The upgrade to a new release is described there by its author.";
    let analysis = asked("upgrade to a new release", vec![paragraph("Notes", text)]);
    assert!(!texts(&analysis).contains(&"See the upgrade to a new release."));
}

#[test]
fn what_is_said_to_be_missing_is_missing() {
    let text = "Der Versand kostet vier Euro und dauert zwei Tage.";
    let analysis = asked(
        "Was kosten Versand und Zoll?",
        vec![paragraph("Preise", text)],
    );
    assert!(
        analysis.summary.contains("but not “Zoll”"),
        "{}",
        analysis.summary
    );
    // Words that only ask are not missed, in whatever language the documents are.
    let analysis = asked(
        "Wann dauert der Versand?",
        vec![paragraph(
            "Shipping",
            "Versand: the parcel is on its way for two days, and costs of it are low.",
        )],
    );
    assert!(!analysis.summary.contains("“Wann”"), "{}", analysis.summary);
    // A number may be a word.
    for (topic, text) in [
        (
            "How often are the keys rotated?",
            "The keys are rotated every ninety days.",
        ),
        ("密钥多久轮换一次？", "密钥每九十天轮换一次。"),
    ] {
        let analysis = asked(topic, vec![paragraph("Keys", text)]);
        assert!(analysis.gaps.is_empty(), "{:?}", analysis.gaps);
    }
    let topic = "How is the parcel sent, and which customs form does it need?";
    let analysis = asked(
        topic,
        vec![paragraph(
            "Shipping",
            "The parcel is sent by rail through the mountains.",
        )],
    );
    assert!(
        analysis
            .gaps
            .iter()
            .any(|gap| gap.contains("the part “and which customs form does it need?”")),
        "{:?}",
        analysis.gaps
    );
}

#[test]
fn two_numbers_for_what_was_asked_may_differ() {
    let one = "The security team handles each stable release until the next one is a year old. This amounts to three years of security support for a stable release.";
    let other = "Volunteers give 5 years of security support to every stable release.";
    let question = "How long does a stable release get security support?";
    let analysis = asked(question, vec![paragraph("A", one), paragraph("B", other)]);
    let notes: Vec<&str> = analysis
        .findings
        .iter()
        .map(|finding| finding.note.as_str())
        .collect();
    let note =
        "“Document 1” and “Document 2” may differ: one says “three years”, the other “5 years”.";
    assert_eq!(
        notes.iter().filter(|told| **told == note).count(),
        1,
        "{notes:?}"
    );
    assert!(
        notes.iter().all(|told| *told == note || told.is_empty()),
        "told once: {notes:?}"
    );
    // Numbers of something else are no answer.
    let other = "Volunteers answer questions about security support of a stable release on 5 days of the week, and 2 days are free.";
    let analysis = asked(question, vec![paragraph("A", one), paragraph("B", other)]);
    nothing_differs(&analysis);
}

#[test]
fn a_reason_in_the_next_sentence_comes_with_what_it_explains() {
    let text = "A study of old houses found a higher factor for pumps in the ground. The ground is warmer than winter air, which \
                explains the advantage.";
    let passages = vec![paragraph("Pumps", text)];
    let why = asked(
        "Why do pumps in the ground have a higher factor?",
        passages.clone(),
    );
    assert_eq!(texts(&why), [text]);
    let what = asked("Which pumps have a higher factor?", passages);
    assert_eq!(texts(&what), [&text[..68]]);
}
