//! Every handler of every service, under all laws: delivered twice, one effect; after a crash behind any port call,
//! another delivery leads to the same end; no function wakes itself.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

mod api;
mod queues;
mod registry;
mod schedule;
mod services;
mod stream;

use aegis_testkit::laws::{
    Stage, crash_anywhere_then_redeliver, no_function_wakes_itself, twice_is_once,
};

/// A handler, and one thing that it is given to handle.
pub struct Case {
    pub service: &'static str,
    /// Type of the command or event, or the route.
    pub trigger: &'static str,
    /// What is special about it.
    pub which: &'static str,
    /// Port calls that there are at least, so that the crashes are known to have happened.
    pub calls: u32,
    pub stage: Box<dyn Fn() -> Stage>,
}

impl Case {
    pub fn new(
        (service, trigger, which): (&'static str, &'static str, &'static str),
        calls: u32,
        stage: impl Fn() -> Stage + 'static,
    ) -> Self {
        Self {
            service,
            trigger,
            which,
            calls,
            stage: Box::new(stage),
        }
    }

    fn name(&self) -> String {
        format!("{}, {}, {}", self.service, self.trigger, self.which)
    }
}

pub fn all() -> Vec<Case> {
    [queues::all(), api::all(), stream::all(), schedule::all()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn delivered_twice_one_effect() {
    for case in all() {
        twice_is_once(&case.name(), &case.stage);
    }
}

#[test]
fn after_a_crash_anywhere_another_delivery_leads_to_the_same_end() {
    for case in all() {
        let name = case.name();
        let calls = crash_anywhere_then_redeliver(&name, &case.stage);
        assert!(calls >= case.calls, "{name}: only {calls} port calls");
    }
}

#[test]
fn what_a_handler_sends_never_comes_back_to_it_again_and_again() {
    for case in all() {
        no_function_wakes_itself(&case.name(), case.service, &case.stage, &services::receiver);
    }
}
