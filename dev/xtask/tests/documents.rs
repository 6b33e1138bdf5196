//! The documents hold what they say: commands parse, links and file names lead somewhere, the table
//! of verbs is the command's own and that of variables Terraform's, the tests that are said to show something are there.
//!
//! Asks for nothing but `--help`. `UPDATE_GENERATED=1` writes the tables.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::CommandFactory as _;
use walkdir::{DirEntry, WalkDir};

#[path = "documents/environment.rs"]
mod environment;
#[path = "documents/least_privilege.rs"]
mod least_privilege;
#[path = "documents/rules.rs"]
mod rules;
#[path = "documents/variables.rs"]
mod variables;

/// Folders that are not the repository's own.
const FOREIGN: [&str; 5] = ["target", ".git", ".aegis", ".terraform", "aegis-reports"];
/// Names of files that exist only while something runs, or that the reader makes.
const MADE_LATER: [&str; 16] = [
    "_claim.json",
    "_completed.json",
    "evidence.json",
    "analysis.json",
    "report.md",
    "stack.json",
    "server.json",
    "aegis.toml",
    "flows/report/2.json",
    "staging.json",
    "backend.tf",
    "terraform.tfvars",
    "dev.tfvars",
    "staging.tfvars",
    "prod.tfvars",
    "bootstrap",
];
/// In the place of `wf_…`.
const SOME_WORKFLOW: &str = "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa";
const ENDINGS: [&str; 7] = [".rs", ".tf", ".hcl", ".md", ".toml", ".json", ".txt"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files() -> impl Iterator<Item = PathBuf> {
    let own = |entry: &DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() == 0 || !FOREIGN.contains(&name.as_ref())
    };
    let found = WalkDir::new(root()).into_iter().filter_entry(own);
    found
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.is_file())
}

