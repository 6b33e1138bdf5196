//! Who decides at the approval: a flag, a person at the terminal, or nobody here.

use std::future::Future;

use aegis_contracts::approval::{ApprovalView, DecisionKind, DecisionRequest};
use aegis_contracts::changes::Changes;
use anyhow::Result;
use garde::Validate as _;

use crate::ask;
use crate::style::bold;

/// What became of the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Without a name and a revision.
    Decide(DecisionRequest),
    /// The person wants to decide later.
    Later,
    /// There is nobody to ask.
    Nobody,
}

pub trait Decider {
    fn decide(&mut self, approval: &ApprovalView) -> impl Future<Output = Result<Choice>>;

    /// Whether it makes sense to ask again after a decision that the API refused.
    const ASKS_AGAIN: bool;
}

/// `--approve`.
pub struct Always;

impl Decider for Always {
    async fn decide(&mut self, _: &ApprovalView) -> Result<Choice> {
        Ok(Choice::Decide(wanted(DecisionKind::Approve)))
    }

    const ASKS_AGAIN: bool = false;
}

/// No terminal and no `--approve`.
pub struct Nobody;

impl Decider for Nobody {
    async fn decide(&mut self, _: &ApprovalView) -> Result<Choice> {
        Ok(Choice::Nobody)
    }

    const ASKS_AGAIN: bool = false;
}

/// A person.
pub struct AtTerminal;

impl Decider for AtTerminal {
    async fn decide(&mut self, approval: &ApprovalView) -> Result<Choice> {
        let may_revise = approval.revision < approval.max_revisions;
        // The terminal is read by a blocking call.
        tokio::task::spawn_blocking(move || choice(may_revise, ask::line)).await?
    }

    const ASKS_AGAIN: bool = true;
}

/// What may be typed: a letter, or the word that it begins.
const ANSWERS: [(&str, &str, &str, Option<DecisionKind>); 4] = [
    ("l", "later", "leave it waiting", None),
    (
        "a",
        "approve",
        "write the report",
        Some(DecisionKind::Approve),
    ),
    (
        "c",
        "changes",
        "ask for another revision",
        Some(DecisionKind::RequestChanges),
    ),
    (
        "r",
        "reject",
        "end without a report",
        Some(DecisionKind::Reject),
    ),
];

/// Asks until there is an answer. Nothing is decided by an empty line, nor by the end of the input.
fn choice(
    may_revise: bool,
    mut read: impl FnMut(&str) -> Result<Option<String>>,
) -> Result<Choice> {
    let offered = || {
        let revises = |kind: Option<DecisionKind>| kind == Some(DecisionKind::RequestChanges);
        ANSWERS
            .iter()
            .filter(move |(.., kind)| may_revise || !revises(*kind))
    };
    errln!("{}", bold("Your decision on these findings"));
    for (letter, word, meaning, _) in offered() {
        errln!("  {}  {word}: {meaning}", bold(letter));
    }
    let prompt = match may_revise {
        true => "Type l, a, c or r, then Enter: ",
        false => "Type l, a or r, then Enter: ",
    };
    loop {
        let Some(typed) = read(prompt)? else {
            return Ok(Choice::Later);
        };
        let typed = typed.trim().to_lowercase();
        let chosen = offered().find(|(letter, word, ..)| typed == *letter || typed == *word);
        match chosen.map(|(.., kind)| *kind) {
            None => {}
            Some(None) => return Ok(Choice::Later),
            Some(Some(decision)) => {
                if let Some(choice) = with_comment(decision, &mut read)? {
                    return Ok(choice);
                }
            }
        }
    }
}

/// `None`: the person does not want to decide that after all.
fn with_comment(
    decision: DecisionKind,
    mut read: impl FnMut(&str) -> Result<Option<String>>,
) -> Result<Option<Choice>> {
    let prompt = match decision {
        DecisionKind::Approve => return Ok(Some(Choice::Decide(wanted(decision)))),
        DecisionKind::Reject => "Why (may be left empty): ",
        DecisionKind::RequestChanges => {
            "In your own words, for people: the built-in agents do not read them (may be empty): "
        }
    };
    loop {
        let mut wanted = wanted(decision);
        if decision == DecisionKind::RequestChanges {
            let Some(changes) = changes(&mut read)? else {
                return Ok(None);
            };
            wanted.changes = Some(changes).filter(|changes| !changes.is_empty());
        }
        let Some(typed) = read(prompt)? else {
            return Ok(None);
        };
        wanted.comment = Some(typed.trim().to_owned()).filter(|text| !text.is_empty());
        match refused(&wanted) {
            None => return Ok(Some(Choice::Decide(wanted))),
            Some(why) => errln!("  {why}"),
        }
    }
}

