//! The whole of one workflow.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use aegis_contracts::attempt::Attempt;
use aegis_contracts::changes::ChangeRequest;
use aegis_contracts::command::{ApprovalCommand, Command, SessionCommand};
use aegis_contracts::flow::{AgentStep, Entry, Flow, FlowId, Name};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::Budget;
use aegis_contracts::time::{Timestamp, millis};
use aegis_contracts::tolerant;
use aegis_contracts::usage::Usage;
use aegis_contracts::view::Status;
use serde::{Deserialize, Serialize, Serializer};

use super::approval::{Approval, ApprovalPolicy};
use super::work::{Gap, OwedStops, Running, StepResult, Stopped, Work};
use super::{is_zero, short};
use crate::step::run_step;

/// Shape of the stored state. Code that meets a newer one leaves it alone.
pub const STATE_VERSION: u16 = 1;

/// A definition and its id, which is what the state keeps of it.
#[derive(Debug, Clone)]
pub struct Pinned {
    id: FlowId,
    definition: Arc<Flow>,
}

impl Pinned {
    pub fn new(flow: Flow) -> Self {
        Self {
            id: flow.id(),
            definition: Arc::new(flow),
        }
    }

    pub fn id(&self) -> &FlowId {
        &self.id
    }
}

impl Deref for Pinned {
    type Target = Flow;

    fn deref(&self) -> &Flow {
        &self.definition
    }
}

impl PartialEq for Pinned {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Serialize for Pinned {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.id.serialize(serializer)
    }
}

/// What is read from the table: the flow is known by its id only.
pub type StoredWorkflow = Workflow<FlowId>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workflow<F = Pinned> {
    pub state_version: u16,
    /// The definition that it runs by, from its start to its end.
    pub flow: F,
    pub id: WorkflowId,
    /// Counts transitions: one history item each.
    #[serde(rename = "v")]
    pub version: u64,
    /// Counts writes, touches too. Every write is conditional on it.
    #[serde(rename = "q")]
    pub seq: u64,
    #[serde(rename = "c", with = "millis")]
    pub created_at: Timestamp,
    #[serde(rename = "u", with = "millis")]
    pub updated_at: Timestamp,
    /// When the item and its history may be deleted.
    #[serde(rename = "x", with = "millis")]
    pub expires_at: Timestamp,
    /// When the sweep should look; never later than [`Workflow::due_at`].
    #[serde(
        rename = "w",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub wake_at: Option<Timestamp>,
    /// Of each approval of the flow.
    #[serde(rename = "p", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policies: BTreeMap<Name, ApprovalPolicy>,
    #[serde(
        rename = "b",
        default,
        deserialize_with = "tolerant::field",
        skip_serializing_if = "Option::is_none"
    )]
    pub budget: Option<Budget>,
    /// The highest attempt of each step or of any of its branches. Never goes down, so (workflow, step, branch, attempt)
    /// names one piece of work for ever.
    #[serde(rename = "a", default)]
    pub attempts: BTreeMap<Name, u32>,
    /// That of the latest asking of an approval, or of the work that will be asked about next.
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// The latest success of each step and branch, in flow order.
    #[serde(
        rename = "f",
        default,
        with = "super::results",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub results: Vec<StepResult>,
    /// Branches of the latest round of their steps that the flow goes on without.
    #[serde(rename = "n", default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Of all attempts that ended.
    #[serde(
        rename = "g",
        default,
        with = "short::usage",
        skip_serializing_if = "Usage::is_zero"
    )]
    pub usage: Usage,
    /// The latest approval that was settled.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Approval>,
    /// What approvers asked for before the latest revision of the same approval, oldest first; that of the latest is in
    /// `settled`.
    #[serde(rename = "k", default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_changes: Vec<ChangeRequest>,
    /// The failure that the latest redrive answered, by its version.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub redriven_from: Option<u64>,
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub stops: Option<OwedStops>,
    pub phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Agents are asked for, or at work.
    Running(Running),
    AwaitingApproval(Approval),
    #[serde(untagged)]
    Ended(Ended),
}

/// How a workflow has ended. Only a failed one is taken up again, by a redrive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    Completed,
    Failed(Failure),
    Cancelled(Cancellation),
    Rejected,
    Expired,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    #[serde(rename = "c")]
    pub code: String,
    #[serde(rename = "m")]
    pub message: String,
    /// The step or approval that failed, or could not begin: a redrive goes on here.
    #[serde(rename = "i")]
    pub at: Name,
    /// The attempt that failed, if one did.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Attempt>,
    /// That attempt, and those that were at work beside it.
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    pub stopped: Vec<Stopped>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    pub by: String,
    /// Where the workflow was.
    #[serde(rename = "i")]
    pub at: Name,
}

