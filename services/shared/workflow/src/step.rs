//! One step: asked for, dispatched, alive, done, failed.

use aegis_contracts::agent::Role;
use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::command::Command;
use aegis_contracts::event::Event;
use aegis_contracts::time::Timestamp;
use aegis_contracts::usage::Usage;

use crate::answer::{Answer, Illegal, Owed, Rejection};
use crate::budget::over_budget;
use crate::decide::{touch, transition};
use crate::input::StepFailure;
use crate::results::{own_artifacts, record_result};
use crate::rules::{HEARTBEAT_GRAIN, Rules};
use crate::state::{Attempts, Failure, Phase, Progress, ResumeAt, Step, Workflow, working_status};
use crate::{approval, redrive};

/// Longest progress message that is kept in the state, in characters.
const KEPT_MESSAGE: usize = 120;

pub(crate) struct Heartbeat {
    pub role: Role,
    pub attempt: u32,
    pub message: String,
    pub percent: Option<u8>,
    pub usage: Option<Usage>,
}

pub(crate) struct Success {
    pub role: Role,
    pub attempt: u32,
    pub summary: String,
    pub artifacts: Vec<ArtifactRef>,
    pub usage: Usage,
}

/// A new attempt of `role`, and the command that asks for it.
pub(crate) fn request(
    rules: &Rules,
    attempts: &mut Attempts,
    role: Role,
    revision: u32,
    now: Timestamp,
) -> (Step, Owed) {
    let attempt = attempts.next(role);
    let resend_at = now.plus(rules.resend_after(1));
    let step = Step {
        role,
        attempt,
        revision,
        retries: 0,
        sends: 1,
        requested_at: now,
        sent_at: Some(now),
        resend_at: Some(resend_at),
        dispatched_at: None,
        last_heartbeat_at: None,
        deadline_at: resend_at,
        usage: Usage::default(),
        progress: None,
    };
    (step, Command::step(role, attempt, revision).into())
}

/// The step under way if it is this attempt, else why the report of it is refused.
fn current(workflow: &Workflow, role: Role, attempt: u32) -> Result<&Step, Rejection> {
    if attempt == 0 || attempt > workflow.attempts.of(role) {
        let detail = format!("attempt {attempt} of the {role} was never asked for");
        return Err(Rejection::Illegal(Illegal {
            code: "unknown_attempt",
            detail,
        }));
    }
    workflow.current_step(role, attempt).ok_or_else(|| {
        let status = workflow.status().as_str();
        let detail =
            format!("attempt {attempt} of the {role} is superseded; the workflow is {status}");
        Rejection::Stale {
            detail,
            current_revision: None,
        }
    })
}

fn mark_dispatched(rules: &Rules, step: &mut Step, now: Timestamp) {
    step.dispatched_at = Some(now);
    (step.sent_at, step.resend_at) = (None, None);
    step.deadline_at = now.plus(rules.step_timeout);
}

pub(crate) fn dispatched(
    rules: &Rules,
    workflow: &Workflow,
    role: Role,
    attempt: u32,
    now: Timestamp,
) -> Answer {
    let step = match current(workflow, role, attempt) {
        Ok(step) if step.dispatched_at.is_some() => return Answer::duplicate(),
        Ok(step) => step,
        Err(refused) => return Answer::Rejected(refused),
    };
    let mut step = step.clone();
    mark_dispatched(rules, &mut step, now);
    touch(
        rules,
        Workflow {
            phase: Phase::Working(step),
            ..workflow.clone()
        },
        Vec::new(),
    )
}

