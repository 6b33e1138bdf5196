//! An attempt failed: another one, a gap, or the end.

use aegis_contracts::attempt::Attempt;
use aegis_contracts::event::Event;
use aegis_contracts::flow::AgentStep;
use aegis_contracts::time::Timestamp;

use crate::answer::{Answer, Owed};
use crate::budget::over_budget;
use crate::codes;
use crate::draft::Draft;
use crate::input::StepFailure;
use crate::rules::Rules;
use crate::state::{Ended, Failure, Gap, Phase, Work, Workflow};
use crate::step::current;

pub(crate) fn failed(
    rules: &Rules,
    workflow: &Workflow,
    of: &Attempt,
    why: StepFailure,
    now: Timestamp,
) -> Answer {
    if heard_already(workflow, of, &why) {
        return Answer::duplicate();
    }
    match current(workflow, of) {
        Ok(work) => {
            let mut draft = Draft::of(rules, workflow, now);
            // A runtime that refuses an attempt says nothing of what an earlier delivery of its command has started.
            draft.reported = (why.code != codes::AGENT_REFUSED).then(|| of.clone());
            draft.end_attempt(work, why);
            draft.seal()
        }
        Err(refused) => Answer::Rejected(refused),
    }
}

/// The same report again: it is what the workflow or the branch has failed by, or what the attempt under way is the
/// retry of.
fn heard_already(workflow: &Workflow, of: &Attempt, why: &StepFailure) -> bool {
    if let Phase::Ended(Ended::Failed(known)) = &workflow.phase
        && known.of.as_ref() == Some(of)
    {
        return true;
    }
    let gap = of.branch.and_then(|branch| workflow.gap(&of.step, branch));
    if gap.is_some_and(|gap| gap.attempt == of.attempt) {
        return true;
    }
    let next = Attempt {
        attempt: of.attempt.saturating_add(1),
        ..of.clone()
    };
    let retry = workflow.current_work(&next);
    why.transient && retry.is_some_and(|work| work.retry_of.as_ref() == Some(&why.code))
}

impl Draft<'_> {
    /// The attempt is over without a result: a new one, a branch that its flow goes on without, or the end.
    pub fn end_attempt(&mut self, work: &Work, why: StepFailure) {
        let used = work.usage.at_least(why.usage.unwrap_or_default());
        self.next.usage = self.next.usage.plus(used);
        self.next.ends(&work.of);
        let work = &Work {
            usage: used,
            ..work.clone()
        };
        // A state whose steps its flow does not have is not read.
        let Some(step) = self.next.definition(&work.of.step).cloned() else {
            return;
        };
        let policy = self.next.limits(self.rules, &work.of.step).retries;
        if !(why.transient && policy.allows(work.retries)) {
            return self.give_up(&step, work, why);
        }
        if let Some(exceeded) = over_budget(&self.next, &work.of.step, self.now) {
            return self.fail(Failure {
                of: Some(work.of.clone()),
                stopped: vec![work.clone().stopped()],
                ..exceeded
            });
        }
        let retries = work.retries + 1;
        let attempt = work.of.attempt.saturating_add(1);
        let delay = policy.delay(&self.next.id, &work.of, attempt, retries);
        let shared = match self.next.entry_of(&work.of.step) {
            Some(entry) => self.next.not_begun(entry).len(),
            None => 1,
        };
        // Asked for when the delay has passed: the pick-up time counts from then.
        let at = self.now.plus(delay);
        let (mut retry, owed) = self.request(&step, work.of.branch, attempt, at, shared);
        retry.retries = retries;
        retry.retry_of = Some(why.code.clone());
        retry.requested_at = self.now;
        self.happened(Event::StepRetried {
            step: work.of.step.clone(),
            branch: work.of.branch,
            agent: work.agent.clone(),
            failed_attempt: work.of.attempt,
            next_attempt: attempt,
            code: why.code,
            message: why.message,
        });
        self.next.begins(retry);
        self.owes(Owed { delay, ..owed });
    }

    /// No further attempt of this step or branch: its flow goes on without the branch, or fails.
    fn give_up(&mut self, step: &AgentStep, work: &Work, why: StepFailure) {
        let of = &work.of;
        let failed = self.next.gaps.iter().filter(|gap| gap.step == of.step);
        let failed = u32::try_from(failed.count()).unwrap_or(u32::MAX) + 1;
        // One at least has to succeed: nothing is not a result.
        let goes_on = failed <= step.may_fail()
            && self.next.branches_of(step).is_some_and(|all| failed < all);
        let entry = self.next.entry_of(&of.step).cloned();
        let (Some(branch), Some(entry), true) = (of.branch, entry, goes_on) else {
            return self.fail(Failure {
                code: why.code,
                message: why.message,
                at: of.step.clone(),
                of: Some(of.clone()),
                stopped: vec![work.clone().stopped()],
            });
        };
        self.next.gaps.push(Gap {
            step: of.step.clone(),
            branch,
            attempt: of.attempt,
            code: why.code.clone(),
        });
        self.happened(Event::BranchFailed {
            step: of.step.clone(),
            branch,
            agent: work.agent.clone(),
            attempt: of.attempt,
            code: why.code,
            message: why.message,
        });
        self.carry_on(&entry);
    }

    /// The end; whoever is still at work is stopped.
    pub fn fail(&mut self, mut failure: Failure) {
        self.happened(Event::WorkflowFailed {
            code: failure.code.clone(),
            message: failure.message.clone(),
            at: failure.at.clone(),
            branch: failure.of.as_ref().and_then(|of| of.branch),
        });
        failure.stopped.extend(self.next.ends_all());
        // What this decision has just asked for is wanted no more.
        self.owed.clear();
        self.next.phase = Phase::Ended(Ended::Failed(failure));
    }
}
