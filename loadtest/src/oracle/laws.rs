//! What must hold after a run, over what was read of it. Asks nobody, so that each law can be seen to fail.

use std::collections::{BTreeMap, BTreeSet};

use aegis_client::oracle::Judgement;
use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::flow::Name;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::{HistoryEvent, Place, Status, WorkflowSummary, WorkflowView};

use super::Finding;
use super::bus::Came;
use super::queues::{self, Depths};
use crate::drive::{Driven, Started};
use crate::run::DeadLetter;
use crate::scenario::Kind;

/// All that is known of a run.
pub(super) struct Read<'a> {
    pub driven: &'a Driven,
    /// By the number of the workflow.
    pub judged: &'a BTreeMap<usize, Judgement>,
    /// In the topic of every workflow of this run.
    pub mark: &'a str,
    /// Workflows since the run began.
    pub listed: Vec<WorkflowSummary>,
    /// Of all objects that agents wrote; empty where others use the stage too.
    pub keys: Vec<String>,
    /// No agent has died.
    pub undying: bool,
    /// Nor was any of its reports lost.
    pub heard: bool,
    /// What is to be said of queues that did not empty.
    pub backlog: Vec<String>,
    pub before: &'a Depths,
    pub after: Depths,
    /// Those in the dead-letter queues, where some may lie there.
    pub letters: Option<&'a [DeadLetter]>,
    /// Over the bus, where that was looked at.
    pub came: Option<&'a Came>,
}

pub(super) fn of_all(read: &Read<'_>) -> Vec<Finding> {
    let started = &read.driven.started;
    let accepted = accepted(started);
    let objects = by_owner(&read.keys);
    let mut findings = of_starts(started);
    for (id, kind, judgement) in known(started, read.judged) {
        let wrong = judgement.wrong.iter();
        findings.extend(wrong.map(|what| Finding::of(id, what)));
        if read.undying {
            findings.extend(of_lives(id, judgement));
        }
        if let Some(came) = read.came {
            findings.extend(lost_events(id, judgement, came));
        }
        let Some(view) = &judgement.view else {
            continue;
        };
        findings.extend(of_revisions(kind, view));
        if read.heard {
            findings.extend(needless(view, &judgement.history));
        }
        if let Some(keys) = objects.get(id.as_str()) {
            findings.extend(not_asked_for(view, keys));
        }
    }
    findings.extend(unfinished(&read.driven.unfinished));
    findings.extend(strangers(&read.listed, read.mark, &accepted));
    findings.extend(orphans(&objects, &accepted));
    findings.extend(read.backlog.iter().map(Finding::of_stage));
    let letters = match read.letters {
        Some(letters) => unexplained(letters),
        None => queues::new_ones(read.before, &read.after),
    };
    findings.extend(letters.into_iter().map(Finding::of_stage));
    findings
}

pub(super) fn accepted(started: &[Started]) -> BTreeSet<WorkflowId> {
    started.iter().filter_map(|one| one.id.clone()).collect()
}

pub(super) fn known<'a>(
    started: &'a [Started],
    judged: &'a BTreeMap<usize, Judgement>,
) -> impl Iterator<Item = (&'a WorkflowId, Kind, &'a Judgement)> {
    let all = move |one: &'a Started| Some((one.id.as_ref()?, one.kind, judged.get(&one.number)?));
    started.iter().filter_map(all)
}

pub(super) fn of_starts(started: &[Started]) -> Vec<Finding> {
    let mut seen: BTreeMap<&WorkflowId, usize> = BTreeMap::new();
    let mut findings = Vec::new();
    for one in started {
        if let Some(what) = &one.wrong {
            findings.push(Finding {
                workflow: one.id.clone(),
                what: format!("the {} of number {}: {what}", one.kind.as_str(), one.number),
            });
        }
        let Some(id) = &one.id else { continue };
        if let Some(other) = seen.insert(id, one.number) {
            let what = format!(
                "is the workflow of both number {other} and number {}",
                one.number
            );
            findings.push(Finding::of(id, what));
        }
    }
    findings
}

/// A command may be delivered twice, and then its agent is invoked again, rightly. But the agent knows an attempt that it is at
/// work on or has completed: as long as it lives it begins it once.
fn of_lives(id: &WorkflowId, judgement: &Judgement) -> Vec<Finding> {
    let several = judgement.lives.iter().filter(|(_, lives)| **lives > 1);
    let told = several.map(|(of, lives)| {
        let what = format!("{of} was begun {lives} times, and no agent has died");
        Finding::of(id, what)
    });
    told.collect()
}

