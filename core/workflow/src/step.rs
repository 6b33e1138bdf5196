//! An attempt on its way: asked for, dispatched, alive.

use aegis_contracts::attempt::Attempt;
use aegis_contracts::command::{Command, StepCommand};
use aegis_contracts::flow::AgentStep;
use aegis_contracts::problem::Code;
use aegis_contracts::time::Timestamp;
use aegis_contracts::usage::Usage;

use crate::answer::{Answer, Illegal, Owed, Rejection};
use crate::draft::Draft;
use crate::input::Heartbeat;
use crate::rules::{HEARTBEAT_GRAIN, Limits, Rules};
use crate::state::{Progress, Work, Workflow};

/// Longest progress message that is kept in the state, in characters.
const KEPT_MESSAGE: usize = 120;

/// The command that asks for an attempt.
pub(crate) fn run_step(work: &Work) -> Command {
    Command::RunStep(StepCommand {
        agent: work.agent.clone(),
        of: work.of.clone(),
        revision: work.revision,
    })
}

impl Draft<'_> {
    /// A new attempt, asked for at `at`, and the command for it. It shares what is left of the budget with as many
    /// others as make `shared` with it.
    pub fn request(
        &mut self,
        step: &AgentStep,
        branch: Option<u32>,
        attempt: u32,
        at: Timestamp,
        shared: usize,
    ) -> (Work, Owed) {
        let highest = self.next.attempts.entry(step.step.clone()).or_default();
        *highest = attempt.max(*highest);
        let resend_at = at.plus(self.rules.resend_after(1));
        let work = Work {
            of: Attempt {
                step: step.step.clone(),
                branch,
                attempt,
            },
            agent: step.agent.clone(),
            revision: self.next.revision,
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
            share: self.next.share(shared),
        };
        let owed = run_step(&work).into();
        (work, owed)
    }
}

/// The work under way if it is this attempt, else why what it says or asks for is refused.
pub fn current<'a>(workflow: &'a Workflow, of: &Attempt) -> Result<&'a Work, Rejection> {
    if of.attempt == 0 || of.attempt > workflow.attempts_of(&of.step) {
        let detail = format!("{of} was never asked for");
        return Err(Rejection::Illegal(Illegal {
            code: Code::UnknownAttempt,
            detail,
        }));
    }
    workflow.current_work(of).ok_or_else(|| {
        let status = workflow.status().as_str();
        let detail = format!("{of} is superseded; the workflow is {status}");
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
fn noted(rules: &Rules, workflow: &Workflow, work: Work, now: Timestamp) -> Answer {
    let mut draft = Draft::of(rules, workflow, now);
    draft.next.notes(work);
    draft.seal()
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
    noted(rules, workflow, work, now)
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
    noted(rules, &next, work, now)
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
    noted(rules, workflow, work, now)
}
