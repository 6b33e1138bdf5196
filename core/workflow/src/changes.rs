//! What approvers asked to be changed: the agents hear all of it, not only the latest.

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::changes::ChangeRequest;
use aegis_contracts::flow::Flow;

use crate::state::{Approval, Workflow};

/// Characters of earlier comments that are kept. Older ones give way: the latest words are always heard.
const KEPT: usize = 4_000;

fn asked_in(flow: &Flow, settled: &Approval) -> Option<ChangeRequest> {
    let mut approvals = flow.approvals();
    let asked = approvals.find(|asked| asked.approval == settled.approval)?;
    let mut latest = settled.decisions.iter().rev();
    let decision = latest.find(|decision| decision.kind == DecisionKind::RequestChanges)?;
    Some(ChangeRequest {
        shows: asked.shows.clone(),
        revision: settled.revision,
        comment: decision.comment.clone(),
        changes: decision.changes.clone().unwrap_or_default(),
    })
}

impl Workflow {
    /// What approvers asked to be changed up to the present revision, oldest first. Nothing once the revision is
    /// approved.
    pub fn change_requests(&self) -> Vec<ChangeRequest> {
        let settled = self.settled.as_ref();
        let Some(latest) = settled.and_then(|settled| asked_in(&self.flow, settled)) else {
            return Vec::new();
        };
        let mut all = self.earlier_changes.clone();
        all.push(latest);
        all
    }

    /// Before another approval takes the place of the settled one: keeps what was asked for in it.
    pub(crate) fn keep_changes(&mut self) {
        let settled = self.settled.as_ref();
        self.earlier_changes
            .extend(settled.and_then(|settled| asked_in(&self.flow, settled)));
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