/// What was asked to be changed was changed, once. What ended otherwise than demanded is a finding already.
fn of_revisions(kind: Kind, view: &WorkflowView) -> Option<Finding> {
    let approvals = view
        .course
        .iter()
        .filter(|place| matches!(place, Place::Approval { .. }));
    // Each approval after the first asks about a revision of its own.
    let further = match view.status {
        Status::Completed => u32::try_from(approvals.count())
            .unwrap_or(u32::MAX)
            .saturating_sub(1),
        _ => 0,
    };
    let demanded = kind.revisions() + further;
    let what = format!("is of revision {} instead of {demanded}", view.revision);
    let wrong = view.status == kind.demands() && view.revision != demanded;
    wrong.then(|| Finding::of(&view.workflow_id, what))
}

/// Where no agent dies and all are heard, each step takes one attempt, and one more for each change request that sent the
/// workflow back to it or before it: a further one means that work or its report was lost, and was done again.
fn needless(view: &WorkflowView, history: &[HistoryEvent]) -> Vec<Finding> {
    let place = |name: &Name| view.course.iter().position(|place| place.has(name));
    let text = |event: &HistoryEvent, field: &str| {
        let name = event.data[field].as_str().unwrap_or_default().parse();
        name.ok().and_then(|name| place(&name))
    };
    let asked = |step: &Name| {
        let own = place(step);
        let back = history
            .iter()
            .filter(|event| event.kind == "ChangesRequested");
        let back = back.filter(|event| text(event, "redo") <= own && own < text(event, "approval"));
        1 + u32::try_from(back.count()).unwrap_or(u32::MAX)
    };
    let several = view
        .steps
        .iter()
        .filter(|step| step.attempt > asked(&step.step));
    let told = several.map(|step| {
        let what = format!(
            "took {} attempts of `{}` instead of {}, and no agent has failed",
            step.attempt,
            step.step,
            asked(&step.step)
        );
        Finding::of(&view.workflow_id, what)
    });
    told.collect()
}

/// Keys by the workflow that they say they are of.
fn by_owner(keys: &[String]) -> BTreeMap<&str, Vec<&str>> {
    let mut objects: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for key in keys {
        let owner = key.split('/').nth(2).unwrap_or_default();
        objects.entry(owner).or_default().push(key);
    }
    objects
}

/// Objects of attempts that nobody asked for. An attempt's number is never used again, so the latest tells all. What lies in
/// attempts that were asked for may all be there: claims, results, and what is left of those that were given up.
fn not_asked_for(view: &WorkflowView, keys: &[&str]) -> Vec<Finding> {
    // What is under way may have been asked for more since it was read.
    if !view.status.is_terminal() {
        return Vec::new();
    }
    let id = &view.workflow_id;
    let mut asked: Vec<String> = Vec::new();
    for step in &view.steps {
        let prefixes = step
            .attempts()
            .map(|of| attempt_prefix(&view.flow, id, &of));
        asked.extend(prefixes);
    }
    let strange = keys
        .iter()
        .filter(|key| !asked.iter().any(|prefix| key.starts_with(prefix.as_str())));
    strange
        .map(|key| Finding::of(id, format!("{key} is of no attempt that was asked for")))
        .collect()
}

fn lost_events(id: &WorkflowId, judgement: &Judgement, came: &Came) -> Option<Finding> {
    let lost = came.missing(id, &judgement.history);
    let what = format!("{lost} events of its history never came over the bus");
    (lost > 0).then(|| Finding::of(id, what))
}

/// Where calls fail for good there are dead letters, and each must say why it is there.
fn unexplained(letters: &[DeadLetter]) -> Vec<String> {
    let unexplained = letters.iter().filter(|letter| !letter.is_explained());
    let told = unexplained.map(|letter| {
        format!(
            "unexplained in the dead-letter queue of {}: {}, {}",
            letter.queue, letter.kind, letter.reason
        )
    });
    told.collect()
}

fn unfinished(late: &[WorkflowId]) -> Vec<Finding> {
    let told = |id: &WorkflowId| Finding::of(id, "has not ended in time");
    late.iter().map(told).collect()
}

/// Workflows with the mark of this run that nobody was told of.
fn strangers(
    listed: &[WorkflowSummary],
    mark: &str,
    accepted: &BTreeSet<WorkflowId>,
) -> Vec<Finding> {
    let ours = listed.iter().filter(|row| row.topic.contains(mark));
    let strange = ours.filter(|row| !accepted.contains(&row.workflow_id));
    let told = |row: &WorkflowSummary| {
        Finding::of(
            &row.workflow_id,
            "is of this run, and no client was told that it was accepted",
        )
    };
    strange.map(told).collect()
}

/// Objects of workflows that are not of this run.
fn orphans(objects: &BTreeMap<&str, Vec<&str>>, accepted: &BTreeSet<WorkflowId>) -> Vec<Finding> {
    let known: BTreeSet<&str> = accepted.iter().map(WorkflowId::as_str).collect();
    let orphaned = objects.keys().filter(|owner| !known.contains(*owner));
    let told = |owner: &&str| {
        Finding::of_stage(format!(
            "objects below workflows/{owner}/ belong to no workflow"
        ))
    };
    orphaned.map(told).collect()
}
