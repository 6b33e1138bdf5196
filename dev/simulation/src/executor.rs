//! Runs the actors of one harness on one thread, in an order that the dice decide.
//!
//! Knows nothing of workflows. An actor runs until it waits; which of those that could go on does
//! so is chance, so every order of port calls can come about.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use crate::dice::Dice;
use crate::lock;

pub type Actor = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where actors announce that they can go on, and where new ones are put.
#[derive(Default)]
pub struct Stage {
    ready: Arc<Mutex<Vec<usize>>>,
    arrivals: Mutex<Vec<(&'static str, Actor)>>,
}

struct Call {
    ready: Arc<Mutex<Vec<usize>>>,
    actor: usize,
    announced: AtomicBool,
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        if !self.announced.swap(true, Ordering::Relaxed) {
            lock(&self.ready).push(self.actor);
        }
    }
}

impl Stage {
    /// `role`: what the trace calls it.
    pub fn enter(&self, role: &'static str, actor: impl Future<Output = ()> + Send + 'static) {
        lock(&self.arrivals).push((role, Box::pin(actor)));
    }
}

/// The actors of one harness.
#[derive(Default)]
pub struct Troupe {
    places: Vec<Option<Place>>,
    last: &'static str,
}

struct Place {
    role: &'static str,
    actor: Actor,
    call: Arc<Call>,
    waker: Waker,
}

impl Troupe {
    /// Lets one actor do one thing; `false` if all of them wait.
    pub fn step(&mut self, stage: &Stage, dice: &Dice) -> bool {
        self.admit(stage);
        let actor = {
            let mut ready = lock(&stage.ready);
            if ready.is_empty() {
                return false;
            }
            let chosen = dice.below(ready.len());
            ready.swap_remove(chosen)
        };
        if let Some(place) = self.places.get_mut(actor)
            && let Some(found) = place
        {
            self.last = found.role;
            found.call.announced.store(false, Ordering::Relaxed);
            let mut context = Context::from_waker(&found.waker);
            let done = found.actor.as_mut().poll(&mut context);
            if done.is_ready() {
                *place = None;
            }
        }
        true
    }

    /// Who did something last.
    pub fn last(&self) -> &'static str {
        self.last
    }

    fn admit(&mut self, stage: &Stage) {
        let arrivals = std::mem::take(&mut *lock(&stage.arrivals));
        for (role, actor) in arrivals {
            let call = Arc::new(Call {
                ready: stage.ready.clone(),
                actor: self.places.len(),
                announced: AtomicBool::new(false),
            });
            let waker = Waker::from(call.clone());
            waker.wake_by_ref();
            self.places.push(Some(Place {
                role,
                actor,
                call,
                waker,
            }));
        }
    }
}
