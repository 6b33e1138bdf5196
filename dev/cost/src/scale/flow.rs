//! Many workflows pass through a stage, second by second.
//!
//! Amounts, not single workflows: each second so many move on as what is narrowest lets through. Starts, results and
//! decisions share the API; the three roles share new sessions and sessions at a time. What waits for a session longer
//! than `capacity_timeout_hours` has failed. People decide at once.

use std::collections::VecDeque;

use super::{STOP_SECONDS, Stage, WORK_SECONDS, limits};

/// What became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Passage {
    pub completed: f64,
    /// Failed as `agent_capacity`.
    pub given_up: f64,
    /// Seconds until all had ended.
    pub seconds: f64,
    /// Commands that waited for a session at the same time.
    pub most_waiting: f64,
    /// Seconds that a command waited for a session at most.
    pub longest_wait: f64,
}

const ROLES: usize = 3;

/// First in, first out.
#[derive(Default)]
struct Line {
    /// When so many came.
    parts: VecDeque<(f64, f64)>,
    length: f64,
}

impl Line {
    fn join(&mut self, now: f64, amount: f64) {
        if amount > 0.0 {
            self.parts.push_back((now, amount));
            self.length += amount;
        }
    }

    /// The first `amount`, and since when the last of them has waited.
    fn leave(&mut self, amount: f64, now: f64) -> (f64, f64) {
        let (mut left, mut longest) = (amount, 0.0);
        while left > 0.0 {
            let Some((since, part)) = self.parts.front_mut() else {
                break;
            };
            longest = f64::max(longest, now - *since);
            let taken = left.min(*part);
            *part -= taken;
            left -= taken;
            if *part <= 1e-9 {
                self.parts.pop_front();
            }
        }
        self.length = (self.length - (amount - left)).max(0.0);
        (amount - left, longest)
    }

    /// Whoever came before.
    fn give_up(&mut self, before: f64) -> f64 {
        let mut gone = 0.0;
        while let Some((_, part)) = self.parts.pop_front_if(|(since, _)| *since < before) {
            gone += part;
        }
        self.length = (self.length - gone).max(0.0);
        gone
    }
}

/// How much of each demand is met where all share what there is.
fn share(demand: f64, supply: f64) -> f64 {
    if demand <= supply {
        1.0
    } else {
        supply / demand
    }
}

/// Lets `workflows` pass, of which `per_minute` are started.
pub fn pass(stage: &Stage, workflows: f64, per_minute: f64) -> Passage {
    let mut flow = Flow::of(stage, workflows, per_minute / 60.0);
    while flow.passage.completed + flow.passage.given_up < workflows * (1.0 - 1e-6) {
        flow.second();
    }
    flow.passage
}

struct Flow<'a> {
    stage: &'a Stage,
    /// Workflows that all that is not modelled here lets through in a second.
    others: f64,
    arriving: f64,
    to_come: f64,
    /// Who asks for a start.
    starts: f64,
    waiting: [Line; ROLES],
    /// Begun in each of the last seconds, by role.
    working: VecDeque<[f64; ROLES]>,
    /// Sessions that end so many seconds from now.
    ending: VecDeque<f64>,
    sessions: f64,
    results: [f64; ROLES],
    decisions: f64,
    passage: Passage,
}

impl<'a> Flow<'a> {
    fn of(stage: &'a Stage, workflows: f64, arriving: f64) -> Self {
        let modelled = ["agent", "API"];
        let others = limits(stage).into_iter().filter(|limit| {
            limit.what != "visits of the sweep"
                && !modelled.iter().any(|word| limit.what.contains(word))
        });
        let narrowest = others.map(|limit| limit.per_minute() / 60.0);
        let session = WORK_SECONDS + STOP_SECONDS;
        Self {
            stage,
            others: narrowest.fold(f64::INFINITY, f64::min),
            arriving,
            to_come: workflows,
            starts: 0.0,
            waiting: Default::default(),
            working: VecDeque::from(vec![[0.0; ROLES]; WORK_SECONDS as usize]),
            ending: VecDeque::from(vec![0.0; session as usize]),
            sessions: 0.0,
            results: [0.0; ROLES],
            decisions: 0.0,
            passage: Passage::default(),
        }
    }

