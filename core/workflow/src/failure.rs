//! An attempt failed: another one, or the end.

use aegis_contracts::event::Event;
use aegis_contracts::time::Timestamp;

use crate::answer::{Answer, Owed};
use crate::budget::over_budget;
use crate::decide::transition;
use crate::input::{Attempt, StepFailure};
use crate::rules::Rules;
use crate::state::{Ended, Failure, Phase, Work, Workflow};
use crate::step::{current, request};

pub(crate) fn failed(
    rules: &Rules,
    workflow: &Workflow,
    of: &Attempt,
    why: StepFailure,
    now: Timestamp,
) -> Answer {
    if let Phase::Ended(Ended::Failed(known)) = &workflow.phase
        && known.at == of.step
        && known.attempt == Some(of.attempt)
    {
        return Answer::duplicate();
    }
    if retried_already(workflow, of, &why) {
        return Answer::duplicate();
    }
    let work = match current(workflow, of) {
        Ok(work) => work.clone(),
        Err(refused) => return Answer::Rejected(refused),
    };
    end_attempt(rules, workflow.clone(), &work, why, now)
}

/// The same report again: it is what the attempt under way is the retry of.
fn retried_already(workflow: &Workflow, of: &Attempt, why: &StepFailure) -> bool {
    let next = of.attempt.saturating_add(1);
    let retry = workflow.current_work(&of.step, next);
    why.transient && retry.is_some_and(|work| work.retry_of.as_ref() == Some(&why.code))
}

/// The attempt is over without a result: a new one, or the end.
pub(crate) fn end_attempt(
    rules: &Rules,
    mut next: Workflow,
    work: &Work,
    why: StepFailure,
    now: Timestamp,
) -> Answer {
    let used = work.usage.at_least(why.usage.unwrap_or_default());
    next.usage = next.usage.plus(used);
    let policy = next.limits(rules, &work.step).retries;
    let definition = next.definition(&work.step).cloned();
    let retried = definition.filter(|_| why.transient && policy.allows(work.retries));
    let Some(step) = retried else {
        let ended = Failure {
            code: why.code,
            message: why.message,
            at: work.step.clone(),
            attempt: Some(work.attempt),
        };
        return fail(rules, next, ended, Vec::new(), now);
    };
    if let Some(exceeded) = over_budget(&next, &work.step, now) {
        let exceeded = Failure {
            attempt: Some(work.attempt),
            ..exceeded
        };
        return fail(rules, next, exceeded, Vec::new(), now);
    }
    let retries = work.retries + 1;
    let attempt = next.attempts_of(&work.step).saturating_add(1);
    let delay = policy.delay(&next.id, &work.step, attempt, retries);
    // Asked for when the delay has passed: the pick-up time counts from then.
    let (mut retry, owed) = request(rules, &mut next, &step, now.plus(delay));
    retry.retries = retries;
    retry.retry_of = Some(why.code.clone());
    retry.requested_at = now;
    let retried = Event::StepRetried {
        step: work.step.clone(),
        agent: work.agent.clone(),
        failed_attempt: work.attempt,
        next_attempt: retry.attempt,
        code: why.code,
        message: why.message,
    };
    next.phase = Phase::Running(retry);
    transition(
        rules,
        next,
        now,
        vec![retried],
        vec![Owed { delay, ..owed }],
    )
}

pub(crate) fn fail(
    rules: &Rules,
    mut next: Workflow,
    failure: Failure,
    mut events: Vec<Event>,
    now: Timestamp,
) -> Answer {
    events.push(Event::WorkflowFailed {
        code: failure.code.clone(),
        message: failure.message.clone(),
        at: failure.at.clone(),
    });
    next.phase = Phase::Ended(Ended::Failed(failure));
    transition(rules, next, now, events, Vec::new())
}
