//! A workflow takes the course of the flow that it was started with, whatever is deployed meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::event::Event;
use aegis_contracts::flow::{Entry, Flow, Name};
use aegis_testkit::memory::Row;
use aegis_workflow::{Attempt, Workflow};

use super::{Verdict, events, holds};
use crate::harness::Harness;
use crate::observed::SessionFacts;

/// Where a history has come to.
struct Course<'a> {
    flow: &'a Flow,
    /// The entry that runs or waits.
    at: usize,
    /// The revision that people were asked about last.
    asked: Option<u32>,
    granted: BTreeSet<&'a Name>,
    /// What each step wrote last.
    written: BTreeMap<&'a Name, &'a [ArtifactRef]>,
}

/// Each event follows the one before it by the definition: one entry after the other, back to where a change request
/// leads, and then all that follows once more.
pub(super) fn is_taken(harness: &Harness, workflow: &Workflow, row: &Row) -> Verdict {
    let mut course = Course {
        flow: &workflow.flow,
        at: 0,
        asked: None,
        granted: BTreeSet::new(),
        written: BTreeMap::new(),
    };
    for event in events(row) {
        let before = course.at;
        let follows = course.follows(event);
        holds("a workflow takes the course of its flow", follows, || {
            let flow = workflow.flow.id();
            format!("{}: {event:?} at entry {before} of {flow}", workflow.id)
        })?;
        course.asks_once(workflow, event)?;
        if let Event::StepCompleted { step, attempt, .. } = event {
            let of = Attempt {
                step: step.clone(),
                attempt: *attempt,
            };
            harness.observed(|observed| {
                let key = (workflow.id.clone(), of);
                let facts = observed.sessions.get(&key);
                facts.map_or(Ok(()), |facts| {
                    course.reads_the_latest(workflow, step, facts)
                })
            })?;
        }
        if let Event::StepCompleted {
            step, artifacts, ..
        } = event
        {
            course.written.insert(step, artifacts);
        }
    }
    Ok(())
}

impl<'a> Course<'a> {
    fn is_at(&self, name: &Name) -> bool {
        let entry = self.flow.steps.get(self.at);
        entry.is_some_and(|entry| entry.name() == name)
    }

    /// Goes on by the event; whether it could come now.
    fn follows(&mut self, event: &'a Event) -> bool {
        match event {
            Event::WorkflowStarted {
                flow, flow_version, ..
            } => (flow, *flow_version) == (&self.flow.flow, self.flow.version),
            Event::StepCompleted { step, agent, .. } => {
                let here = self.is_at(step) && self.works_for(step, agent);
                self.at += 1;
                here
            }
            Event::StepRetried { step, agent, .. } => {
                self.is_at(step) && self.works_for(step, agent)
            }
            Event::ApprovalRequested { approval, .. }
            | Event::ApprovalReminded { approval, .. }
            | Event::ApprovalEscalated { approval, .. }
            | Event::ApprovalRecorded { approval, .. }
            | Event::WorkflowRejected { approval, .. }
            | Event::WorkflowExpired { approval, .. } => self.is_at(approval),
            Event::ApprovalGranted { approval, .. } => {
                let here = self.is_at(approval);
                self.at += 1;
                here
            }
            Event::ChangesRequested { approval, redo, .. } => {
                let here = self.is_at(approval) && self.leads_back_to(redo);
                self.at = self.flow.place(redo).unwrap_or(usize::MAX);
                here
            }
            Event::WorkflowCompleted { result, .. } => {
                let written = self.written.get(&self.flow.result);
                let written = written.is_some_and(|written| written.contains(result));
                self.at == self.flow.steps.len() && written
            }
            Event::WorkflowFailed { at, .. }
            | Event::WorkflowCancelled { at, .. }
            | Event::WorkflowRedriven { at, .. } => self.is_at(at),
        }
    }

    fn works_for(&self, step: &Name, agent: &Name) -> bool {
        let definition = self.flow.step(step);
        definition.is_some_and(|step| step.agent == *agent)
    }

    fn leads_back_to(&self, step: &Name) -> bool {
        let asked = self.flow.steps.get(self.at).and_then(Entry::as_approval);
        asked.is_some_and(|asked| [&asked.redo, &asked.search_again].contains(&&Some(step.clone())))
    }

    /// Links, buttons and commands name a revision, so it stands for one asking alone.
    fn asks_once(&mut self, workflow: &Workflow, event: &'a Event) -> Verdict {
        match event {
            Event::ApprovalRequested { revision, .. } => {
                let new = self.asked.is_none_or(|asked| *revision > asked);
                self.asked = Some(*revision);
                holds("a revision is asked about once", new, || {
                    format!("{}: {revision} once more", workflow.id)
                })
            }
            Event::ApprovalGranted {
                approval, revision, ..
            } => {
                let once = self.granted.insert(approval) && self.asked == Some(*revision);
                holds("an approval is granted once", once, || {
                    format!("{}: {approval}, revision {revision}", workflow.id)
                })
            }
            _ => Ok(()),
        }
    }

    /// An attempt was given what the steps that it reads wrote last, and what its own step wrote before.
    fn reads_the_latest(&self, workflow: &Workflow, step: &Name, facts: &SessionFacts) -> Verdict {
        let reads = self.flow.step(step).map(|step| step.reads.as_slice());
        let mut wanted = BTreeSet::new();
        for read in reads.unwrap_or_default().iter().chain([step]) {
            let written = self.written.get(read).copied().unwrap_or_default();
            wanted.extend(written.iter().map(|artifact| &artifact.key));
        }
        let given = facts.inputs.iter().map(|input| &input.key);
        let given: BTreeSet<&String> = given.collect();
        holds(
            "an attempt reads the latest results",
            given == wanted,
            || {
                format!(
                    "{}: {step} was given {given:?}, not {wanted:?}",
                    workflow.id
                )
            },
        )
    }
}

pub(super) fn nobody_works_without_a_grant(
    harness: &Harness,
    workflow: &Workflow,
    row: &Row,
) -> Verdict {
    let granted = events(row).filter_map(|event| match event {
        Event::ApprovalGranted { approval, .. } => Some(approval),
        _ => None,
    });
    let granted: BTreeSet<&Name> = granted.collect();
    let asked = |entry: &&Entry| entry.as_approval().is_some();
    let open = |step: &Name| {
        let place = workflow.flow.place(step).unwrap_or(usize::MAX);
        let before = workflow.flow.steps.iter().take(place).filter(asked);
        before.map(Entry::name).find(|name| !granted.contains(name))
    };
    harness.observed(|observed| {
        let sessions = observed.sessions.keys();
        for (_, of) in sessions.filter(|(id, _)| *id == workflow.id) {
            let without = open(&of.step);
            let law = "nobody works on what stands behind an approval that nobody granted";
            holds(law, without.is_none(), || {
                format!("{}: {} before {without:?}", workflow.id, of.step)
            })?;
        }
        Ok(())
    })
}
