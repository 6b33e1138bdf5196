//! `--sources`: documents of this machine are uploaded before the workflow starts.

use serde_json::json;

use crate::fake::Fake;
use crate::program::Program;
use crate::story::Scene;

/// A program with a folder `docs` of so many documents beside it.
async fn with_documents(number: usize) -> Program {
    let program = Program::with_authorization(&Fake::start(Scene::Researching).await, "iam");
    for number in 0..number {
        write(&program, &format!("{number:02}.md"));
    }
    program
}

fn write(program: &Program, name: &str) {
    let docs = program.folder.path().join("docs");
    std::fs::create_dir_all(&docs).unwrap();
    std::fs::write(docs.join(name), format!("# {name}")).unwrap();
}

const START: [&str; 4] = ["start", "A topic", "--sources", "docs"];

#[tokio::test]
async fn each_file_is_uploaded_once() {
    let program = with_documents(60).await;
    let outcome = program.run(&START).await.expect(0);
    assert_eq!(outcome.err, "sources docs: 60 documents, 420 B\n");
    let outcome = program.run(&START).await.expect(0);
    assert!(
        outcome.err.ends_with("  all there already\n"),
        "{}",
        outcome.err
    );
    program.fake.with(|seen| {
        assert_eq!(seen.uploaded.len(), 60);
        assert_eq!(seen.uploaded["07.md"], "# 07.md");
        // The API asks for a signature, and an address that proves itself must have no other proof.
        assert_eq!((seen.unsigned, seen.with_proof_at_s3), (0, 0));
        let sources = seen
            .started
            .iter()
            .map(|started| &started["parameters"]["sources"]);
        let sources: Vec<_> = sources.collect();
        assert_eq!(sources[0], sources[1]);
        let uri = sources[0][0].as_str().unwrap();
        let set = uri.strip_prefix("s3://bucket/sources/caller/").unwrap();
        assert_eq!(set.len(), 33, "{set}");
        // What another upload has put meanwhile is there.
        seen.uploaded.remove("07.md");
    });
    let outcome = program.run(&START).await.expect(0);
    let told = "  1 uploaded, 59 there already\n";
    assert!(outcome.err.ends_with(told), "{}", outcome.err);
}

#[tokio::test]
async fn a_passing_trouble_is_waited_for_and_any_other_is_told() {
    let program = with_documents(1).await;
    program
        .fake
        .with(|seen| seen.refuse_uploads = Some((2, 503)));
    program.run(&START).await.expect(0);
    write(&program, "more.md");
    program
        .fake
        .with(|seen| seen.refuse_uploads = Some((1, 412)));
    program.run(&START).await.expect(0);
    program.fake.with(|seen| {
        seen.started.clear();
        seen.uploaded.clear();
        seen.refuse_uploads = Some((9, 403));
    });
    let outcome = program.run(&START).await.expect(1);
    let told = "error: cannot upload docs/00.md: 127.0.0.1 answered 403: not now";
    let told = [told, &told.replace("00.md", "more.md")].map(|told| outcome.err.contains(told));
    assert!(told.contains(&true), "{}", outcome.err);
    program.fake.with(|seen| {
        assert_eq!(
            seen.started,
            [] as [serde_json::Value; 0],
            "nothing starts without them"
        )
    });
}

#[tokio::test]
async fn what_is_no_document_is_told_before_anything_is_sent() {
    let program = with_documents(0).await;
    write(&program, "picture.png");
    let outcome = program.run(&START).await.expect(1);
    assert!(outcome.err.contains("holds no Markdown"), "{}", outcome.err);
    let large = std::fs::File::create(program.folder.path().join("docs/large.md")).unwrap();
    large.set_len(32 * 1024 * 1024 + 1).unwrap();
    let outcome = program.run(&START).await.expect(1);
    assert!(outcome.err.contains("at most 33.6 MB"), "{}", outcome.err);
    program
        .fake
        .with(|seen| assert_eq!(json!(seen.uploaded), json!({})));
}
