//! PDF files, whole and broken, read in a process that may die of them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use aegis_agent_researcher::document::Document;
use aegis_agent_researcher::extract::{pdf, read};
use aegis_agent_researcher::sources::RawFile;

fn document(name: &str, bytes: &[u8]) -> Result<Document, String> {
    pdf::process::start_as(env!("CARGO_BIN_EXE_researcher-agent").into());
    read(&RawFile {
        uri: format!("s3://b/{name}"),
        bytes: bytes.to_vec(),
    })
}

fn input(name: &str) -> Vec<u8> {
    std::fs::read(Path::new("tests/inputs").join(name)).unwrap()
}

fn texts(document: &Document) -> Vec<String> {
    let blocks = document.blocks.iter();
    blocks
        .map(|block| format!("{}: {}", block.section.join(" › "), block.text))
        .collect()
}

#[test]
fn a_file_without_its_table_or_with_bytes_before_it_is_read() {
    let right = "page 1: The Bittern turbine turns at 3000 rounds a minute, and the oil of the Bittern turbine is changed \
                 once a year by the people of the power station before the winter begins.";
    for name in ["ok.pdf", "badxref.pdf", "noxref.pdf", "trailgarbage.pdf"] {
        let document = document(name, &input(name)).unwrap();
        assert_eq!(texts(&document), [right], "{name}");
        assert!(document.losses.is_empty(), "{name}: {:?}", document.losses);
    }
    let ligatures = document("ligatures.pdf", &input("ligatures.pdf")).unwrap();
    assert!(
        texts(&ligatures)[0].contains("official Bittern turbine specification"),
        "{ligatures:?}"
    );
    assert!(document("enc-empty.pdf", &input("enc-empty.pdf")).is_ok());
}

#[test]
fn a_bad_page_costs_one_page_and_is_named() {
    let panics = document("nores.pdf", &input("nores.pdf")).unwrap();
    assert_eq!(texts(&panics).len(), 1);
    assert_eq!(
        panics.losses,
        ["page 2 cannot be read: it broke the reader"]
    );
    // 1,492 bytes, the second page of which are 1.5 GiB.
    let ends_the_process = document("inflating-page.pdf", &input("inflating-page.pdf")).unwrap();
    assert_eq!(
        texts(&ends_the_process),
        [
            "page 1: The first page says that the crane is tested in May.",
            "page 3: The third page says that the crane is painted in June.",
        ]
    );
    let [loss] = ends_the_process.losses.as_slice() else {
        unreachable!("{:?}", ends_the_process.losses);
    };
    assert!(loss.starts_with("page 2 cannot be read: "), "{loss}");
}

#[test]
fn a_file_that_cannot_be_read_has_a_reason() {
    let cases: [(&str, &[u8], &str); 6] = [
        (
            "form-loop.pdf",
            &input("form-loop.pdf"),
            "page 1 cannot be read: it broke the reader",
        ),
        ("page-loop.pdf", &input("page-loop.pdf"), "no pages"),
        ("enc-pw.pdf", &input("enc-pw.pdf"), "password"),
        ("empty.pdf", &input("empty.pdf"), "no text on 1 page"),
        ("broken.pdf", b"%PDF-1.4 broken", "cannot be read"),
        ("text.pdf", b"hello", "is none"),
    ];
    for (name, bytes, reason) in cases {
        let error = document(name, bytes).unwrap_err();
        assert!(error.contains(reason), "{name}: {error}");
    }
}
