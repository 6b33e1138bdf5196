//! A workflow takes the course of the flow that it was started with, whatever is deployed meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::event::Event;
use aegis_contracts::flow::{Entry, Flow, Name};
use aegis_testkit::memory::Row;
use aegis_workflow::Workflow;

use super::{Verdict, events, holds};
use crate::harness::Harness;
use crate::observed::SessionFacts;

/// A step, or a branch of it.
type Piece<'a> = (&'a Name, Option<u32>);

/// Where a history has come to.
struct Course<'a> {
    flow: &'a Flow,
    /// The entry that runs or waits.
    at: usize,
    /// What of it has not ended.
    open: BTreeSet<Piece<'a>>,
    /// Branches of the entry's step that failed for good, and those that succeeded.
    failed: u32,
    succeeded: u32,
    /// How many items a step found.
    items: BTreeMap<&'a Name, u32>,
    /// The revision that people were asked about last.
    asked: Option<u32>,
    granted: BTreeSet<&'a Name>,
    /// What each step and branch wrote last, and by which event.
    written: BTreeMap<Piece<'a>, (usize, &'a [ArtifactRef])>,
    /// Branches that the latest round of their step went on without.
    gaps: BTreeSet<(&'a Name, u32)>,
    /// The event at which the entry was entered.
    since: usize,
}

/// Each event follows the one before it by the definition: one entry after the other, back to where a change request
/// leads, and then all that follows once more.
pub(super) fn is_taken(harness: &Harness, workflow: &Workflow, row: &Row) -> Verdict {
    let mut course = Course {
        flow: &workflow.flow,
        at: 0,
        open: BTreeSet::new(),
        failed: 0,
        succeeded: 0,
        items: BTreeMap::new(),
        asked: None,
        granted: BTreeSet::new(),
        written: BTreeMap::new(),
        gaps: BTreeSet::new(),
        since: 0,
    };
    course.enter(0, 0);
    for (number, event) in events(row).enumerate() {
        let before = course.at;
        if let Event::StepCompleted {
            step,
            branch,
            attempt,
            ..
        } = event
        {
            let of = Attempt {
                step: step.clone(),
                branch: *branch,
                attempt: *attempt,
            };
            harness.observed(|observed| {
                let key = (workflow.id.clone(), of.clone());
                let facts = observed.sessions.get(&key);
                facts.map_or(Ok(()), |facts| {
                    course.reads_the_latest(workflow, &of, facts)
                })
            })?;
        }
        let follows = course.follows(number, event);
        holds("a workflow takes the course of its flow", follows, || {
            let flow = workflow.flow.id();
            format!("{}: {event:?} at entry {before} of {flow}", workflow.id)
        })?;
        course.asks_once(workflow, event)?;
    }
    Ok(())
}

impl<'a> Course<'a> {
    fn is_at(&self, name: &Name) -> bool {
        let entry = self.flow.steps.get(self.at);
        entry.is_some_and(|entry| entry.has(name))
    }

    /// Goes to an entry, and on behind it if there is nothing to do in it.
    fn enter(&mut self, place: usize, number: usize) {
        (self.at, self.since) = (place, number);
        (self.failed, self.succeeded) = (0, 0);
        let Some(entry) = self.flow.steps.get(place) else {
            return;
        };
        for step in entry.steps() {
            self.gaps.retain(|(known, _)| **known != step.step);
            match &step.each {
                None => {
                    self.open.insert((&step.step, None));
                }
                Some(each) => {
                    let items = self.items.get(each).copied().unwrap_or_default();
                    self.open
                        .extend((1..=items).map(|branch| (&step.step, Some(branch))));
                }
            }
        }
        if self.open.is_empty() && entry.as_approval().is_none() {
            self.leave(number);
        }
    }

    /// All of the entry has ended: what an earlier round of it has left beyond this one counts no more.
    fn leave(&mut self, number: usize) {
        if let Some(entry) = self.flow.steps.get(self.at) {
            let since = self.since;
            self.written
                .retain(|(step, _), (written, _)| !entry.has(step) || *written > since);
        }
        self.enter(self.at + 1, number);
    }

