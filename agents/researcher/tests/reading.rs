//! Documents as a person reads them: files of all kinds with the blocks that are right.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::{Duration, Instant};

use aegis_agent_researcher::document::{Document, Kind};
use aegis_agent_researcher::extract::read;
use aegis_agent_researcher::sources::RawFile;

fn document(name: &str) -> Document {
    let path = Path::new("tests/inputs").join(name);
    let bytes = std::fs::read(&path).unwrap();
    read(&raw(name, &bytes)).unwrap()
}

fn raw(name: &str, bytes: &[u8]) -> RawFile {
    RawFile {
        uri: format!("s3://b/{name}"),
        bytes: bytes.to_vec(),
    }
}

/// A line for each block: its section, kind and text, and what leads to it.
fn seen(document: &Document) -> Vec<String> {
    let line = |block: &aegis_agent_researcher::document::Block| {
        let kind = match block.kind {
            Kind::Heading => "# ",
            Kind::Paragraph => "",
            Kind::Item => "- ",
            Kind::Row => "| ",
            Kind::Code => "$ ",
            Kind::Quote => "> ",
        };
        let section: String = block
            .section
            .iter()
            .map(|heading| format!("{heading} › "))
            .collect();
        let lead = block
            .lead
            .iter()
            .map(|lead| format!(" ({lead})"))
            .collect::<String>();
        format!("{section}{kind}{}{lead}", block.text)
    };
    document.blocks.iter().map(line).collect()
}

#[test]
fn files_are_read_as_a_person_reads_them() {
    let cases: [(&str, &str, &[&str]); 24] = [
        (
            "reactor.html",
            "Kestrel reactor load",
            &[
                "The Kestrel reactor load may reach 10^6 pascals before the valve of the reactor opens by itself.",
                "The Kestrel reactor load grew by 5[^2] percent in the year after the reactor was rebuilt.",
                "The Kestrel reactor load is measured in kg/m^3 and it fell to 4 × 10^−3 of its first value.",
            ],
        ),
        (
            "limits.md",
            "Gateway rate limits",
            &[
                "The gateway rate limits allow 30[^1] requests per minute for each of the keys that a team owns.",
                "The gateway rate limits were 12[^2][^3] times lower before the new gateway was brought into service.",
                "[^1] Only on working days.",
                "[^2] Measured in spring.",
                "[^3] Without bursts.",
            ],
        ),
        (
            "strike.md",
            "Crane lift capacity",
            &[
                "The crane lift capacity is 650 kilograms since the rope of the crane was replaced in May.",
                "The crane lift is for goods only.",
            ],
        ),
        (
            "strike-html.html",
            "Crane lift capacity",
            &[
                "The crane lift capacity is 650 kilograms since the rope of the crane was replaced in May.",
            ],
        ),
        (
            "cs-sjis.html",
            "ポンプの保守",
            &[
                "ポンプの保守は四百時間ごとに行い、油を交換しなければならない。",
                "ポンプの保守を怠ると、軸受が一か月で摩耗する。",
            ],
        ),
        (
            "cs-gbk.html",
            "水泵保养",
            &[
                "水泵保养每四百小时进行一次，必须更换润滑油。",
                "如果忽略水泵保养，轴承会在一个月内磨损。",
            ],
        ),
        (
            "cs-1252.html",
            "Heron “tariff”",
            &[
                "The Heron tariff costs 45 € a month – twice the “basic” tariff – and the Heron tariff can’t be ended early.",
            ],
        ),
        (
            "utf16-without-mark.txt",
            "utf16 without mark",
            &[
                "The Merlin mast must be greased every spring, because salt eats the Merlin mast from below.",
            ],
        ),
        (
            "carriage-returns.txt",
            "Grebe valve",
            &[
                "The Grebe valve closes at 4 bar, and the Grebe valve opens again at 3 bar without a person.",
                "The Grebe valve is made of brass.",
            ],
        ),
        (
            "form-feeds.txt",
            "Siskin sensor",
            &[
                "The Siskin sensor measures 0–500 ppm and the Siskin sensor drifts by ±2 % each year of use.",
                "The Siskin sensor is calibrated at 20 ℃ in a ½ litre vessel, which holds 5 µg/m³ of dust.",
            ],
        ),
        (
            "pairs.txt",
            "pairs",
            &[
                "- Owner: Dora",
                "- Retention of audit logs: 400 days",
                "- Region: eu-west-9",
                "- Escalation: call the night desk",
            ],
        ),
        (
            "policy.md",
            "Backup retention policy",
            &[
                "The backup retention policy of the group applies to every server that the group owns or rents today.",
                "# Retention periods",
                "Retention periods › - Daily backups: 30 days",
                "Retention periods › - Weekly backups: 12 weeks",
                "Retention periods › - Monthly backups: 7 years",
                "# Owner",
                "Owner › - Contact: platform team",
            ],
        ),
        (
            "table-p.html",
            "Godwit motor ratings",
            &[
                "The Godwit motor ratings below were measured in the laboratory with new motors at sea level.",
                "| Model | Power | Max temperature",
                "| Godwit 7 | 310 kW | 85 °C (Model | Power | Max temperature)",
                "| Godwit 9 | 480 kW | 92 °C (Model | Power | Max temperature)",
            ],
        ),
        (
            "html-form.html",
            "Osprey pump manual",
            &[
                "The Osprey pump needs fresh oil every 400 hours, or else the seal of the pump wears out within a month.",
                "The Osprey pump must never run dry, because its bearings are cooled by the water that the pump moves.",
            ],
        ),
        (
            "script.xhtml",
            "Curlew harbour rules",
            &[
                "The Curlew harbour rules forbid any anchor inside the basin after ten in the evening for all boats.",
            ],
        ),
        (
            "anchor-card.html",
            "Dunlin lamp news",
            &[
                "# Lamp life",
                "Lamp life › The Dunlin lamp burns for 900 hours, and the Dunlin lamp must be replaced together with its socket.",
            ],
        ),
        (
            "sphinx.html",
            "Sandpiper console",
            &[
                "The Sandpiper console has four menus for the daily work of an operator at the desk.",
                "# Search",
                "Search › The Sandpiper console search finds events up to 45 days old, and older events only in the archive of the console.",
                "# Navigation",
                "Navigation › The Sandpiper console is left with the key F10, and the console asks before unsaved work is lost.",
            ],
        ),
        (
            "aside.html",
            "Avocet boiler",
            &[
                "The Avocet boiler is lit in the morning by the first person who comes to work.",
                "The Avocet boiler explodes if the Avocet boiler is lit while the valve of the boiler is closed.",
                "On Linux the Avocet boiler driver is installed with one command by the owner of the boiler.",
            ],
        ),
        (
            "pre.html",
            "Minutes of the Plover budget",
            &[
                "The Plover budget was raised to 40,000 euros, because the Plover team needs two more test benches this year. Nobody was against the Plover budget, and the Plover budget is valid from the first of March on.",
            ],
        ),
        (
            "commands.md",
            "Restart the Swift relay",
            &[
                "The Swift relay is restarted with one command, which every operator of the Swift relay may run at night.",
                "$ relayctl restart --relay swift --drain 90s",
                "$ relayctl status --relay swift",
            ],
        ),
        (
            "shy.html",
            "Merkblatt",
            &[
                "Der Datenschutzbeauftragte prüft jedes Jahr alle Verträge und meldet dem Vorstand, was ihm dabei aufgefallen ist.",
            ],
        ),
        (
            "front-matter.md",
            "Teal router handbook",
            &[
                "# Prerequisites",
                "Prerequisites › The Teal router answers on port 8443 and the Teal router forgets its settings when the key is held for ten seconds.",
            ],
        ),
        (
            "handbook.html",
            "Heron pump — Handbook 2",
            &[
                "The pump has two modes:",
                "- Slow: (The pump has two modes:)",
                "- for nights (Slow:)",
                "- Fast (The pump has two modes:)",
                "Warning",
                "Never open the lid. (Warning)",
                "# --drain, -d",
                "--drain, -d › Empties the pump.",
                "# Is it loud?",
                "Is it loud? › No.",
                "Run this:",
                "$ pump --start\n  --slow (Run this:)",
                "> Listen first.",
                "東京(とうきょう) is 2nd.",
                "Table 1. Days",
                "| Model | Days (Table 1. Days)",
                "| 7 | 12; 13 (Model | Days)",
                "- Owner: Dora",
                "- Region: north",
                "[x] Agreed by Meier",
                "The sidebar of a book is text that somebody wrote.",
            ],
        ),
        (
            "report.txt",
            "Kiln report",
            &[
                "It was hot. See also:",
                "- the log of the kiln (It was hot. See also:)",
            ],
        ),
    ];
    for (name, title, expected) in cases {
        let document = document(name);
        assert_eq!(document.title, title, "{name}");
        assert_eq!(seen(&document), expected, "{name}");
    }
}

