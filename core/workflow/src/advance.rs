//! Where a workflow goes next: into an entry of its flow, on within it, or to its end.

use aegis_contracts::event::Event;
use aegis_contracts::flow::{AgentStep, Entry, Name};

use crate::budget::over_budget;
use crate::draft::Draft;
use crate::state::{Ended, Phase, Running, Workflow};
use crate::view::main_artifact;

impl Workflow {
    /// Branches of a step with `each`: the items that were found for it. `None` for a step that runs once.
    pub fn branches_of(&self, step: &AgentStep) -> Option<u32> {
        let each = step.each.as_ref()?;
        let found = self.result_of(each, None).and_then(|result| result.items);
        Some(found.unwrap_or_default())
    }

    /// Whether this step or branch needs no further attempt in the present round of its entry.
    pub(crate) fn is_settled(&self, step: &Name, branch: Option<u32>) -> bool {
        let result = self.result_of(step, branch);
        result.is_some_and(|result| result.revision == self.revision)
            || branch.is_some_and(|branch| self.gap(step, branch).is_some())
    }

    /// All branches of a step; of one that runs once, the step itself.
    pub(crate) fn places_of(&self, step: &AgentStep) -> Vec<Option<u32>> {
        match self.branches_of(step) {
            Some(branches) => (1..=branches).map(Some).collect(),
            None => vec![None],
        }
    }

    /// What of an entry has neither ended nor begun in this round.
    pub(crate) fn not_begun(&self, entry: &Entry) -> Vec<(AgentStep, Option<u32>)> {
        let mut open = Vec::new();
        for step in entry.steps() {
            let begins = |branch: &Option<u32>| {
                let (step, branch) = (&step.step, *branch);
                !self.is_settled(step, branch) && self.work_at(step, branch).is_none()
            };
            let begins = self.places_of(step).into_iter().filter(begins);
            open.extend(begins.map(|branch| (step.clone(), branch)));
        }
        open
    }
}

impl Draft<'_> {
    /// The workflow goes on behind the entry that `done` names or is in, or is completed.
    pub fn go_on_after(&mut self, done: &Name) {
        let place = self.next.flow.place(done).map(|place| place + 1);
        match place
            .and_then(|place| self.next.flow.steps.get(place))
            .cloned()
        {
            Some(entry) => self.go_to(&entry),
            None => self.completed(),
        }
    }

    /// The workflow goes to `entry`, if the budget allows that: people may have taken longer than it does.
    pub fn go_to(&mut self, entry: &Entry) {
        self.next.gaps.retain(|gap| !entry.has(&gap.step));
        if let Entry::Approval(asked) = entry
            && let Some(exceeded) = over_budget(&self.next, &asked.approval, self.now)
        {
            return self.fail(exceeded);
        }
        self.enter(entry);
    }

    /// Puts the workflow into an entry, where it takes up what has not ended in this round.
    pub fn enter(&mut self, entry: &Entry) {
        match entry {
            Entry::Step(_) | Entry::Parallel(_) => {
                let step = entry.name();
                self.next.phase = Phase::Running(Running {
                    work: Vec::new(),
                    base: self.next.attempts_of(step),
                });
                self.carry_on(entry);
            }
            Entry::Approval(asked) => self.ask(&asked.approval),
        }
    }

    /// Begins as much of the entry as may be at work at once, if the budget allows more; once all of it has ended, goes on
    /// behind it.
    pub fn carry_on(&mut self, entry: &Entry) {
        let open = self.next.not_begun(entry);
        let at_once: u32 = entry.steps().iter().map(AgentStep::at_once).sum();
        let at_work = u32::try_from(self.next.work().len()).unwrap_or(u32::MAX);
        let room = usize::try_from(at_once.saturating_sub(at_work)).unwrap_or(usize::MAX);
        if let Some((step, _)) = open.first()
            && let Some(exceeded) = over_budget(&self.next, &step.step, self.now)
        {
            return self.fail(exceeded);
        }
        let waiting = open.len();
        for (index, (step, branch)) in open.into_iter().take(room).enumerate() {
            let shared = waiting - index;
            let attempt = match (&self.next.phase, branch) {
                // The same number for all branches that begin in this round.
                (Phase::Running(running), Some(_)) => running.base,
                _ => self.next.attempts_of(&step.step),
            };
            let attempt = attempt.saturating_add(1);
            let (work, owed) = self.request(&step, branch, attempt, self.now, shared);
            self.next.begins(work);
            self.owes(owed);
        }
        if self.next.work().is_empty() {
            let revision = self.next.revision;
            // Not those of an earlier round, which had more branches than this one.
            self.next
                .results
                .retain(|result| !entry.has(&result.of.step) || result.revision == revision);
            self.go_on_after(entry.name());
        }
    }

    fn completed(&mut self) {
        let result = main_artifact(&self.next, &self.next.flow.result);
        let usage = self.next.usage;
        // A flow's result is a step of it, and all have succeeded.
        let completed = result.map(|result| Event::WorkflowCompleted { result, usage });
        self.events.extend(completed);
        self.next.phase = Phase::Ended(Ended::Completed);
    }
}
