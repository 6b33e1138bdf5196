//! The documents hold what they say: commands parse, links and file names lead somewhere, the table
//! of verbs is the command's own and that of variables Terraform's, the tests that are said to show a failure are there.
//!
//! Runs nothing but `--help`. `UPDATE_GENERATED=1` writes the tables.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use walkdir::{DirEntry, WalkDir};

#[path = "documents/least_privilege.rs"]
mod least_privilege;
#[path = "documents/rules.rs"]
mod rules;
#[path = "documents/variables.rs"]
mod variables;

/// Folders that are not the repository's own.
const FOREIGN: [&str; 5] = ["target", ".git", ".aegis", ".terraform", "aegis-reports"];
/// Names of files that exist only while something runs, or that the reader makes.
const MADE_LATER: [&str; 13] = [
    "_claim.json",
    "_completed.json",
    "evidence.json",
    "analysis.json",
    "report.md",
    "stack.json",
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
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
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

fn aegis(words: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aegis"))
        .args(words)
        .env_remove("AEGIS_DIR")
        .env_remove("AEGIS_STAGE")
        .output()
        .unwrap()
}

/// What is wrong with a command, if anything: `--help` must win over all that comes before it.
fn misunderstood(line: &str) -> Option<String> {
    let line = line.trim().replace("wf_…", SOME_WORKFLOW);
    let command = line.strip_prefix("cargo ").unwrap_or(&line);
    let mut words = words(command.strip_prefix("aegis ")?);
    let named: Vec<String> = words
        .iter()
        .filter(|word| word.starts_with("--"))
        .map(|word| word.split('=').next().unwrap().to_owned())
        .collect();
    words.push("--help".to_owned());
    let output = aegis(&words);
    let help = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Some(String::from_utf8_lossy(&output.stderr).into_owned());
    }
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
            tried += usize::from(line.contains("aegis "));
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

/// First and last cell of each row in the tables whose last column is `shown by`.
fn shown(text: &str) -> Vec<(&str, &str)> {
    let mut rows = Vec::new();
    let mut counts = false;
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        match cells[..] {
            [_, .., "shown by"] => counts = true,
            [first, .., last] if line.starts_with("| ") && counts => rows.push((first, last)),
            _ if !line.starts_with('|') => counts = false,
            _ => {}
        }
    }
    rows
}

/// What stands in backticks, without the crates: a colon follows each of them.
fn tests_named(cell: &str) -> Vec<&str> {
    let parts: Vec<&str> = cell.split('`').collect();
    let spans = parts.iter().zip(parts.iter().skip(1)).skip(1).step_by(2);
    spans
        .filter(|(_, after)| !after.starts_with(':'))
        .map(|(name, _)| *name)
        .collect()
}

#[test]
fn every_test_that_shows_a_failure_is_there() {
    let all_of = |ending: &str| -> String {
        files()
            .filter(|path| path.to_string_lossy().ends_with(ending))
            .map(|path| fs::read_to_string(path).unwrap())
            .collect()
    };
    let (code, plans) = (all_of(".rs"), all_of(".tftest.hcl"));
    for (document, at_least) in [("docs/failure-modes.md", 100), ("docs/security.md", 15)] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let rows = shown(&text);
        for (row, shown_by) in &rows {
            let names = tests_named(shown_by);
            let told = !names.is_empty() || shown_by.contains("not shown");
            assert!(told, "`{row}` has neither a test nor `not shown`");
            for name in names {
                // Not a test of ours: a command.
                if name.contains(' ') {
                    continue;
                }
                let known = code.contains(&format!("fn {name}("))
                    || plans.contains(&format!("run \"{name}\""));
                assert!(known, "`{row}`: there is no test `{name}`");
            }
        }
        assert!(rows.len() >= at_least, "{document}: {} rows", rows.len());
    }
}

fn table_of_verbs() -> String {
    let help = String::from_utf8(aegis(&["--help".to_owned()]).stdout).unwrap();
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
    between_marks("README.md", "verbs", &table_of_verbs());
}
