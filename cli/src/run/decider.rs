//! Who decides at the approval: a flag, a person at the terminal, or nobody here.

use std::future::Future;

use aegis_contracts::approval::{ApprovalView, DecisionKind, DecisionRequest};
use aegis_contracts::changes::Changes;
use aegis_contracts::text::{alike, visible_line};
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
pub struct AtTerminal {
    /// Whether a decision has to name who makes it, and `--approver` has not.
    pub asks_who: bool,
}

impl Decider for AtTerminal {
    async fn decide(&mut self, approval: &ApprovalView) -> Result<Choice> {
        let names = approval.approvers.clone();
        let question = Question {
            may_revise: approval.round < approval.max_revisions,
            names: if self.asks_who { names } else { Vec::new() },
        };
        // The terminal is read by a blocking call.
        tokio::task::spawn_blocking(move || question.choice(ask::line)).await?
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

/// What is asked, and what the answers are checked against.
struct Question {
    may_revise: bool,
    /// Of whom one has to say that they are it; empty where nobody has to.
    names: Vec<String>,
}

type Read<'a> = &'a mut dyn FnMut(&str) -> Result<Option<String>>;

/// Asks until the answer can be taken; where it is known why it cannot, that is said. `None`: Ctrl-D.
fn until<T>(
    read: Read<'_>,
    prompt: &str,
    mut taken: impl FnMut(&str) -> std::result::Result<T, Option<String>>,
) -> Result<Option<T>> {
    loop {
        let Some(typed) = read(prompt)? else {
            return Ok(None);
        };
        match taken(typed.trim()) {
            Ok(answer) => return Ok(Some(answer)),
            Err(why) => why.iter().for_each(|why| errln!("  {why}")),
        }
    }
}

impl Question {
    /// Asks until there is an answer. Nothing is decided by an empty line, nor by the end of the input.
    fn choice(&self, mut read: impl FnMut(&str) -> Result<Option<String>>) -> Result<Choice> {
        let revises = |kind: Option<DecisionKind>| kind == Some(DecisionKind::RequestChanges);
        let offered = || {
            let answers = ANSWERS.iter();
            answers.filter(|(.., kind)| self.may_revise || !revises(*kind))
        };
        let prompt = match self.may_revise {
            true => "Type l, a, c or r, then Enter: ",
            false => "Type l, a or r, then Enter: ",
        };
        loop {
            errln!("{}", bold("Your decision on these findings"));
            for (letter, word, meaning, _) in offered() {
                errln!("  {}  {word}: {meaning}", bold(letter));
            }
            let chosen = until(&mut read, prompt, |typed| {
                let typed = typed.to_lowercase();
                let is_it = |letter: &str, word: &str| typed == letter || typed == word;
                let chosen = offered().find(|(letter, word, ..)| is_it(letter, word));
                chosen.map(|(.., kind)| *kind).ok_or(None)
            })?;
            let Some(decision) = chosen.flatten() else {
                return Ok(Choice::Later);
            };
            if let Some(wanted) = self.decision(decision, &mut read)? {
                return Ok(Choice::Decide(wanted));
            }
            // Not that, after all.
        }
    }

    /// `None`: the person does not want to decide that after all.
    fn decision(&self, decision: DecisionKind, read: Read<'_>) -> Result<Option<DecisionRequest>> {
        let mut wanted = wanted(decision);
        if !self.names.is_empty() {
            let Some(name) = self.name(read)? else {
                return Ok(None);
            };
            wanted.approver = Some(name);
        }
        let prompt = match decision {
            DecisionKind::Approve => return Ok(Some(wanted)),
            DecisionKind::Reject => "Why (may be left empty): ",
            DecisionKind::RequestChanges => {
                let Some(changes) = changes(read)? else {
                    return Ok(None);
                };
                wanted.changes = Some(changes).filter(|changes| !changes.is_empty());
                "In your own words, for people: the built-in agents do not read them (may be empty): "
            }
        };
        let commented = until(read, prompt, |typed| {
            wanted.comment = Some(typed.to_owned()).filter(|text| !text.is_empty());
            match refused(&wanted) {
                None => Ok(Some(wanted.clone())),
                Some(why) if wanted.comment.is_some() => Err(Some(why)),
                // Nothing was asked for at all.
                Some(why) => {
                    errln!("  {why}");
                    Ok(None)
                }
            }
        })?;
        Ok(commented.flatten())
    }

    fn name(&self, read: Read<'_>) -> Result<Option<String>> {
        let names = visible_line(&self.names.join(", ")).into_owned();
        until(read, &format!("Who are you ({names}): "), |typed| {
            let mut names = self.names.iter();
            names.find(|name| alike(name, typed)).cloned().ok_or(None)
        })
    }
}

/// What agents can carry out. `None`: the person does not want to ask for changes after all.
fn changes(read: Read<'_>) -> Result<Option<Changes>> {
    let checked = |changes: Changes| match told(changes.validate()) {
        None => Ok(changes),
        why => Err(why),
    };
    let prompt = "Leave out the findings (like 2,5, or empty): ";
    let dropped = until(read, prompt, |typed| {
        let numbers: std::result::Result<Vec<u32>, _> = parts(typed).map(str::parse).collect();
        let told = || "type the numbers of findings, with commas between them".to_owned();
        let numbers = numbers.map_err(|_| Some(told()))?;
        checked(Changes {
            drop: numbers,
            ..Changes::default()
        })
    })?;
    let Some(dropped) = dropped else {
        return Ok(None);
    };
    let prompt = "Say something about (words, with commas between, or empty): ";
    let with_terms = until(read, prompt, |typed| {
        checked(Changes {
            terms: parts(typed).map(str::to_owned).collect(),
            ..dropped.clone()
        })
    })?;
    let Some(mut changes) = with_terms else {
        return Ok(None);
    };
    for (prompt, wish) in [
        (
            "Search the sources again first (y or n): ",
            &mut changes.search_again,
        ),
        ("Make it shorter (y or n): ", &mut changes.shorter),
    ] {
        let answer = until(read, prompt, |typed| match typed.to_lowercase().as_str() {
            "y" | "yes" => Ok(true),
            "n" | "no" | "" => Ok(false),
            _ => Err(None),
        })?;
        let Some(answer) = answer else {
            return Ok(None);
        };
        *wish = answer;
    }
    Ok(Some(changes))
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

fn parts(typed: &str) -> impl Iterator<Item = &str> {
    typed
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// Why the API would refuse the decision.
fn refused(request: &DecisionRequest) -> Option<String> {
    let comment = request.comment.as_deref();
    if comment.is_some_and(|comment| comment.len() >= ask::LONGEST_LINE) {
        let why = "too long for one line of a terminal: decide later, with --comment";
        return Some(why.to_owned());
    }
    told(request.validate())
}

fn told(checked: std::result::Result<(), garde::Report>) -> Option<String> {
    let report = checked.err()?;
    let reasons: Vec<String> = report.iter().map(|(_, why)| why.to_string()).collect();
    Some(reasons.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered_by(names: &[&str], may_revise: bool, lines: &[&str]) -> (Choice, usize) {
        let mut read = 0;
        let question = Question {
            may_revise,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let choice = question.choice(|_| {
            read += 1;
            Ok(lines.get(read - 1).map(|line| (*line).to_owned()))
        });
        (choice.unwrap(), read)
    }

    fn answered(may_revise: bool, lines: &[&str]) -> (Choice, usize) {
        answered_by(&[], may_revise, lines)
    }

    #[test]
    fn whoever_has_to_be_named_is_asked_for() {
        let names = ["ann", "Bob Lee"];
        let (choice, read) = answered_by(&names, true, &["a", "", "eve", "bob  lee"]);
        let by_bob = DecisionRequest {
            approver: Some("Bob Lee".to_owned()),
            ..wanted(DecisionKind::Approve)
        };
        assert_eq!((choice, read), (Choice::Decide(by_bob), 4));
        assert_eq!(answered_by(&names, true, &["a"]).0, Choice::Later);
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
                &[
                    "c",
                    "",
                    "",
                    "",
                    "",
                    "",
                    "c",
                    "",
                    "",
                    "",
                    "",
                    "more on costs",
                ],
                decided(RequestChanges, Some("more on costs")),
            ),
            (
                &[
                    "c",
                    "two",
                    "0",
                    "2,2",
                    "2, 5",
                    "co\u{1b}sts",
                    "costs, salt caverns",
                    "ja",
                    "Y",
                    "no",
                    "",
                ],
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
