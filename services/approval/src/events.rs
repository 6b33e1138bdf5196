//! The command `RequestApproval`, and decisions over the bus.

use aegis_contracts::command::{ApprovalCommand, Command};
use aegis_contracts::envelope::CommandEnvelope;
use aegis_contracts::external::{ApprovalDecided, BusEvent};
use aegis_contracts::problem::Code;
use aegis_contracts::text;
use aegis_engine::apply::{Applied, Outcome};
use aegis_engine::message::{
    Disposition, Incoming, QueueHandler, Received, detail, disposition_of_error,
    disposition_of_turn,
};
use aegis_workflow::{Input, Vote};
use async_trait::async_trait;

use crate::Approval;

#[async_trait]
impl QueueHandler for Approval {
    async fn handle(&self, message: &Received) -> Disposition {
        match Incoming::parse(&message.body) {
            Ok(Incoming::Command(command)) => match &command.body {
                Command::RequestApproval(asked) => self.told(message, &command, *asked).await,
                Command::RunStep(_) | Command::StopSession(_) => {
                    Disposition::DeadLetter("misrouted: agent work is not for approval".to_owned())
                }
            },
            Ok(Incoming::External(event)) if event.detail_type == "ApprovalDecided" => {
                self.decided(message, &event).await
            }
            Ok(Incoming::External(event)) => Disposition::DeadLetter(format!(
                "misrouted: {} is not for approval",
                event.detail_type
            )),
            Err(reason) => Disposition::DeadLetter(reason),
        }
    }
}

impl Approval {
    /// The approvers are told by the event on the bus; what is left is to note it, so that it is not owed any more.
    async fn told(
        &self,
        message: &Received,
        command: &CommandEnvelope,
        asked: ApprovalCommand,
    ) -> Disposition {
        match self
            .engine
            .apply(
                &command.workflow_id,
                Input::Notified {
                    revision: asked.revision,
                },
            )
            .await
        {
            Ok(turn) => disposition_of_turn(message, &turn),
            Err(error) => disposition_of_error(message, &error),
        }
    }

    async fn decided(&self, message: &Received, event: &BusEvent) -> Disposition {
        let decided: ApprovalDecided = match detail(event) {
            Ok(decided) => decided,
            Err(reason) => return Disposition::DeadLetter(reason),
        };
        let claimed_by = event.claimed_by();
        let decision = decided.decision;
        let approver = decision.approver.filter(|_| self.may_speak(&event.source));
        let approver = approver.map(|name| text::name(&name));
        let vote = Vote {
            approver: approver.unwrap_or_else(|| claimed_by.clone()),
            proven: false,
            claimed_by: Some(claimed_by),
            decision: decision.decision,
            comment: decision.comment,
            changes: decision.changes,
            revision: decision.revision,
        };
        if let Err(problem) = self.findings_are_there(&decided.workflow_id, &vote).await {
            return Disposition::DeadLetter(format!("{}: {}", problem.code, problem.detail));
        }
        let input = Input::Decide(vote);
        match self.engine.apply(&decided.workflow_id, input).await {
            // Somebody decided, and it does not count: unlike a late notice of ours it is not passed over.
            Ok(Applied {
                outcome: Outcome::Stale { detail, .. },
                ..
            }) => Disposition::DeadLetter(format!("{}: {detail}", Code::StaleRevision.as_str())),
            Ok(turn) => disposition_of_turn(message, &turn),
            Err(error) => disposition_of_error(message, &error),
        }
    }

    fn may_speak(&self, source: &str) -> bool {
        self.approver_sources
            .iter()
            .any(|allowed| allowed == "*" || allowed == source)
    }
}
