//! An attempt on its way: asked for, dispatched, alive.

use aegis_contracts::command::{Command, StepCommand};
use aegis_contracts::flow::AgentStep;
use aegis_contracts::problem::Code;
use aegis_contracts::time::Timestamp;
use aegis_contracts::usage::Usage;

use crate::answer::{Answer, Illegal, Owed, Rejection};
use crate::decide::touch;
use crate::input::{Attempt, Heartbeat};
use crate::rules::{HEARTBEAT_GRAIN, Limits, Rules};
use crate::state::{Phase, Progress, Work, Workflow};

/// Longest progress message that is kept in the state, in characters.
const KEPT_MESSAGE: usize = 120;

/// The command that asks for an attempt.
pub(crate) fn run_step(work: &Work) -> Command {
    Command::RunStep(StepCommand {
        agent: work.agent.clone(),
        step: work.step.clone(),
        attempt: work.attempt,
        revision: work.revision,
    })
}

/// A new attempt of `step`, asked for at `at`, and the command for it.
pub(crate) fn request(
    rules: &Rules,
    next: &mut Workflow,
    step: &AgentStep,
    at: Timestamp,
) -> (Work, Owed) {
    let attempt = next.attempts.entry(step.step.clone()).or_default();
    *attempt += 1;
    let resend_at = at.plus(rules.resend_after(1));
    let work = Work {
        step: step.step.clone(),
        agent: step.agent.clone(),
        attempt: *attempt,
        revision: next.revision,
        retries: 0,
        retry_of: None,
        sends: 1,
        requested_at: at,
        sent_at: Some(at),
        resend_at: Some(resend_at),
        throttled_at: None,
        dispatched_at: None,
        last_heartbeat_at: None,
        deadline_at: resend_at,
        usage: Usage::default(),
        progress: None,
    };
    let owed = run_step(&work).into();
    (work, owed)
}

/// The work under way if it is this attempt, else why what it says or asks for is refused.
pub fn current<'a>(workflow: &'a Workflow, of: &Attempt) -> Result<&'a Work, Rejection> {
    let Attempt { step, attempt } = of;
    if *attempt == 0 || *attempt > workflow.attempts_of(step) {
        let detail = format!("attempt {attempt} of `{step}` was never asked for");
        return Err(Rejection::Illegal(Illegal {
            code: Code::UnknownAttempt,
            detail,
        }));
    }
    workflow.current_work(step, *attempt).ok_or_else(|| {
        let status = workflow.status().as_str();
        let detail =
            format!("attempt {attempt} of `{step}` is superseded; the workflow is {status}");
        Rejection::Stale {
            detail,
            current_revision: None,
        }
    })
}

/// The work under way if nobody has noted its dispatch.
fn not_dispatched<'a>(workflow: &'a Workflow, of: &Attempt) -> Result<&'a Work, Rejection> {
    let work = current(workflow, of)?;
    match work.dispatched_at {
        Some(_) => Err(Rejection::Duplicate),
        None => Ok(work),
    }
}

/// Something was noted of the work; nothing is owed for it.
fn noted(rules: &Rules, workflow: &Workflow, work: Work) -> Answer {
    let next = Workflow {
        phase: Phase::Running(work),
        ..workflow.clone()
    };
    touch(rules, next, Vec::new())
}

fn mark_dispatched(limits: Limits, work: &mut Work, now: Timestamp) {
    work.dispatched_at = Some(now);
    (work.sent_at, work.resend_at, work.throttled_at) = (None, None, None);
    work.deadline_at = now.plus(limits.timeout);
}

pub(crate) fn dispatched(
    rules: &Rules,
    workflow: &Workflow,
    of: &Attempt,
    now: Timestamp,
) -> Answer {
    let mut work = match not_dispatched(workflow, of) {
        Ok(work) => work.clone(),
        Err(refused) => return Answer::Rejected(refused),
    };
    mark_dispatched(workflow.limits(rules, &of.step), &mut work, now);
    noted(rules, workflow, work)
}

/// From now on the attempt waits for a session: the sweep alone sends its command again, no send counts towards the end
/// of its workflow, and time does. Noted once; each send of the sweep sets the time of the next one.
pub(crate) fn throttled(
    rules: &Rules,
    workflow: &Workflow,
    of: &Attempt,
    now: Timestamp,
) -> Answer {
    let work = match not_dispatched(workflow, of) {
        Ok(work) if work.throttled_at.is_some() => return Answer::duplicate(),
        Ok(work) => work,
        Err(refused) => return Answer::Rejected(refused),
    };
    let resend_at = work.sent_again_at(rules, &workflow.id, now);
    let work = Work {
        throttled_at: Some(now),
        resend_at: Some(resend_at),
        deadline_at: resend_at,
        ..work.clone()
    };
    let next = Workflow {
        // The old time would only wake the sweep in vain.
        wake_at: None,
        ..workflow.clone()
    };
    noted(rules, &next, work)
}

pub(crate) fn progress(
    rules: &Rules,
    workflow: &Workflow,
    heartbeat: Heartbeat,
    now: Timestamp,
) -> Answer {
    let work = match current(workflow, &heartbeat.of) {
        Ok(work) => work,
        Err(refused) => return Answer::Rejected(refused),
    };
    let fresh = work
        .last_heartbeat_at
        .is_some_and(|last| now.since(last) < HEARTBEAT_GRAIN);
    if fresh {
        return Answer::duplicate();
    }
    let mut work = work.clone();
    if work.dispatched_at.is_none() {
        // The report overtook the dispatcher's note: the agent proves that it was dispatched.
        mark_dispatched(workflow.limits(rules, &heartbeat.of.step), &mut work, now);
    }
    work.last_heartbeat_at = Some(now);
    work.usage = work.usage.at_least(heartbeat.usage.unwrap_or_default());
    let message = heartbeat.message.chars().take(KEPT_MESSAGE).collect();
    work.progress = Some(Progress {
        message,
        percent: heartbeat.percent,
    });
    noted(rules, workflow, work)
}
