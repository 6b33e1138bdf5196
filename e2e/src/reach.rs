//! Waiting until a workflow has got somewhere.

use std::time::Duration;

use aegis_contracts::view::{Status, WorkflowView};
use anyhow::{Result, bail, ensure};

use crate::run::Run;
use crate::step::Step;
use crate::wait::{SOON, Seen, eventually};

impl Run {
    /// Waits for a status. Ends at once where the workflow has ended in another one.
    ///
    /// # Errors
    /// Where it does not get there in time.
    pub async fn reach(&self, status: Status) -> Result<WorkflowView> {
        self.reach_within(status, SOON).await
    }

    /// # Errors
    /// Where it does not get there in time.
    pub async fn reach_within(&self, status: Status, within: Duration) -> Result<WorkflowView> {
        let what = format!("{} to be {}", self.id, status.as_str());
        eventually(&what, within, async || {
            let view = self.view().await?;
            if view.status == status {
                return Ok(Seen::Yes(view));
            }
            if view.status.is_terminal() {
                let (now, failure) = (view.status.as_str(), view.failure);
                bail!("waited for {what}, but it is {now}: {failure:?}");
            }
            Ok(Seen::NotYet(format!("{:?} {:?}", view.status, view.steps)))
        })
        .await
    }

    /// Waits until a step is at work or asked for.
    ///
    /// # Errors
    /// Where it does not get there in time.
    pub async fn reach_step(&self, step: Step) -> Result<WorkflowView> {
        let what = format!("{} to be at {step}", self.id);
        eventually(&what, SOON, async || {
            let view = self.view().await?;
            let there = view.status == Status::Running && view.at == Some(step.name());
            ensure!(
                !view.status.is_terminal(),
                "waited for {what}, but it has ended: {view:?}"
            );
            Ok(if there {
                Seen::Yes(view)
            } else {
                Seen::NotYet(format!("{:?}", view.at))
            })
        })
        .await
    }

    /// Waits until revision `revision` can be decided.
    ///
    /// # Errors
    /// Where it does not get there in time.
    pub async fn reach_revision(&self, revision: u32) -> Result<WorkflowView> {
        let what = format!("{} to wait with revision {revision}", self.id);
        eventually(&what, SOON, async || {
            let view = self.view().await?;
            let waits = view.status == Status::AwaitingApproval && view.revision == revision;
            ensure!(
                !view.status.is_terminal(),
                "waited for {what}, but it has ended: {view:?}"
            );
            let seen = format!("{:?} with revision {}", view.status, view.revision);
            Ok(if waits {
                Seen::Yes(view)
            } else {
                Seen::NotYet(seen)
            })
        })
        .await
    }
}