/// A decision on whatever is waiting, by whoever asks.
pub fn wanted(decision: DecisionKind) -> DecisionRequest {
    DecisionRequest {
        decision,
        comment: None,
        changes: None,
        approver: None,
        revision: None,
    }
}

/// What agents can carry out. `None`: the person does not want to ask for changes after all.
fn changes(mut read: impl FnMut(&str) -> Result<Option<String>>) -> Result<Option<Changes>> {
    let mut changes = Changes::default();
    loop {
        let Some(typed) = read("Leave out the findings (like 2,5, or empty): ")? else {
            return Ok(None);
        };
        let numbers = parts(&typed).map(str::parse);
        match numbers.collect::<Result<Vec<u32>, _>>() {
            Ok(numbers) => {
                changes.drop = numbers;
                break;
            }
            Err(_) => errln!("  their numbers, with commas between them"),
        }
    }
    let Some(typed) = read("Say something about (words, with commas between, or empty): ")? else {
        return Ok(None);
    };
    changes.terms = parts(&typed).map(str::to_owned).collect();
    for (prompt, wish) in [
        (
            "Search the sources again first (y, or empty): ",
            &mut changes.search_again,
        ),
        ("Make it shorter (y, or empty): ", &mut changes.shorter),
    ] {
        let Some(typed) = read(prompt)? else {
            return Ok(None);
        };
        *wish = matches!(typed.trim().to_lowercase().as_str(), "y" | "yes");
    }
    Ok(Some(changes))
}

fn parts(typed: &str) -> impl Iterator<Item = &str> {
    typed
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// Why the API would refuse the decision, which is then asked for again.
fn refused(request: &DecisionRequest) -> Option<String> {
    let comment = request.comment.as_deref();
    if comment.is_some_and(|comment| comment.len() >= ask::LONGEST_LINE) {
        let why = "too long for one line of a terminal: decide later, with --comment";
        return Some(why.to_owned());
    }
    let report = request.validate().err()?;
    let reasons: Vec<String> = report.iter().map(|(_, why)| why.to_string()).collect();
    Some(reasons.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(may_revise: bool, lines: &[&str]) -> (Choice, usize) {
        let mut read = 0;
        let choice = choice(may_revise, |_| {
            read += 1;
            Ok(lines.get(read - 1).map(|line| (*line).to_owned()))
        });
        (choice.unwrap(), read)
    }

    #[test]
    fn nothing_is_decided_that_was_not_typed() {
        use DecisionKind::{Approve, Reject, RequestChanges};
        let decided = |kind, comment: Option<&str>| {
            Choice::Decide(DecisionRequest {
                comment: comment.map(str::to_owned),
                ..wanted(kind)
            })
        };
        let asked = Choice::Decide(DecisionRequest {
            changes: Some(Changes {
                drop: vec![2, 5],
                terms: vec!["costs".to_owned(), "salt caverns".to_owned()],
                search_again: true,
                ..Changes::default()
            }),
            ..wanted(RequestChanges)
        });
        for (lines, expected) in [
            (&["", "", "yes", "1", " "][..], Choice::Later),
            (&["l"], Choice::Later),
            (&["", "a"], decided(Approve, None)),
            (&["APPROVE "], decided(Approve, None)),
            (&["r", ""], decided(Reject, None)),
            (&["reject", " too thin "], decided(Reject, Some("too thin"))),
            (
                &["c", "", "", "", "", "", "", "", "", "", "more on costs"],
                decided(RequestChanges, Some("more on costs")),
            ),
            (
                &["c", "two", "2, 5", "costs, salt caverns", "Y", "no", ""],
                asked,
            ),
            (&["c", "1", "", "y"], Choice::Later),
            (&["c"], Choice::Later),
        ] {
            assert_eq!(answered(true, lines).0, expected, "{lines:?}");
        }
        // Where no revision is left, it is not offered, and what is typed is no comment.
        assert_eq!(answered(false, &["c", "a"]), (decided(Approve, None), 2));
    }

    #[test]
    fn a_comment_that_the_api_would_refuse_is_asked_for_again() {
        use DecisionKind::{Reject, RequestChanges};
        let refused = |kind, comment: Option<&str>| {
            refused(&DecisionRequest {
                comment: comment.map(str::to_owned),
                ..wanted(kind)
            })
        };
        assert!(refused(RequestChanges, None).is_some());
        assert!(refused(Reject, None).is_none());
        assert!(refused(RequestChanges, Some("more on costs")).is_none());
        for comment in ["more\u{1b}[2J", &"x".repeat(2_001), "not \u{fffd}"] {
            assert!(refused(Reject, Some(comment)).is_some(), "{comment:?}");
        }
        // A terminal has cut it.
        let cut = "数".repeat(ask::LONGEST_LINE / 3 + 1);
        assert!(refused(Reject, Some(&cut)).is_some());
    }
}