impl StoredWorkflow {
    /// With the definition of its flow.
    ///
    /// # Errors
    /// What the state says that the flow does not have: the two do not belong together.
    pub fn with_flow(self, flow: Pinned) -> Result<Workflow, String> {
        let workflow = Workflow {
            state_version: self.state_version,
            flow,
            id: self.id,
            version: self.version,
            seq: self.seq,
            created_at: self.created_at,
            updated_at: self.updated_at,
            expires_at: self.expires_at,
            wake_at: self.wake_at,
            policies: self.policies,
            budget: self.budget,
            attempts: self.attempts,
            revision: self.revision,
            results: self.results,
            gaps: self.gaps,
            usage: self.usage,
            settled: self.settled,
            earlier_changes: self.earlier_changes,
            redriven_from: self.redriven_from,
            stops: self.stops,
            phase: self.phase,
        };
        match workflow.foreign_name(&self.flow) {
            None => Ok(workflow),
            Some(what) => Err(format!("the flow {} has no {what}", self.flow)),
        }
    }
}

impl<F> Workflow<F> {
    /// All that is at work, or asked for.
    pub fn work(&self) -> &[Work] {
        match &self.phase {
            Phase::Running(running) => &running.work,
            Phase::AwaitingApproval(_) | Phase::Ended(_) => &[],
        }
    }
}

impl Workflow {
    fn foreign_name(&self, id: &FlowId) -> Option<String> {
        if self.flow.id() != id {
            return Some(format!(
                "definition of this id; given was {}",
                self.flow.id()
            ));
        }
        let results = self.results.iter().map(|result| &result.of.step);
        let (mut steps, mut approvals): (Vec<&Name>, Vec<&Name>) = (results.collect(), Vec::new());
        steps.extend(
            self.stops
                .iter()
                .flat_map(|stops| &stops.of)
                .map(|of| &of.step),
        );
        approvals.extend(self.settled.iter().map(|approval| &approval.approval));
        match &self.phase {
            Phase::Running(running) => steps.extend(running.work.iter().map(|work| &work.of.step)),
            Phase::AwaitingApproval(approval) => approvals.push(&approval.approval),
            Phase::Ended(Ended::Failed(failure)) if self.flow.place(&failure.at).is_none() => {
                return Some(format!("step `{}`", failure.at));
            }
            Phase::Ended(_) => {}
        }
        let asked: Vec<&Name> = self.flow.approvals().map(|entry| &entry.approval).collect();
        let unknown = steps.iter().find(|step| self.flow.step(step).is_none());
        let unasked = approvals.iter().find(|name| !asked.contains(name));
        let unruled = asked
            .iter()
            .find(|name| !self.policies.contains_key(**name));
        unknown
            .map(|step| format!("step `{step}`"))
            .or_else(|| unasked.map(|name| format!("approval `{name}`")))
            .or_else(|| unruled.map(|name| format!("policy for `{name}` in this workflow")))
    }

    /// Where a list shows it: what has ended is nowhere any more.
    pub fn listed_at(&self) -> Option<&Name> {
        self.at().filter(|_| !self.status().is_terminal())
    }

    pub fn status(&self) -> Status {
        match &self.phase {
            Phase::Running(_) => Status::Running,
            Phase::AwaitingApproval(_) => Status::AwaitingApproval,
            Phase::Ended(Ended::Completed) => Status::Completed,
            Phase::Ended(Ended::Failed(_)) => Status::Failed,
            Phase::Ended(Ended::Cancelled(_)) => Status::Cancelled,
            Phase::Ended(Ended::Rejected) => Status::Rejected,
            Phase::Ended(Ended::Expired) => Status::Expired,
        }
    }

    /// The step that runs or the approval that waits; of steps that run at once, the first one; of what has ended, where
    /// it was. `None` once it is completed.
    pub fn at(&self) -> Option<&Name> {
        match &self.phase {
            Phase::Running(running) => {
                let entry = self.entry_of(&running.work.first()?.of.step);
                entry.map(Entry::name)
            }
            Phase::AwaitingApproval(approval) => Some(&approval.approval),
            Phase::Ended(Ended::Completed) => None,
            Phase::Ended(Ended::Failed(failure)) => Some(&failure.at),
            Phase::Ended(Ended::Cancelled(cancellation)) => Some(&cancellation.at),
            Phase::Ended(Ended::Rejected | Ended::Expired) => {
                self.settled.as_ref().map(|approval| &approval.approval)
            }
        }
    }