fn is(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// Every Markdown file with its text. The corpus is material, not documentation.
fn documents() -> Vec<(PathBuf, String)> {
    let corpus = root().join("agents/corpus");
    files()
        .filter(|path| is(path, "md") && !path.starts_with(&corpus))
        .map(|path| (path.clone(), fs::read_to_string(&path).unwrap()))
        .collect()
}

/// Text inside single backticks, outside of code blocks.
fn code_spans(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    prose
        .flat_map(|part| part.split('`').skip(1).step_by(2))
        .collect()
}

/// Lines of the blocks marked `sh`, with continued lines joined.
fn shell_lines(text: &str) -> Vec<String> {
    let blocks = text.split("```sh\n").skip(1);
    let bodies = blocks.filter_map(|rest| rest.split("```").next());
    bodies
        .flat_map(|body| {
            let joined = body.replace("\\\n", " ");
            joined.lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

/// Words as a shell would split them, up to a pipe, a redirection or `--`.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    let ends = |word: &String| matches!(word.as_str(), "|" | ">" | "&&" | "--" | "#");
    let words = words.into_iter().filter(|word| !word.is_empty());
    words.take_while(|word| !ends(word)).collect()
}

/// The help that `words` ask for, or what is wrong with them.
fn help(program: &str, words: &[String]) -> Result<String, String> {
    let words: Vec<String> = std::iter::once(program.to_owned())
        .chain(words.iter().cloned())
        .collect();
    let asked = match program {
        "aegis" => aegis_cli::command().try_get_matches_from(&words),
        "aegis-loadtest" => {
            aegis_loadtest::command::Command::command().try_get_matches_from(&words)
        }
        _ => return of_xtask(&words[1..]),
    };
    let answer = asked.unwrap_err();
    match answer.use_stderr() {
        true => Err(answer.to_string()),
        false => Ok(answer.to_string()),
    }
}

fn of_xtask(words: &[String]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(words)
        .env_remove("AEGIS_DIR")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    }
}

/// Which of our programs a line types, and the words behind it.
fn typed(line: &str) -> Option<(&'static str, &str)> {
    [
        ("cargo xtask ", "xtask"),
        ("cargo run --bin aegis-loadtest -- ", "aegis-loadtest"),
        ("cargo aegis ", "aegis"),
        ("aegis ", "aegis"),
    ]
    .into_iter()
    .find_map(|(before, program)| Some((program, line.strip_prefix(before)?)))
}

/// What is wrong with a command, if anything: `--help` must win over all that comes before it.
fn misunderstood(line: &str) -> Option<String> {
    let line = line.trim().replace("wf_…", SOME_WORKFLOW);
    let (program, words_typed) = typed(&line)?;
    let mut words = words(words_typed);
    let named: Vec<String> = words
        .iter()
        .filter(|word| word.starts_with("--"))
        .map(|word| word.split('=').next().unwrap().to_owned())
        .collect();
    words.push("--help".to_owned());
    let help = match help(program, &words) {
        Ok(help) => help,
        Err(wrong) => return Some(wrong),
    };
    let missing = named.iter().find(|flag| !help.contains(flag.as_str()));
    missing.map(|flag| format!("{flag} is not in the help"))
}

#[test]
fn every_command_is_understood() {
    let mut tried = 0;
    for (path, text) in documents() {
        let spans = code_spans(&text).into_iter().map(str::to_owned);
        for line in shell_lines(&text).into_iter().chain(spans) {
            let wrong = misunderstood(&line);
            tried += usize::from(typed(line.trim()).is_some());
            assert!(wrong.is_none(), "{}: `{line}`: {wrong:?}", path.display());
        }
    }
    assert!(tried > 20, "only {tried} commands were found");
}

/// As GitHub makes an anchor of a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().replace(' ', "-")
}

#[test]
fn every_relative_link_leads_somewhere() {
    for (path, text) in documents() {
        for rest in text.split("](").skip(1) {
            let link = rest.split(')').next().unwrap();
            if link.contains("://") {
                continue;
            }
            let (file, place) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                _ => path.parent().unwrap().join(file),
            };
            let say = format!("{}: {link}", path.display());
            assert!(target.exists(), "{say}");
            if !place.is_empty() && is(&target, "md") {
                let linked = fs::read_to_string(&target).unwrap();
                let mut headings = linked.lines().filter(|line| line.starts_with('#'));
                assert!(headings.any(|heading| anchor(heading) == place), "{say}");
            }
        }
    }
}

fn looks_like_a_file(span: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    ENDINGS.iter().any(|ending| span.ends_with(ending))
        && span.chars().all(plain)
        && !span.starts_with(['.', '/'])
        && !MADE_LATER.contains(&span)
}

#[test]
fn every_file_that_is_named_exists() {
    let names: Vec<PathBuf> = files().collect();
    for (path, text) in documents() {
        let own = path.parent().unwrap().to_path_buf();
        let spans = code_spans(&text).into_iter();
        for span in spans.filter(|span| looks_like_a_file(span)) {
            // A path may be short: its end tells which file is meant.
            let found = own.join(span).exists() || names.iter().any(|name| name.ends_with(span));
            assert!(found, "{}: `{span}` does not exist", path.display());
        }
    }
}

/// Long words with underscores are names in the code: of tests, settings, fields.
#[test]
fn every_name_of_the_code_is_one() {
    let sources: Vec<String> = files()
        .filter(|path| ["rs", "tf", "hcl", "txt"].iter().any(|kind| is(path, kind)))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for (path, text) in documents() {
        for span in code_spans(&text) {
            let word = span.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            if word && span.matches('_').count() >= 2 {
                let known = sources.iter().any(|source| source.contains(span));
                assert!(known, "{}: `{span}` is not in the code", path.display());
            }
        }
    }
}

/// Files that `text`, of a document, links to.
fn linked_files(document: &Path, text: &str) -> Vec<PathBuf> {
    let folder = document.parent().unwrap();
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#']).next())
        .filter(|link| !link.contains("://") && !link.is_empty())
        .map(|link| folder.join(link))
        .collect()
}

