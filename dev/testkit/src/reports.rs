//! Which attempts ended by a report of their own, as a history tells it.

use aegis_contracts::attempt::Attempt;
use aegis_contracts::event::Event;
use aegis_workflow::codes;

/// Codes by which others than its agent say that an attempt failed.
const NOT_OF_AGENTS: [&str; 6] = [
    codes::AGENT_CAPACITY,
    codes::AGENT_NOT_STARTED,
    codes::AGENT_REFUSED,
    codes::AGENT_SILENT,
    codes::STEP_TIMEOUT,
    codes::UNDELIVERABLE,
];

/// Nobody owes the stop of such an attempt's session.
pub fn ended_by_report<'a>(events: impl Iterator<Item = &'a Event>, of: &Attempt) -> bool {
    let place = of.place();
    let by_agent = |code: &String| !NOT_OF_AGENTS.contains(&code.as_str());
    let mut failed_last = false;
    for event in events {
        match event {
            Event::StepCompleted {
                step,
                branch,
                attempt,
                ..
            } if place == (step, *branch) && of.attempt == *attempt => return true,
            Event::StepRetried {
                step,
                branch,
                failed_attempt: attempt,
                code,
                ..
            } if place == (step, *branch) && of.attempt == *attempt => return by_agent(code),
            Event::BranchFailed {
                step,
                branch,
                attempt,
                code,
                ..
            } if place == (step, Some(*branch)) && of.attempt == *attempt => {
                return by_agent(code);
            }
            Event::WorkflowFailed {
                at, branch, code, ..
            } if place == (at, *branch) => failed_last |= by_agent(code),
            _ => {}
        }
    }
    failed_last
}
