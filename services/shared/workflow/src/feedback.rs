//! What approvers asked to be changed: the analyst hears all of it, not only the latest.

use aegis_contracts::approval::DecisionKind;

use crate::state::{Approval, Workflow};

/// Characters of earlier comments that are kept. Older ones give way: the latest words are always heard.
const KEPT: usize = 4_000;

/// The comment with which changes were asked for in `settled`.
fn asked_in(settled: &Approval) -> Option<&str> {
    let mut latest = settled.decisions.iter().rev();
    latest
        .find(|decision| decision.kind == DecisionKind::RequestChanges)
        .and_then(|decision| decision.comment.as_deref())
}

impl Workflow {
    /// What approvers asked to be changed up to the present revision, a comment per line, oldest first. Nothing once
    /// the revision is approved.
    pub fn feedback(&self) -> Option<String> {
        let settled = self.settled.as_ref()?;
        let mut decisions = settled.decisions.iter();
        if !decisions.any(|decision| decision.kind == DecisionKind::RequestChanges) {
            return None;
        }
        let earlier = self.earlier_comments.iter().map(String::as_str);
        let comments: Vec<&str> = earlier.chain(asked_in(settled)).collect();
        (!comments.is_empty()).then(|| comments.join("\n"))
    }

    /// Before another approval takes the place of the settled one: keeps what was asked for in it.
    pub(crate) fn keep_comment(&mut self) {
        let asked = self.settled.as_ref().and_then(asked_in);
        let Some(comment) = asked.map(str::to_owned) else {
            return;
        };
        self.earlier_comments.push(comment);
        let length = |comments: &[String]| -> usize {
            comments.iter().map(|comment| comment.chars().count()).sum()
        };
        while length(&self.earlier_comments) > KEPT {
            self.earlier_comments.remove(0);
        }
    }
}
