//! What is typed after `cargo xtask` does not steer a terminal, and a verb that only prints says what cannot be written.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs::File;
use std::process::{Command, Output, Stdio};

/// As hostile as an argument can be: it has no NUL in it.
const HOSTILE: &str =
    "bad\u{1b}[31m\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}2J\r\u{202e}\u{200b}\u{feff}\u{e0041}";

/// For each verb, words that it refuses before it does anything, or that name a stack that is not here. `eval` hands on
/// what is typed to a program of its own.
const CALLS: [&[&str]; 11] = [
    &["status"],
    &["down"],
    &["up", HOSTILE],
    &["test", HOSTILE],
    &["simulate", "--seed", HOSTILE],
    &["chaos", "--minutes", HOSTILE],
    &["loadtest", HOSTILE],
    &["bench", HOSTILE],
    &["cost", "--prices", HOSTILE],
    &["package", HOSTILE],
    &["eval", "--help", HOSTILE],
];

fn xtask(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let folder = std::env::temp_dir();
    command
        .args(["--dir", "not-\u{1b}[2J-\u{202e}-here"])
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env("TERM", "xterm-256color");
    command
}

fn verbs() -> Vec<String> {
    let help = xtask(&["--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let list = help.split("Commands:").nth(1).unwrap();
    let list = list.split("Options:").next().unwrap();
    let words = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    words
        .filter(|word| *word != "help")
        .map(str::to_owned)
        .collect()
}

#[track_caller]
fn is_harmless(words: &[&str], output: &Output) {
    let hostile = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200b}' | '\u{202e}' | '\u{feff}' | '\u{e0041}')
    };
    for bytes in [&output.stdout, &output.stderr] {
        let text = String::from_utf8(bytes.clone()).unwrap();
        if let Some(c) = text.chars().find(|c| hostile(*c)) {
            panic!(
                "{words:?}: U+{:04X}:\n{}",
                u32::from(c),
                text.escape_debug()
            );
        }
    }
}

#[test]
fn no_verb_lets_what_is_typed_steer_the_terminal() {
    let mut tried: Vec<&str> = CALLS.iter().map(|words| words[0]).collect();
    let mut known = verbs();
    tried.sort_unstable();
    known.sort_unstable();
    assert_eq!(known, tried, "a verb that is not tried");
    for words in CALLS.iter().filter(|words| words[0] != "eval") {
        for json in [&[][..], &["--json"]] {
            let words = [words, json].concat();
            let output = xtask(&words).output().unwrap();
            assert_ne!(output.status.code(), Some(101), "{words:?} panicked");
            is_harmless(&words, &output);
            let said = output.stdout.len() + output.stderr.len();
            assert!(said > 0, "{words:?} says nothing");
        }
    }
}

#[test]
fn a_full_disk_is_one_sentence() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = xtask(&["cost"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = "error: cannot write to standard output: No space left on device (os error 28)\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), told);
}
