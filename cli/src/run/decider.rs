//! Who decides at the approval: a flag, a person at the terminal, or nobody here.

use std::future::Future;

use aegis_contracts::approval::{ApprovalView, DecisionKind, MAX_COMMENT};
use aegis_contracts::text::{Lines, check, has_words};
use anyhow::Result;
use console::Term;
use dialoguer::{Input, Select, theme::ColorfulTheme};

/// What became of the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    Decide(DecisionKind, Option<String>),
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
        Ok(Choice::Decide(DecisionKind::Approve, None))
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

/// A list to choose from cannot be drawn on fewer columns.
const NARROWEST: u16 = 20;

impl Decider for AtTerminal {
    async fn decide(&mut self, approval: &ApprovalView) -> Result<Choice> {
        if Term::stderr().size().1 < NARROWEST {
            return Ok(Choice::Nobody);
        }
        let may_revise = approval.revision < approval.max_revisions;
        // The terminal is read by a blocking call.
        tokio::task::spawn_blocking(move || ask(may_revise)).await?
    }

    const ASKS_AGAIN: bool = true;
}

fn ask(may_revise: bool) -> Result<Choice> {
    let theme = ColorfulTheme::default();
    let mut options = vec![
        ("Approve: write the report", Some(DecisionKind::Approve)),
        ("Reject: end without a report", Some(DecisionKind::Reject)),
        ("Decide later: leave it waiting", None),
    ];
    if may_revise {
        let revise = (
            "Request changes: back to the analyst",
            Some(DecisionKind::RequestChanges),
        );
        options.insert(1, revise);
    }
    let labels: Vec<&str> = options.iter().map(|(label, _)| *label).collect();
    let chosen = Select::with_theme(&theme)
        .with_prompt("Your decision on these findings")
        .items(&labels)
        .default(0)
        .interact()?;
    let Some((_, Some(decision))) = options.get(chosen) else {
        return Ok(Choice::Later);
    };
    let comment = comment(&theme, *decision)?;
    Ok(Choice::Decide(*decision, comment))
}

fn comment(theme: &ColorfulTheme, decision: DecisionKind) -> Result<Option<String>> {
    let (prompt, optional) = match decision {
        DecisionKind::Approve => return Ok(None),
        DecisionKind::Reject => ("Why (may be left empty)", true),
        DecisionKind::RequestChanges => ("What shall change", false),
    };
    let text: String = Input::with_theme(theme)
        .with_prompt(prompt)
        .allow_empty(optional)
        .validate_with(|text: &String| usable(text, optional))
        .interact_text()?;
    let text = text.trim().to_owned();
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// What the API would refuse is asked for again.
fn usable(comment: &str, optional: bool) -> Result<(), String> {
    if comment.chars().count() > MAX_COMMENT {
        return Err(format!("at most {MAX_COMMENT} characters"));
    }
    if !has_words(comment) && !optional {
        return Err("the analyst has to know what shall change".to_owned());
    }
    check(comment, Lines::Many).map_err(|hostile| hostile.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_that_says_nothing_is_asked_for_again() {
        for blank in ["", "   ", "\t", "\u{a0}", "\u{3000}", "..."] {
            assert!(usable(blank, false).is_err(), "{blank:?}");
            assert!(usable(blank, true).is_ok(), "{blank:?}");
        }
        assert!(usable("more on costs", false).is_ok());
        assert!(usable("more\u{1b}[2J", true).is_err());
        assert!(usable(&"x".repeat(MAX_COMMENT + 1), true).is_err());
    }
}
