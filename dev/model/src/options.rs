//! Which actions a state allows, in an order that depends on the state alone.

use aegis_contracts::approval::DecisionKind;
use aegis_workflow::{Ended, Phase};

use crate::action::Action;
use crate::message::{APPROVERS, Message};
use crate::model::Choreography;
use crate::scenario::Fault;
use crate::state::{Activity, Handler, Session, State};

const DECISIONS: [DecisionKind; 3] = [
    DecisionKind::Approve,
    DecisionKind::Reject,
    DecisionKind::RequestChanges,
];

impl Choreography {
    pub fn options(&self, state: &State, actions: &mut Vec<Action>) {
        if state.violation.is_some() {
            return;
        }
        self.messages(state, actions);
        self.handlers(state, actions);
        for session in &state.sessions {
            self.agent(state, session, actions);
        }
        if state.is_watched() {
            self.time(state, actions);
        }
        self.people(state, actions);
    }

    fn may(&self, state: &State, fault: Fault) -> bool {
        state.left.faults > 0 && self.scenario.kinds.contains(&fault)
    }

    fn messages(&self, state: &State, actions: &mut Vec<Action>) {
        let mut before = None;
        for message in state.in_flight.iter().copied() {
            if before == Some(message) {
                continue;
            }
            before = Some(message);
            actions.push(Action::Deliver(message));
            if self.may(state, Fault::Duplicate) {
                actions.push(Action::DeliverTwice(message));
            }
            if message.is_report() && self.may(state, Fault::Loss) {
                actions.push(Action::Lose(message));
            }
            if matches!(message, Message::Step { .. }) && self.may(state, Fault::Throttled) {
                actions.push(Action::Throttle(message));
            }
            if state.left.races > 0 {
                actions.push(Action::DeliverSlowly(message));
            }
        }
    }

    fn handlers(&self, state: &State, actions: &mut Vec<Action>) {
        for (index, handler) in state.handlers.iter().enumerate() {
            match handler {
                Handler::Sending { command, .. } => {
                    actions.push(Action::Send(index, *command));
                    if self.may(state, Fault::Loss) {
                        actions.push(Action::LoseSend(index, *command));
                    }
                    if self.may(state, Fault::Crash) {
                        actions.push(Action::CrashBeforeSend(index, *command));
                    }
                }
                Handler::Stopping { .. } => {
                    actions.push(Action::Stop(index));
                    if self.may(state, Fault::Crash) {
                        actions.push(Action::CrashBeforeStop(index));
                    }
                }
                Handler::Invoking { command } => actions.push(Action::Invoke(index, *command)),
                Handler::Noting { command } => {
                    actions.push(Action::Note(index, *command));
                    if self.may(state, Fault::Crash) {
                        actions.push(Action::CrashBeforeNote(index, *command));
                    }
                }
                Handler::Deciding { .. } => actions.push(Action::Write(index)),
            }
        }
    }

    fn agent(&self, state: &State, session: &Session, actions: &mut Vec<Action>) {
        if session.activity != Activity::Working {
            return;
        }
        let of = session.of;
        actions.push(Action::AgentSucceeds(of));
        if session.heartbeats_left > 0 {
            actions.push(Action::AgentBeats(of));
        }
        for (fault, transient) in [
            (Fault::AgentFailsTransiently, true),
            (Fault::AgentFailsForGood, false),
        ] {
            if self.may(state, fault) {
                actions.push(Action::AgentFails { of, transient });
            }
        }
        if self.may(state, Fault::AgentDies) {
            actions.push(Action::AgentDies(of));
        }
    }

    fn time(&self, state: &State, actions: &mut Vec<Action>) {
        match state.workflow.wake_at {
            Some(wake_at) if wake_at <= state.now => {
                actions.push(Action::Sweep);
                if state.left.races > 0 {
                    actions.push(Action::SweepSlowly);
                }
            }
            Some(_) => {
                if state.is_idle() {
                    actions.push(Action::TimePasses);
                } else if self.scenario.always_late || self.may(state, Fault::Late) {
                    actions.push(Action::TooLate);
                }
                if self.floor(state).is_some() {
                    actions.push(Action::SecondsPass);
                }
                if self.may(state, Fault::StaleIndex) {
                    actions.push(Action::SweepEarly);
                }
            }
            None => {}
        }
        if self.may(state, Fault::Outage) {
            actions.push(Action::Outage);
        }
    }

    fn people(&self, state: &State, actions: &mut Vec<Action>) {
        match &state.workflow.phase {
            Phase::AwaitingApproval(approval) if state.left.decisions > 0 => {
                for approver in 0..APPROVERS.len() {
                    actions.extend(DECISIONS.map(|kind| {
                        Action::Wish(Message::Decision {
                            approver,
                            kind,
                            revision: approval.revision,
                        })
                    }));
                }
            }
            Phase::Ended(Ended::Failed(_)) if state.left.redrives > 0 => {
                let version = state.workflow.version;
                actions.push(Action::Wish(Message::Redrive { version }));
            }
            Phase::AwaitingApproval(_) | Phase::Running(_) | Phase::Ended(_) => {}
        }
        if state.left.cancels > 0 && state.is_live() {
            actions.push(Action::Wish(Message::Cancel));
        }
    }
}