    /// A step or branch of the entry has ended; whether it was open.
    fn ends(&mut self, number: usize, piece: Piece<'a>) -> bool {
        let was_open = self.open.remove(&piece);
        if self.open.is_empty() {
            self.leave(number);
        }
        was_open
    }

    /// Goes on by the event; whether it could come now.
    fn follows(&mut self, number: usize, event: &'a Event) -> bool {
        match event {
            Event::WorkflowStarted {
                flow, flow_version, ..
            } => (flow, *flow_version) == (&self.flow.flow, self.flow.version),
            Event::StepCompleted {
                step,
                branch,
                agent,
                artifacts,
                items,
                ..
            } => {
                let here = self.works_for(step, agent);
                let counted = self.flow.max_items(step);
                let sane = match (counted, items) {
                    (Some(most), Some(items)) => *items <= most,
                    (counted, items) => counted.is_none() && items.is_none(),
                };
                self.items.extend(items.map(|items| (step, items)));
                self.succeeded += 1;
                let piece = (step, *branch);
                self.written.insert(piece, (number, artifacts));
                self.ends(number, piece) && here && sane
            }
            Event::BranchFailed {
                step,
                branch,
                agent,
                ..
            } => {
                let here = self.works_for(step, agent);
                self.failed += 1;
                self.gaps.insert((step, *branch));
                let may_fail = self.flow.step(step).map_or(0, |step| step.may_fail());
                let tolerated = self.failed <= may_fail;
                // One at least has to succeed.
                let hope = self.succeeded > 0 || self.open.len() > 1;
                self.ends(number, (step, Some(*branch))) && here && tolerated && hope
            }
            Event::StepRetried {
                step,
                branch,
                agent,
                ..
            } => self.open.contains(&(step, *branch)) && self.works_for(step, agent),
            Event::ApprovalRequested { approval, .. }
            | Event::ApprovalReminded { approval, .. }
            | Event::ApprovalEscalated { approval, .. }
            | Event::ApprovalRecorded { approval, .. }
            | Event::WorkflowRejected { approval, .. }
            | Event::WorkflowExpired { approval, .. } => self.is_at(approval),
            Event::ApprovalGranted { approval, .. } => {
                let here = self.is_at(approval);
                self.enter(self.at + 1, number);
                here
            }
            Event::ChangesRequested { approval, redo, .. } => {
                let here = self.is_at(approval) && self.leads_back_to(redo);
                self.enter(self.flow.place(redo).unwrap_or(usize::MAX), number);
                here
            }
            Event::WorkflowCompleted { result, .. } => {
                let written = self.written.get(&(&self.flow.result, None));
                let written = written.is_some_and(|(_, written)| written.contains(result));
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

    /// An attempt was given what the steps that it reads wrote last, and what it wrote itself before, for the same item;
    /// and was told of the branches that wrote nothing.
    fn reads_the_latest(&self, workflow: &Workflow, of: &Attempt, facts: &SessionFacts) -> Verdict {
        let Some(step) = self.flow.step(&of.step) else {
            return Ok(());
        };
        let planned = step
            .each
            .as_ref()
            .and_then(|each| self.written.get(&(each, None)));
        let mut wanted = BTreeSet::new();
        for ((read, branch), (number, artifacts)) in &self.written {
            let own = (*read, *branch) == of.place()
                && planned.is_none_or(|(planned, _)| number > planned);
            if own || step.gets(read) {
                wanted.extend(artifacts.iter().map(|artifact| &artifact.key));
            }
        }
        let given = facts.inputs.iter().map(|input| &input.key);
        let given: BTreeSet<&String> = given.collect();
        holds(
            "an attempt reads the latest results",
            given == wanted,
            || format!("{}: {of} was given {given:?}, not {wanted:?}", workflow.id),
        )?;
        let missing = self.gaps.iter().filter(|(of, _)| step.reads.contains(of));
        let missing: BTreeSet<(&Name, u32)> = missing.copied().collect();
        let told = facts.gaps.iter().map(|gap| (&gap.step, gap.branch));
        let told: BTreeSet<(&Name, u32)> = told.collect();
        holds(
            "an attempt hears of what is missing",
            told == missing,
            || {
                format!(
                    "{}: {of} was told of {told:?}, not {missing:?}",
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
