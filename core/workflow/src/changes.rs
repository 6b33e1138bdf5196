//! What approvers asked to be changed: the agents hear all of it, not only the latest.

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::changes::ChangeRequest;

use crate::state::{Approval, Workflow};

/// Characters of earlier comments that are kept. Older ones give way: the latest words are always heard.
const KEPT: usize = 4_000;

fn asked_in(settled: &Approval) -> Option<ChangeRequest> {
    let mut latest = settled.decisions.iter().rev();
    let decision = latest.find(|decision| decision.kind == DecisionKind::RequestChanges)?;
    Some(ChangeRequest {
        revision: settled.revision,
        comment: decision.comment.clone(),
        changes: decision.changes.clone().unwrap_or_default(),
    })
}

impl Workflow {
    /// What approvers asked to be changed up to the present revision, oldest first. Nothing once the revision is
    /// approved.
    pub fn change_requests(&self) -> Vec<ChangeRequest> {
        let Some(latest) = self.settled.as_ref().and_then(asked_in) else {
            return Vec::new();
        };
        let mut all = self.earlier_changes.clone();
        all.push(latest);
        all
    }

    /// Before another approval takes the place of the settled one: keeps what was asked for in it.
    pub(crate) fn keep_changes(&mut self) {
        self.earlier_changes
            .extend(self.settled.as_ref().and_then(asked_in));
        let mut left = KEPT;
        for earlier in self.earlier_changes.iter_mut().rev() {
            let length = earlier
                .comment
                .as_ref()
                .map_or(0, |text| text.chars().count());
            if length > left {
                earlier.comment = None;
            }
            left = left.saturating_sub(length);
        }
        self.earlier_changes
            .retain(|earlier| earlier.comment.is_some() || !earlier.changes.is_empty());
    }
}