/// A file of tests, or the contract that tests of several crates run.
fn shows_something(path: &Path) -> bool {
    let test_program = path.ends_with("main.rs") && path.to_string_lossy().contains("/tests/");
    let contract = path.to_string_lossy().contains("/src/contract/");
    let text = fs::read_to_string(path).unwrap_or_default();
    let tests = ["#[test]", "#[tokio::test", "run \""].iter();
    test_program || contract || tests.into_iter().any(|test| text.contains(test))
}

/// What a document says to be shown is shown by files of tests that are there, or it is said that nothing shows it.
#[test]
fn what_is_shown_by_tests_is_shown_by_tests() {
    // By a paragraph below each table.
    let path = root().join("docs/failure-modes.md");
    let text = fs::read_to_string(&path).unwrap();
    let mut rows = 0;
    for section in text.split("\n## ").skip(1) {
        let (title, body) = section.split_once('\n').unwrap();
        rows += body.lines().filter(|line| line.starts_with("| ")).count() - 1;
        let (_, shown_by) = body.split_once("\nShown by: ").expect(title);
        let files = linked_files(&path, shown_by);
        assert!(files.len() >= 3, "{title}: {} files of tests", files.len());
        for file in files {
            assert!(shows_something(&file), "{title}: {}", file.display());
        }
    }
    assert!(rows >= 50, "{rows} failures");

    // By the last cell of each row: of who does harm, of invariants.
    for document in ["docs/security.md", "ARCHITECTURE.md"] {
        let path = root().join(document);
        let text = fs::read_to_string(&path).unwrap();
        let (_, table) = text.split_once("| shown by |").unwrap();
        let rows = table
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        let rows: Vec<&str> = rows.collect();
        assert!(rows.len() >= 15, "{document}: {} rows", rows.len());
        for row in rows {
            let files = linked_files(&path, row);
            let tests = files
                .iter()
                .filter(|file| is(file, "rs") || is(file, "hcl"));
            let tests: Vec<&PathBuf> = tests.collect();
            assert!(!tests.is_empty(), "{document}: {row}");
            for file in tests {
                assert!(shows_something(file), "{document}: {}", file.display());
            }
        }
    }
}

/// Each document can be found from the index, and so from the README.
#[test]
fn every_document_is_in_the_index() {
    let index = root().join("docs/README.md");
    let mut found = BTreeSet::new();
    let mut open = vec![index];
    while let Some(path) = open.pop() {
        let path = path.canonicalize().unwrap();
        if is(&path, "md") && found.insert(path.clone()) {
            open.extend(linked_files(&path, &fs::read_to_string(&path).unwrap()));
        }
    }
    let inputs = root().join("agents/researcher/tests/inputs");
    for (path, _) in documents() {
        let known = found.contains(&path.canonicalize().unwrap());
        assert!(known || path.starts_with(&inputs), "{}", path.display());
    }
}

fn table_of_verbs() -> String {
    let help = help("aegis", &["--help".to_owned()]).unwrap();
    let list = help.split("Usage:").nth(1).unwrap();
    let list = list.split("Options:").next().unwrap();
    let rows = list
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_once(' '))
        .map(|(verb, about)| format!("| `{verb}` | {} |\n", about.trim()));
    format!("\n| verb | |\n|---|---|\n{}", rows.collect::<String>())
}

/// What stands between the marks of `name` in a document has to be `table`.
fn between_marks(document: &str, name: &str, table: &str) {
    let (begin, end) = (
        format!("<!-- {name}:begin -->"),
        format!("<!-- {name}:end -->"),
    );
    let path = root().join(document);
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(&begin).unwrap();
    let (between, after) = rest.split_once(&end).unwrap();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
    } else {
        assert!(
            between == table,
            "{document} differs; UPDATE_GENERATED=1 cargo test --workspace --test documents writes it"
        );
    }
}

#[test]
fn the_table_of_verbs_is_the_command_s_own() {
    between_marks("docs/command-line.md", "verbs", &table_of_verbs());
}