    /// The highest attempt of the step, or of any of its branches, that was asked for.
    pub fn attempts_of(&self, step: &Name) -> u32 {
        self.attempts.get(step).copied().unwrap_or_default()
    }

    pub fn result_of(&self, step: &Name, branch: Option<u32>) -> Option<&StepResult> {
        let mut results = self.results.iter();
        results.find(|result| result.of.place() == (step, branch))
    }

    /// What is known of a branch that the flow goes on without.
    pub fn gap(&self, step: &Name, branch: u32) -> Option<&Gap> {
        let mut gaps = self.gaps.iter();
        gaps.find(|gap| gap.step == *step && gap.branch == branch)
    }

    /// The work under way at this step or branch.
    pub fn work_at(&self, step: &Name, branch: Option<u32>) -> Option<&Work> {
        let mut work = self.work().iter();
        work.find(|work| work.of.place() == (step, branch))
    }

    /// The work under way, if it is this attempt.
    pub fn current_work(&self, of: &Attempt) -> Option<&Work> {
        self.work().iter().find(|work| work.of == *of)
    }

    /// Puts the work in the place of what is known of the same attempt.
    pub(crate) fn notes(&mut self, work: Work) {
        if let Phase::Running(running) = &mut self.phase
            && let Some(known) = running.work.iter_mut().find(|known| known.of == work.of)
        {
            *known = work;
        }
    }

    /// The attempts that ended when the workflow failed.
    pub fn stopped(&self) -> impl Iterator<Item = &Attempt> {
        let stopped = match &self.phase {
            Phase::Ended(Ended::Failed(failure)) => failure.stopped.as_slice(),
            Phase::Running(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => &[],
        };
        stopped.iter().map(|stopped| &stopped.of)
    }

    pub(crate) fn begins(&mut self, work: Work) {
        if let Phase::Running(running) = &mut self.phase {
            running.work.push(work);
        }
    }

    pub(crate) fn ends(&mut self, of: &Attempt) {
        if let Phase::Running(running) = &mut self.phase {
            running.work.retain(|work| work.of != *of);
        }
    }

    /// Ends all that is at work without a result. What it has used counts.
    pub(crate) fn ends_all(&mut self) -> Vec<Stopped> {
        let Phase::Running(running) = &mut self.phase else {
            return Vec::new();
        };
        let all = std::mem::take(&mut running.work);
        let used = all.iter().map(|work| work.usage);
        self.usage = used.fold(self.usage, Usage::plus);
        all.into_iter().map(Work::stopped).collect()
    }

    /// The name of the artifact that `step` must write.
    pub(crate) fn writes(&self, step: &Name) -> &str {
        self.flow.step(step).map_or("", |step| &step.writes)
    }

    /// Of an approval of the flow. A state without it is not read.
    pub fn policy(&self, approval: &Name) -> ApprovalPolicy {
        self.policies.get(approval).cloned().unwrap_or_default()
    }

    /// The entry of the flow that is of this name, or has a step that is.
    pub(crate) fn entry_of(&self, name: &Name) -> Option<&Entry> {
        self.flow.steps.iter().find(|entry| entry.has(name))
    }

    pub(crate) fn definition(&self, step: &Name) -> Option<&AgentStep> {
        self.flow.step(step)
    }

    /// The commands that the state still owes somebody, because nobody picked them up yet.
    pub fn owed(&self) -> Vec<Command> {
        match &self.phase {
            Phase::Running(running) => {
                let open = running
                    .work
                    .iter()
                    .filter(|work| work.dispatched_at.is_none());
                open.map(run_step).collect()
            }
            Phase::AwaitingApproval(approval) if approval.notified_at.is_none() => {
                vec![Command::RequestApproval(ApprovalCommand {
                    revision: approval.revision,
                })]
            }
            Phase::AwaitingApproval(_) | Phase::Ended(_) => Vec::new(),
        }
    }

    /// The commands to stop sessions that the state still owes.
    pub fn owed_stops(&self) -> Vec<SessionCommand> {
        let owed = self.stops.iter().flat_map(|stops| &stops.of);
        // A state whose steps its flow does not have is not read.
        let sessions = owed.filter_map(|of| {
            let agent = self.definition(&of.step)?.agent.clone();
            Some(SessionCommand {
                agent,
                of: of.clone(),
            })
        });
        sessions.collect()
    }

    /// Usage of ended attempts and of those at work.
    pub fn usage_so_far(&self) -> Usage {
        let used = self.work().iter().map(|work| work.usage);
        used.fold(self.usage, Usage::plus)
    }
}
