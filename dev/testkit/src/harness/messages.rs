//! Messages as the queues hand them out.

use std::time::Duration;

use crate::memory::SentCommand;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::command::{Command, StepCommand};
use aegis_contracts::envelope::CommandEnvelope;
use aegis_engine::message::Received;
use aegis_engine::token::Claim;
use serde_json::{Value, json};

use super::Harness;

impl Harness {
    /// The command that was sent last, but for those that only stop a session.
    pub fn last_command(&self) -> CommandEnvelope {
        let last = self.commands().pop();
        last.expect("a command was sent").command
    }

    /// The attempt that was asked for last.
    pub fn last_run(&self) -> StepCommand {
        match self.last_command().body {
            Command::RunStep(step) => step,
            other => panic!("no step was asked for last: {other:?}"),
        }
    }

    /// All of them, oldest first.
    pub fn commands(&self) -> Vec<SentCommand> {
        let sent = self.ports.queues.sent().into_iter();
        sent.filter(|sent| !is_stop(&sent.command)).collect()
    }

    /// The commands that stop a session, oldest first.
    pub fn stops(&self) -> Vec<CommandEnvelope> {
        let sent = self.ports.queues.sent().into_iter();
        let commands = sent.map(|sent| sent.command);
        commands.filter(is_stop).collect()
    }

    pub fn last_message(&self) -> Received {
        received(&serde_json::to_value(self.last_command()).unwrap())
    }

    /// A token for the step under way.
    pub fn token(&self) -> String {
        self.token_for(&self.current())
    }

    pub fn token_for(&self, of: &Attempt) -> String {
        let claim = Claim {
            workflow_id: self.id.clone(),
            flow: self.workflow().flow.flow.clone(),
            of: of.clone(),
        };
        let expires_at = self.now().plus(Duration::from_secs(3600));
        self.tokens.sign(&claim, expires_at).unwrap()
    }
}

fn is_stop(command: &CommandEnvelope) -> bool {
    matches!(command.body, Command::StopSession(_))
}

pub fn received(body: &Value) -> Received {
    received_text(&body.to_string())
}

pub fn received_text(body: &str) -> Received {
    Received {
        message_id: "m1".to_owned(),
        body: body.to_owned(),
        receive_count: 1,
    }
}

/// An event of `partner.crm`, as EventBridge delivers it to a queue.
pub fn external(detail_type: &str, detail: Value) -> Received {
    received(&json!({
        "version": "0",
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "detail-type": detail_type,
        "source": "partner.crm",
        "account": "123456789012",
        "time": "2026-11-23T18:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }))
}
