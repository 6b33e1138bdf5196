//! An attempt failed: another one, or the end.

use aegis_contracts::agent::Role;
use aegis_contracts::event::Event;
use aegis_contracts::time::Timestamp;
use aegis_contracts::usage::Usage;

use crate::answer::{Answer, Owed};
use crate::budget::over_budget;
use crate::decide::transition;
use crate::input::StepFailure;
use crate::rules::Rules;
use crate::state::{Ended, Failure, Phase, ResumeAt, Step, Workflow, working_status};
use crate::step::{current, request};

pub(crate) fn failed(
    rules: &Rules,
    workflow: &Workflow,
    role: Role,
    attempt: u32,
    failure: StepFailure,
    usage: Option<Usage>,
    now: Timestamp,
) -> Answer {
    if let Phase::Ended(Ended::Failed(known)) = &workflow.phase
        && known.resume == ResumeAt::Step(role)
        && known.attempt == Some(attempt)
    {
        return Answer::duplicate();
    }
    if retried_already(workflow, role, attempt, &failure) {
        return Answer::duplicate();
    }
    let step = match current(workflow, role, attempt) {
        Ok(step) => step.clone(),
        Err(refused) => return Answer::Rejected(refused),
    };
    let mut next = workflow.clone();
    next.usage = next
        .usage
        .plus(step.usage.at_least(usage.unwrap_or_default()));
    end_attempt(rules, next, &step, failure, now)
}

/// The same report again: it is what the attempt under way is the retry of.
fn retried_already(workflow: &Workflow, role: Role, attempt: u32, failure: &StepFailure) -> bool {
    let next = attempt.saturating_add(1);
    let retry = workflow.current_step(role, next);
    failure.transient && retry.is_some_and(|step| step.retry_of.as_ref() == Some(&failure.code))
}

/// The attempt is over without a result: a new one, or the end.
pub(crate) fn end_attempt(
    rules: &Rules,
    mut next: Workflow,
    step: &Step,
    failure: StepFailure,
    now: Timestamp,
) -> Answer {
    let status = working_status(step.role);
    let resume = ResumeAt::Step(step.role);
    let policy = rules.step_retries.of(step.role);
    if !failure.transient || !policy.allows(step.retries) {
        let ended = Failure {
            code: failure.code,
            message: failure.message,
            status,
            resume,
            attempt: Some(step.attempt),
        };
        return fail(rules, next, ended, Vec::new(), now);
    }
    if let Some(exceeded) = over_budget(&next, resume, status, now) {
        let attempt = Some(step.attempt);
        return fail(
            rules,
            next,
            Failure {
                attempt,
                ..exceeded
            },
            Vec::new(),
            now,
        );
    }
    let retries = step.retries + 1;
    let attempt = next.attempts.of(step.role).saturating_add(1);
    let delay = policy.delay(&next.id, step.role, attempt, retries);
    // Asked for when the delay has passed: the pick-up time counts from then.
    let (mut retry, owed) = request(
        rules,
        &mut next.attempts,
        step.role,
        step.revision,
        now.plus(delay),
    );
    retry.retries = retries;
    retry.retry_of = Some(failure.code.clone());
    retry.requested_at = now;
    let retried = Event::StepRetried {
        role: step.role,
        failed_attempt: step.attempt,
        next_attempt: retry.attempt,
        code: failure.code,
        message: failure.message,
    };
    next.phase = Phase::Working(retry);
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
        status: failure.status,
    });
    next.phase = Phase::Ended(Ended::Failed(failure));
    transition(rules, next, now, events, Vec::new())
}
