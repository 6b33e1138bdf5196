//! Many workflows at once on one side: hops drawn from their latencies, quotas shared by all.

use std::collections::{BinaryHeap, VecDeque};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::event::{Event, Place, What};
use super::inputs::{Inputs, Side};
use super::path::{Path, ways};
use super::quota::{Quotas, Time};

/// How often it is looked whether a queue has more places by now.
const LOOK_AGAIN: Time = 0.2;

/// How many workflows come, and when.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub side: Side,
    /// Workflows a second, spread like independent clients.
    pub rate: f64,
    /// How many come in all.
    pub workflows: u32,
    pub seed: u64,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How long each workflow took, in milliseconds and in the order of coming.
    pub took: Vec<f64>,
    /// Functions at work at the same time, at most.
    pub most_functions: u32,
    /// How long functions ran, of all workflows together.
    pub function_seconds: f64,
}

struct Harness<'a> {
    ways: Vec<Path<'a>>,
    quotas: Quotas,
    events: BinaryHeap<Event>,
    /// For each queue, who waits for a function to begin.
    waiting: Vec<VecDeque<(Time, Place)>>,
    number: u64,
    seed: u64,
    began: Vec<Time>,
    outcome: Outcome,
}

/// # Panics
/// Never for inputs that were parsed: their names are known.
pub fn run(inputs: &Inputs, wanted: &Run) -> Outcome {
    let (ways, queues) = ways(inputs, wanted.side);
    let count = wanted.workflows as usize;
    let mut world = Harness {
        ways,
        quotas: Quotas::new(inputs, queues),
        events: BinaryHeap::new(),
        waiting: vec![VecDeque::new(); queues],
        number: 0,
        seed: wanted.seed,
        began: Vec::with_capacity(count),
        outcome: Outcome {
            took: vec![0.0; count],
            most_functions: 0,
            function_seconds: 0.0,
        },
    };
    let mut dice = ChaCha8Rng::seed_from_u64(wanted.seed);
    let mut now = 0.0;
    for workflow in 0..wanted.workflows {
        now += -(1.0 - dice.random::<f64>()).ln() / wanted.rate;
        world.began.push(now);
        world.push(
            now,
            What::Go(Place {
                workflow,
                step: 0,
                hop: 0,
            }),
        );
    }
    while let Some(event) = world.events.pop() {
        match event.what {
            What::Go(place) => world.go(place, event.at),
            What::Look(queue) => world.look(queue, event.at),
        }
    }
    world.outcome
}

impl Harness<'_> {
    fn push(&mut self, at: Time, what: What) {
        self.number += 1;
        self.events.push(Event {
            at,
            number: self.number,
            what,
        });
    }

    fn go(&mut self, place: Place, now: Time) {
        let Some(way) = self.ways.get(place.step) else {
            let index = place.workflow as usize;
            self.outcome.took[index] = (now - self.began[index]) * 1000.0;
            return;
        };
        let (function, queue, aside) = (way.function, way.queue, way.aside);
        if place.hop == 0 {
            if aside {
                // The path goes on at once.
                self.push(
                    now,
                    What::Go(Place {
                        step: place.step + 1,
                        ..place
                    }),
                );
            }
            if function && !self.may_begin(queue, place, now) {
                return;
            }
        }
        self.hop(place, now);
    }

    fn may_begin(&mut self, queue: usize, place: Place, now: Time) -> bool {
        let first = self.waiting[queue].is_empty();
        if first && self.quotas.enter(queue, now) {
            self.note_function();
            return true;
        }
        self.waiting[queue].push_back((now, place));
        if first {
            self.quotas.note_waiting(queue, true, now);
            self.push(now + LOOK_AGAIN, What::Look(queue));
        }
        false
    }

    fn note_function(&mut self) {
        let at_work = self.quotas.functions_at_work();
        self.outcome.most_functions = self.outcome.most_functions.max(at_work);
    }

    fn hop(&mut self, place: Place, now: Time) {
        let way = &self.ways[place.step];
        if let Some((name, latency)) = way.hops.get(place.hop) {
            let takes = latency.at(self.normal(place)) / 1000.0;
            let begin = self.quotas.admit(name, now);
            if way.function {
                self.outcome.function_seconds += begin - now + takes;
            }
            let next = Place {
                hop: place.hop + 1,
                ..place
            };
            return self.push(begin + takes, What::Go(next));
        }
        let aside = way.aside;
        if way.function {
            self.quotas.leave(way.queue);
            self.let_in(now);
        }
        if !aside {
            self.go(
                Place {
                    step: place.step + 1,
                    hop: 0,
                    ..place
                },
                now,
            );
        }
    }

    /// Whoever has waited longest, for whichever queue, begins where there is room.
    fn let_in(&mut self, now: Time) {
        let mut queues: Vec<usize> = (0..self.waiting.len())
            .filter(|queue| !self.waiting[*queue].is_empty())
            .collect();
        queues.sort_by(|a, b| {
            let since = |queue: usize| self.waiting[queue].front().map_or(now, |(since, _)| *since);
            since(*a).total_cmp(&since(*b))
        });
        for queue in queues {
            while !self.waiting[queue].is_empty() && self.quotas.enter(queue, now) {
                self.note_function();
                if let Some((_, place)) = self.waiting[queue].pop_front() {
                    self.hop(place, now);
                }
            }
            let waits = !self.waiting[queue].is_empty();
            self.quotas.note_waiting(queue, waits, now);
        }
    }

    fn look(&mut self, queue: usize, now: Time) {
        self.let_in(now);
        if !self.waiting[queue].is_empty() {
            self.push(now + LOOK_AGAIN, What::Look(queue));
        }
    }

    /// The same workflow draws the same at the same hop, whatever else was changed: only so are two runs comparable.
    /// Box and Muller: two even numbers make a normal one.
    fn normal(&self, place: Place) -> f64 {
        let hop = (place.step as u64) << 8 | place.hop as u64;
        let place = u64::from(place.workflow) << 32 | hop;
        let mut dice =
            ChaCha8Rng::seed_from_u64(self.seed ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (one, two): (f64, f64) = (1.0 - dice.random::<f64>(), dice.random());
        (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * two).cos()
    }
}
