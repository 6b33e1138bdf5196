//! The times of all workflows, from what their clients saw and what the stage says of them.

use std::collections::BTreeMap;

use aegis_client::oracle::Judgement;
use aegis_contracts::flow::Name;
use aegis_contracts::view::Place;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::HistoryEvent;

use super::pace::Pace;
use super::spread::Spread;
use crate::drive::Driven;
use crate::oracle::Verdict;

/// Kinds of time, in the order in which a workflow meets them.
#[derive(Debug, Default)]
pub struct Measured {
    pub spreads: Vec<(String, Spread)>,
    pub pace: Pace,
    /// Attempts beyond the first of a step.
    pub retries: u64,
}

pub const START: &str = "start accepted";
pub const DECISION: &str = "decision accepted";
pub const END_TO_END: &str = "end to end";
pub const WAITED: &str = "decision waited for";
pub const LATE: &str = "generator late";

#[derive(Default)]
struct Collected(BTreeMap<String, Spread>);

impl Collected {
    fn add(&mut self, name: &str, from: Option<Timestamp>, to: Option<Timestamp>) {
        if let (Some(from), Some(to)) = (from, to) {
            self.of(name).record(to.since(from));
        }
    }

    fn of(&mut self, name: &str) -> &mut Spread {
        self.0.entry(name.to_owned()).or_default()
    }
}

pub fn of(driven: &Driven, verdict: &Verdict) -> Measured {
    let mut collected = Collected::default();
    let mut measured = Measured::default();
    for started in &driven.started {
        for took in &started.took {
            collected.of(START).record(*took);
        }
        collected.of(LATE).record(started.late);
        measured.pace.due(started.due);
        let Some(judgement) = verdict.judged.get(&started.number) else {
            continue;
        };
        let due = driven.began.plus(started.due);
        let ended = judgement.history.last().filter(|_| has_ended(judgement));
        let ended = ended.map(|event| event.occurred_at);
        collected.add(END_TO_END, Some(due), ended);
        if let Some(ended) = ended {
            measured.pace.ended(ended.since(driven.began));
        }
        let requested = moment(&judgement.history, "ApprovalRequested");
        let decided = ["ApprovalGranted", "WorkflowRejected", "ChangesRequested"];
        let decided = decided
            .iter()
            .filter_map(|kind| moment(&judgement.history, kind))
            .min();
        collected.add(WAITED, requested, decided);
        of_steps(judgement, &mut collected, &mut measured);
    }
    for decision in &driven.decisions {
        collected.of(DECISION).record(decision.took);
    }
    measured.spreads = in_order(collected, &steps_of(verdict));
    measured
}

/// In the order of their flow, which is one for all workflows of a run.
fn steps_of(verdict: &Verdict) -> Vec<Name> {
    let views = verdict.judged.values().filter_map(|judged| judged.view.as_ref());
    let course = views.map(|view| &view.course).next();
    let places = course.into_iter().flatten();
    places
        .filter_map(|place| match place {
            Place::Step { step, .. } => Some(step.clone()),
            Place::Approval { .. } => None,
        })
        .collect()
}

fn has_ended(judgement: &Judgement) -> bool {
    judgement
        .status
        .is_some_and(aegis_contracts::view::Status::is_terminal)
}

/// The wait in the queue and for the dispatcher is told apart from the agent's work, its report included. When it was
/// asked for stands in the history; when the agent was invoked, in its claim.
fn of_steps(judgement: &Judgement, collected: &mut Collected, measured: &mut Measured) {
    let Some(view) = &judgement.view else { return };
    for step in &view.steps {
        measured.retries += u64::from(step.attempt.saturating_sub(1 + step.revision));
        let name = |what| format!("{} {what}", step.step);
        let Some((requested, done)) = times_of(&judgement.history, &step.step, step.attempt) else {
            continue;
        };
        let begun = judgement.begun.get(&(step.step.clone(), step.attempt)).copied();
        collected.add(&name(QUEUED), requested, begun);
        collected.add(&name(WORKED), begun, Some(done));
        collected.add(&name(ALL), requested, Some(done));
    }
}

/// When the attempt was asked for, and when its result was taken.
fn times_of(
    history: &[HistoryEvent],
    step: &Name,
    attempt: u32,
) -> Option<(Option<Timestamp>, Timestamp)> {
    let done = history.iter().position(|event| {
        event.kind == "StepCompleted"
            && event.data["step"] == step.as_str()
            && event.data["attempt"] == attempt
    })?;
    let asked = |event: &&HistoryEvent| match event.kind.as_str() {
        "WorkflowStarted" | "StepCompleted" | "ChangesRequested" | "ApprovalGranted"
        | "WorkflowRedriven" => true,
        "StepRetried" => event.data["step"] == step.as_str(),
        _ => false,
    };
    let requested = history[..done].iter().rev().find(asked);
    Some((
        requested.map(|event| event.occurred_at),
        history[done].occurred_at,
    ))
}

const QUEUED: &str = "queued";
const WORKED: &str = "at work";
const ALL: &str = "in all";

fn moment(history: &[HistoryEvent], kind: &str) -> Option<Timestamp> {
    let found = history.iter().find(|event| event.kind == kind);
    found.map(|event| event.occurred_at)
}

fn in_order(collected: Collected, steps: &[Name]) -> Vec<(String, Spread)> {
    let mut names = vec![LATE.to_owned(), START.to_owned()];
    for step in steps {
        names.extend([QUEUED, WORKED, ALL].map(|what| format!("{step} {what}")));
    }
    names.extend([WAITED.to_owned(), DECISION.to_owned()]);
    names.push(END_TO_END.to_owned());
    let mut spreads = collected.0;
    let taken = names.into_iter().filter_map(|name| {
        let spread = spreads.remove(&name)?;
        Some((name, spread))
    });
    taken.filter(|(_, spread)| !spread.is_empty()).collect()
}

impl Measured {
    pub fn spread(&self, name: &str) -> Option<&Spread> {
        let found = self.spreads.iter().find(|(known, _)| known == name);
        found.map(|(_, spread)| spread)
    }
}