    fn second(&mut self) {
        self.passage.seconds += 1.0;
        let come = self.arriving.min(self.to_come);
        self.to_come -= come;
        self.starts += come;
        self.use_the_api();
        self.reach_agents();
    }

    fn use_the_api(&mut self) {
        let now = self.passage.seconds;
        let starts = self
            .starts
            .min(self.others)
            .min(self.stage.start_throttle_rate);
        let results: f64 = self.results.iter().sum();
        let met = share(
            starts + results + self.decisions,
            self.stage.api_throttle_rate,
        );
        self.starts -= starts * met;
        self.waiting[0].join(now, starts * met);
        let done = self.results.map(|results| results * met);
        let decided = self.decisions * met;
        for (results, done) in self.results.iter_mut().zip(done) {
            *results -= done;
        }
        self.waiting[1].join(now, done[0]);
        self.decisions += done[1] - decided;
        self.waiting[2].join(now, decided);
        self.passage.completed += done[2];
    }

    fn reach_agents(&mut self) {
        let now = self.passage.seconds;
        self.sessions -= self.ending.pop_front().unwrap_or_default();
        if let Some(finished) = self.working.pop_front() {
            for (results, finished) in self.results.iter_mut().zip(finished) {
                *results += finished;
            }
        }
        let patience = self.stage.capacity_timeout_hours * 3_600.0;
        for line in &mut self.waiting {
            self.passage.given_up += line.give_up(now - patience);
        }
        let each = self.stage.dispatches();
        let wanted: f64 = self.waiting.iter().map(|line| line.length.min(each)).sum();
        let free = (self.stage.sessions - self.sessions).min(self.stage.new_sessions);
        let free = free.min(self.stage.agent_calls);
        let met = share(wanted, free.max(0.0));
        let mut begun = [0.0; ROLES];
        for (line, begun) in self.waiting.iter_mut().zip(&mut begun) {
            let (started, waited) = line.leave(line.length.min(each) * met, now);
            *begun = started;
            self.passage.longest_wait = self.passage.longest_wait.max(waited);
        }
        let sum: f64 = begun.iter().sum();
        self.sessions += sum;
        self.ending.push_back(sum);
        self.working.push_back(begun);
        let waiting: f64 = self.waiting.iter().map(|line| line.length).sum();
        self.passage.most_waiting = self.passage.most_waiting.max(waiting);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without_a_door() -> Stage {
        Stage {
            start_throttle_rate: 10_000.0,
            ..Stage::default()
        }
    }

    #[test]
    fn what_fits_passes_without_waiting() {
        let passage = pass(&Stage::default(), 1_000.0, 10.0);
        assert_eq!(passage.given_up, 0.0);
        assert!(passage.longest_wait < 1.0, "{passage:?}");
        assert!((passage.completed - 1_000.0).abs() < 0.01, "{passage:?}");
    }

    /// Half as many again as agents can be started for, for ten minutes: they wait and pass.
    #[test]
    fn a_burst_waits_and_passes() {
        let passage = pass(&without_a_door(), 7_500.0, 750.0);
        assert_eq!(passage.given_up, 0.0);
        assert!(passage.longest_wait > 10.0, "{passage:?}");
        assert!(passage.seconds > 900.0, "{passage:?}");
    }

    #[test]
    fn who_waits_for_too_long_has_failed_and_who_is_patient_passes() {
        let stage = without_a_door();
        let hasty = Stage {
            capacity_timeout_hours: 1.0,
            ..stage
        };
        let failed = pass(&hasty, 200_000.0, 10_000.0).given_up;
        assert!(failed > 1_000.0, "{failed}");
        assert_eq!(pass(&Stage::default(), 200_000.0, 10_000.0).given_up, 0.0);
        assert_eq!(pass(&stage, 200_000.0, 10_000.0).given_up, 0.0);
    }
}
