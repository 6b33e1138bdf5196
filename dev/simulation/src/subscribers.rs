//! What follows from what the services did: sent commands travel, invoked agents begin, and people
//! react to events.

use std::sync::Arc;

use aegis_contracts::approval::{DecisionKind, TIMEOUT};
use aegis_contracts::envelope::EventEnvelope;
use aegis_contracts::event::Event;
use aegis_contracts::time::Timestamp;

use crate::harness::{Harness, Manners};

/// Everybody who decides anything in this harness.
const APPROVERS: [&str; 3] = ["ann", "bob", "cid"];
const ESCALATED_TO: &str = "zoe";

impl Harness {
    /// Carries on with what the last step of an actor brought about.
    pub fn carry_on(self: &Arc<Self>, seen: &mut usize) {
        for sent in self.ports.queues.drain() {
            self.carry(sent);
        }
        for invocation in self.ports.runtime.drain() {
            let token = invocation.task.callback.token.clone();
            self.observed(|observed| observed.last_token = Some(token));
            let harness = self.clone();
            self.stage
                .enter("agent", async move { harness.invoked(invocation).await });
        }
        for event in self.ports.bus.drain() {
            self.published(event);
        }
        let written = self.ports.table.writes();
        if written != *seen {
            *seen = written;
            self.look_at_votes();
            self.bell.ring();
        }
    }

    /// A decision that is written was sent before, by whom it names and about the revision that it names.
    fn look_at_votes(&self) {
        let from = self.observed(|observed| observed.entries_seen);
        let entries = self.ports.table.stream_from(from, usize::MAX);
        self.observed(|observed| observed.entries_seen += entries.len());
        for event in entries.iter().flat_map(|entry| &entry.events) {
            let Some((revision, approver, decision)) = decision_in(&event.body) else {
                continue;
            };
            let vote = (
                event.workflow_id.clone(),
                revision,
                approver.to_owned(),
                decision,
            );
            self.observed(|observed| {
                if !observed.votes.contains(&vote) {
                    observed.votes_of_nobody.push(vote);
                }
            });
        }
    }

    fn published(self: &Arc<Self>, event: EventEnvelope) {
        self.trace.count("events published");
        let known = self.observed(|observed| {
            let id = event.event_id.clone();
            match observed.published.get(&id) {
                Some(before) if *before != event => {
                    observed.contradictions.push(id);
                    true
                }
                Some(_) => true,
                None => {
                    observed.published.insert(id, event.clone());
                    false
                }
            }
        });
        if known {
            return;
        }
        let latest = self.observed(|observed| {
            let latest = observed
                .latest
                .entry(event.workflow_id.clone())
                .or_default();
            std::mem::replace(latest, event.version.max(*latest))
        });
        if event.version < latest {
            self.trace.count("events behind later ones");
        }
        self.tell(|| {
            let (name, id) = (event.body.detail_type(), &event.workflow_id);
            format!("* {name} of {id}, version {}", event.version)
        });
        self.react(&event);
    }

    fn react(self: &Arc<Self>, event: &EventEnvelope) {
        match &event.body {
            Event::ApprovalRequested {
                revision,
                deadline_at,
                ..
            } => {
                let count = match self.manners {
                    Manners::Drawn => APPROVERS.len(),
                    Manners::Brisk => 1,
                };
                for name in APPROVERS.into_iter().take(count) {
                    self.ask_approver(name, event, *revision, *deadline_at);
                }
            }
            Event::ApprovalEscalated {
                revision,
                deadline_at,
                ..
            } => {
                self.ask_approver(ESCALATED_TO, event, *revision, *deadline_at);
            }
            Event::ApprovalReminded { .. } => self.trace.count("reminders"),
            // Not for ever: who fails four times is left alone.
            Event::WorkflowFailed { .. } if event.version < 30 && self.dice.chance(0.5) => {
                let (harness, id, version) =
                    (self.clone(), event.workflow_id.clone(), event.version);
                self.stage.enter(
                    "redriver",
                    async move { harness.redriver(id, version).await },
                );
            }
            Event::WorkflowFailed { .. }
            | Event::WorkflowStarted { .. }
            | Event::StepCompleted { .. }
            | Event::StepRetried { .. }
            | Event::BranchFailed { .. }
            | Event::ApprovalRecorded { .. }
            | Event::ApprovalGranted { .. }
            | Event::ChangesRequested { .. }
            | Event::WorkflowCompleted { .. }
            | Event::WorkflowRejected { .. }
            | Event::WorkflowExpired { .. }
            | Event::WorkflowCancelled { .. }
            | Event::WorkflowRedriven { .. } => {}
        }
    }

    fn ask_approver(
        self: &Arc<Self>,
        name: &'static str,
        event: &EventEnvelope,
        revision: u32,
        deadline_at: Timestamp,
    ) {
        let (harness, id) = (self.clone(), event.workflow_id.clone());
        self.stage.enter("approver", async move {
            harness.approver(name, id, revision, deadline_at).await
        });
    }
}

/// What somebody decided, unless it was silence.
fn decision_in(event: &Event) -> Option<(u32, &str, DecisionKind)> {
    let (revision, approver, decision) = match event {
        Event::ApprovalRecorded {
            revision,
            approver,
            decision,
            ..
        } => (revision, approver, *decision),
        Event::ApprovalGranted {
            revision, approver, ..
        } => (revision, approver, DecisionKind::Approve),
        Event::ChangesRequested {
            revision, approver, ..
        } => (revision, approver, DecisionKind::RequestChanges),
        Event::WorkflowRejected {
            revision, approver, ..
        } => (revision, approver, DecisionKind::Reject),
        _ => return None,
    };
    (approver != TIMEOUT).then_some((*revision, approver.as_str(), decision))
}