pub(crate) fn progress(
    rules: &Rules,
    workflow: &Workflow,
    report: Heartbeat,
    now: Timestamp,
) -> Answer {
    let step = match current(workflow, report.role, report.attempt) {
        Ok(step) => step,
        Err(refused) => return Answer::Rejected(refused),
    };
    let fresh = step
        .last_heartbeat_at
        .is_some_and(|last| now.since(last) < HEARTBEAT_GRAIN);
    if fresh {
        return Answer::duplicate();
    }
    let mut step = step.clone();
    if step.dispatched_at.is_none() {
        // The report overtook the dispatcher's note: the agent proves that it was dispatched.
        mark_dispatched(rules, &mut step, now);
    }
    step.last_heartbeat_at = Some(now);
    step.usage = step.usage.at_least(report.usage.unwrap_or_default());
    let message = report.message.chars().take(KEPT_MESSAGE).collect();
    step.progress = Some(Progress {
        message,
        percent: report.percent,
    });
    touch(
        rules,
        Workflow {
            phase: Phase::Working(step),
            ..workflow.clone()
        },
        Vec::new(),
    )
}

pub(crate) fn succeeded(
    rules: &Rules,
    workflow: &Workflow,
    success: Success,
    now: Timestamp,
) -> Answer {
    let already = workflow
        .result_of(success.role)
        .is_some_and(|result| result.attempt == success.attempt);
    if already {
        return Answer::duplicate();
    }
    let step = match current(workflow, success.role, success.attempt) {
        Ok(step) => step.clone(),
        Err(refused) => return Answer::Rejected(refused),
    };
    if let Err(detail) = own_artifacts(workflow, &success) {
        return Answer::illegal("invalid_artifacts", detail);
    }
    let mut next = workflow.clone();
    let usage = step.usage.at_least(success.usage);
    next.usage = next.usage.plus(usage);
    record_result(&mut next, &step, &success.artifacts);
    let completed = Event::StepCompleted {
        role: step.role,
        attempt: step.attempt,
        revision: step.revision,
        summary: success.summary,
        artifacts: success.artifacts.clone(),
        usage,
    };
    advance(rules, next, &step, completed, success.artifacts, now)
}

/// Only this function knows who comes next.
fn advance(
    rules: &Rules,
    mut next: Workflow,
    step: &Step,
    completed: Event,
    artifacts: Vec<ArtifactRef>,
    now: Timestamp,
) -> Answer {
    let mut events = vec![completed];
    let resume = match step.role {
        Role::Researcher => ResumeAt::Step(Role::Analyst),
        Role::Analyst => ResumeAt::Approval,
        Role::Writer => {
            let report = artifacts
                .into_iter()
                .find(|artifact| artifact.name == Role::Writer.artifact_name());
            let usage = next.usage;
            events.extend(report.map(|report| Event::WorkflowCompleted { report, usage }));
            next.phase = Phase::Completed;
            return transition(rules, next, now, events, Vec::new());
        }
    };
    if let Some(exceeded) = over_budget(&next, resume, working_status(step.role), now) {
        return fail(rules, next, exceeded, events, now);
    }
    let (owed, event) = match resume {
        ResumeAt::Step(role) => (redrive::enter_step(rules, &mut next, role, now), None),
        ResumeAt::Approval => {
            let (owed, event) = approval::enter(rules, &mut next, now);
            (owed, Some(event))
        }
    };
    events.extend(event);
    transition(rules, next, now, events, vec![owed])
}

pub(crate) fn failed(
    rules: &Rules,
    workflow: &Workflow,
    role: Role,
    attempt: u32,
    failure: StepFailure,
    usage: Option<Usage>,
    now: Timestamp,
) -> Answer {
    if let Phase::Failed(known) = &workflow.phase
        && known.resume == ResumeAt::Step(role)
        && known.attempt == Some(attempt)
    {
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
    if !failure.transient || step.retries >= rules.max_step_retries {
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
    let delay = Rules::retry_after(retries);
    // Asked for when the delay has passed: the pick-up time counts from then.
    let (mut retry, owed) = request(
        rules,
        &mut next.attempts,
        step.role,
        step.revision,
        now.plus(delay),
    );
    retry.retries = retries;
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
    next.phase = Phase::Failed(failure);
    transition(rules, next, now, events, Vec::new())
}
