//! What a run measured: how long things took, and how many happened in which second.
//!
//! Times between two moments of the stage come from its own clock; times of clients from theirs. An end-to-end time
//! begins when the start was due and ends with the stage's last event, so it is as good as the two clocks agree.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_client::oracle::Judgement;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::Name;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::HistoryEvent;
use aegis_contracts::view::{Place, WorkflowView};
use hdrhistogram::Histogram;
use serde::Serialize;

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
    let views = verdict
        .judged
        .values()
        .filter_map(|judged| judged.view.as_ref());
    let course = views.map(|view| &view.course).next();
    let places = course.into_iter().flatten();
    places.flat_map(Place::steps).cloned().collect()
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
        let of = step.of();
        let name = |what| format!("{} {what}", step.step);
        let Some((requested, done)) = times_of(view, &judgement.history, &of) else {
            continue;
        };
        let begun = judgement.begun.get(&of).copied();
        collected.add(&name(QUEUED), requested, begun);
        collected.add(&name(WORKED), begun, Some(done));
        collected.add(&name(ALL), requested, Some(done));
    }
}

/// When the attempt was asked for, and when its result was taken. When a branch was asked for that others went before is
/// not in the history.
fn times_of(
    view: &WorkflowView,
    history: &[HistoryEvent],
    of: &Attempt,
) -> Option<(Option<Timestamp>, Timestamp)> {
    let is_of = |event: &HistoryEvent| {
        event.data["step"] == of.step.as_str()
            && event.data["branch"].as_u64() == of.branch.map(u64::from)
    };
    let done = history.iter().position(|event| {
        event.kind == "StepCompleted" && is_of(event) && event.data["attempt"] == of.attempt
    })?;
    let mut course = view.course.iter();
    let place = course.find(|place| place.has(&of.step));
    let beside = |event: &HistoryEvent| {
        let steps = place.map(Place::steps).unwrap_or_default();
        steps.iter().any(|step| event.data["step"] == step.as_str())
    };
    let asked = |event: &&HistoryEvent| match event.kind.as_str() {
        "WorkflowStarted" | "ChangesRequested" | "ApprovalGranted" | "WorkflowRedriven" => {
            of.branch.is_none()
        }
        "StepCompleted" => of.branch.is_none() && !beside(event),
        "StepRetried" => is_of(event),
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

/// Three digits, from a microsecond to as long as anything took.
#[derive(Debug, Clone)]
pub struct Spread(Histogram<u64>);

/// In milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    pub count: u64,
    pub p50: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

const DIGITS: u8 = 3;

impl Default for Spread {
    #[expect(clippy::expect_used, reason = "three digits are allowed")]
    fn default() -> Self {
        Self(Histogram::new(DIGITS).expect("a histogram of three digits"))
    }
}

impl Spread {
    pub fn record(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX / 4);
        // It grows by itself, so that nothing is too long for it. (Recording with saturation does not.)
        let recorded = self.0.record(micros);
        debug_assert!(recorded.is_ok(), "{recorded:?}");
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn summary(&self) -> Summary {
        let at = |share| self.at(share).as_secs_f64() * 1e3;
        Summary {
            count: self.0.len(),
            p50: at(0.5),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
            max: at(1.0),
        }
    }

    /// The time within which `share` of all were done.
    pub fn at(&self, share: f64) -> Duration {
        Duration::from_micros(self.0.value_at_quantile(share))
    }
}

impl FromIterator<Duration> for Spread {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut spread = Self::default();
        for time in times {
            spread.record(time);
        }
        spread
    }
}

/// Endings come in bursts: a peak over less says more of chance than of the stage.
const WINDOW: usize = 5;

/// By seconds from the beginning.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Pace {
    pub due: Vec<u64>,
    pub ended: Vec<u64>,
    #[serde(skip)]
    last: Duration,
}

impl Pace {
    pub fn due(&mut self, at: Duration) {
        count(&mut self.due, at);
    }

    pub fn ended(&mut self, at: Duration) {
        self.last = self.last.max(at);
        count(&mut self.ended, at);
    }

    /// Of all that have ended, from the first due to the last ended.
    pub fn throughput(&self) -> f64 {
        let ended: u64 = self.ended.iter().sum();
        let seconds = self.last.as_secs_f64();
        if seconds > 0.0 {
            ended as f64 / seconds
        } else {
            0.0
        }
    }

    /// The most that ended in one second, over five of them.
    pub fn peak(&self) -> f64 {
        let sums = self.ended.windows(WINDOW.min(self.ended.len()).max(1));
        let most = sums.map(|window| window.iter().sum::<u64>()).max();
        most.unwrap_or_default() as f64 / WINDOW as f64
    }

    /// Due and not yet ended, at the end of each second.
    pub fn under_way(&self) -> Vec<u64> {
        let seconds = self.due.len().max(self.ended.len());
        let (mut due, mut ended) = (0, 0);
        let at = |counts: &[u64], second: usize| counts.get(second).copied().unwrap_or_default();
        (0..seconds)
            .map(|second| {
                due += at(&self.due, second);
                ended += at(&self.ended, second);
                due.saturating_sub(ended)
            })
            .collect()
    }
}

fn count(counts: &mut Vec<u64>, at: Duration) {
    let second = usize::try_from(at.as_secs()).unwrap_or_default();
    if counts.len() <= second {
        counts.resize(second + 1, 0);
    }
    counts[second] += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_three_digits() {
        let spread: Spread = (1..=1_000).map(Duration::from_millis).collect();
        let summary = spread.summary();
        assert_eq!(summary.count, 1_000);
        for (found, wanted) in [
            (summary.p50, 500.0),
            (summary.p99, 990.0),
            (summary.max, 1_000.0),
        ] {
            assert!(
                (found - wanted).abs() / wanted < 0.001,
                "{found} for {wanted}"
            );
        }
        let hour: Spread = [Duration::from_secs(3_600)].into_iter().collect();
        assert!((hour.summary().max / 3_600_000.0 - 1.0).abs() < 0.001);
        assert!(Spread::default().is_empty());
    }

    #[test]
    fn what_arrives_and_ends_is_counted_by_the_second() {
        let mut pace = Pace::default();
        for tenth in 0..100 {
            pace.due(Duration::from_millis(tenth * 100));
            pace.ended(Duration::from_millis(tenth * 200));
        }
        assert_eq!(pace.due, [10; 10]);
        assert_eq!(pace.ended, [5; 20]);
        assert_eq!(pace.under_way()[9], 50);
        assert_eq!(pace.under_way()[19], 0);
        assert!((pace.peak() - 5.0).abs() < 0.01);
        assert!((pace.throughput() - 100.0 / 19.8).abs() < 0.01);
        assert!(Pace::default().throughput().abs() < f64::EPSILON);
    }
}