#[test]
fn what_is_left_out_is_named() {
    let losses = |name: &str, text: &str| read(&raw(name, text.as_bytes())).unwrap().losses;
    let cases = [
        ("<p>It <s>was</s> is.", "struck-out"),
        ("<nav><a href='x'>Home</a></nav><p>It is.", "menus"),
        ("<p>It is.<p><select><option>Norway</select>", "form fields"),
        (
            "<p>It is.<ul><li><a href=a>A b</a><li><a href=b>B</a><li><a href=c>C</a></ul>",
            "lists of links",
        ),
    ];
    for (text, word) in cases {
        let losses = losses("a.html", text);
        assert!(
            losses.len() == 1 && losses[0].contains(word),
            "{text}: {losses:?}"
        );
    }
    assert!(losses("a.html", "<p>It is.<nav></nav><del> </del>").is_empty());
    let mut bytes = "Größe und Maß. ".repeat(9).into_bytes();
    bytes[8] = 0xff;
    let losses = read(&raw("a.txt", &bytes)).unwrap().losses;
    assert!(
        losses[0].contains("1 character could not be decoded"),
        "{losses:?}"
    );
}

#[test]
fn depth_costs_no_more_than_size() {
    let deep = |open: &str, close: &str| {
        let depth = 60_000;
        format!(
            "<title>T</title>{}<p>It is deep.</p>{}",
            open.repeat(depth),
            close.repeat(depth)
        )
    };
    let pages = [
        ("a.html", deep("<div>", "</div>")),
        ("a.html", deep("<ul><li>", "</ul>")),
        ("a.html", deep("<b id=x><p>", "")),
        ("a.html", deep("<font color=red>", "")),
        ("a.html", deep("<b><div></b>", "")),
        ("a.html", deep("<div/>", "")),
        ("a.html", deep("<svg><g>", "")),
        (
            "a.md",
            format!("{}deep\n\nIt is deep.", "> ".repeat(40_000)),
        ),
    ];
    for (name, page) in pages {
        let start = Instant::now();
        let document = read(&raw(name, page.as_bytes())).unwrap();
        let text = seen(&document).join(" ");
        assert!(text.contains("It is deep."), "{}", &page[..40]);
        // A second for such a page, and room for slow machines. With the parser alone it is more than a minute.
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{}: {:?}",
            &page[..40],
            start.elapsed()
        );
    }
}
