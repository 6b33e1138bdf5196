//! What holds for every answer, whatever the state and the input.

use aegis_contracts::agent::Role;
use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::command::Command;
use aegis_contracts::event::Event;
use aegis_contracts::view::Status;
use aegis_workflow::{
    Answer, Input, Owed, Rejection, Rules, Transition, Workflow, decide, too_late,
};

use crate::reminders;
use crate::walk::Walk;

/// Decides, checks all laws, and gives the state that follows.
pub fn check(walk: &Walk, input: &Input) -> Workflow {
    let answer = walk.answer(input.clone());
    let before = &walk.workflow;
    let next = match &answer {
        Answer::Transition(transition) => {
            check_transition(walk, input, transition);
            check_commands(before, &transition.next, &transition.commands, true);
            check_stop(before, transition);
            &transition.next
        }
        Answer::Touch(touch) => {
            assert_eq!(
                touch.next.version, before.version,
                "a touch keeps the version"
            );
            assert_eq!(
                touch.next.status(),
                before.status(),
                "a touch keeps the status"
            );
            assert_eq!(touch.next.updated_at, before.updated_at);
            assert!(
                !before.status().is_terminal(),
                "{input:?} touches what has ended"
            );
            let by_dispatcher = matches!(input, Input::Dispatched { .. } | Input::Throttled { .. });
            assert!(
                !by_dispatcher || touch.commands.is_empty(),
                "a dispatcher sends to its own queue"
            );
            check_commands(before, &touch.next, &touch.commands, false);
            &touch.next
        }
        Answer::Rejected(_) => return before.clone(),
    };
    assert_eq!(next.seq, before.seq + 1, "each write counts");
    check_state(&walk.rules, next);
    check_kept(before, next);
    check_repeated(walk, input, next);
    next.clone()
}

fn check_transition(walk: &Walk, input: &Input, transition: &Transition) {
    let (before, next) = (&walk.workflow, &transition.next);
    assert_eq!(
        next.version,
        before.version + 1,
        "a transition counts one version"
    );
    assert_eq!(next.updated_at, walk.now);
    assert!(!transition.events.is_empty(), "{input:?}: nothing happened");
    assert_eq!(
        next.wake_at,
        next.due_at(&walk.rules),
        "the index follows a transition"
    );
    if before.status().is_terminal() {
        assert_eq!(
            before.status(),
            Status::Failed,
            "{input:?} moves what has ended"
        );
        assert!(matches!(input, Input::Redrive { .. }), "{input:?} revives");
        assert!(!next.status().is_terminal());
    }
    if matches!(input, Input::Decide { .. }) {
        assert_eq!(too_late(before, walk.now), None, "{input:?} counts");
    }
    for event in &transition.events {
        reminders::check_event(walk, event);
        if let Event::StepCompleted {
            role,
            attempt,
            artifacts,
            ..
        } = event
        {
            let own = attempt_prefix(&next.id, *role, *attempt);
            assert!(
                artifacts
                    .iter()
                    .all(|artifact| artifact.key.starts_with(&own))
            );
            assert!(
                artifacts
                    .iter()
                    .any(|artifact| artifact.name == role.artifact_name())
            );
        }
    }
}

/// Commands are what the new state owes; a transition asks for new work, a touch sends the same again.
fn check_commands(before: &Workflow, next: &Workflow, commands: &[Owed], transition: bool) {
    for role in Role::ALL {
        let (old, new) = (before.attempts.of(role), next.attempts.of(role));
        let asked = commands
            .iter()
            .filter_map(|owed| owed.command.as_step())
            .any(|(asked, _)| asked == role);
        let expected = if transition && asked { old + 1 } else { old };
        assert_eq!(new, expected, "attempts of the {role}");
    }
    assert!(commands.len() <= 1, "two successors: {commands:?}");
    for owed in commands {
        assert_eq!(
            Some(&owed.command),
            next.owed().as_ref(),
            "sent but not owed"
        );
        if let Some((role, step)) = owed.command.as_step() {
            assert_eq!(
                step.attempt,
                next.attempts.of(role),
                "not the newest attempt"
            );
            assert_eq!(step.revision, next.revision);
        }
        if !transition {
            assert_eq!(
                before.owed().as_ref(),
                Some(&owed.command),
                "a touch asks for nothing new"
            );
        }
    }
    let newly_owed = next
        .owed()
        .filter(|owed| before.owed().as_ref() != Some(owed));
    let sent = |command: &Command| commands.iter().any(|owed| owed.command == *command);
    assert!(
        newly_owed.is_none_or(|command| sent(&command)),
        "owed but not sent"
    );
}

/// The session of an attempt that has ended is stopped, whoever ended it, and no other.
fn check_stop(before: &Workflow, transition: &Transition) {
    let ended = Role::ALL.into_iter().find_map(|role| {
        let attempt = before.attempts.of(role);
        before.current_step(role, attempt).map(|_| (role, attempt))
    });
    let stop = transition.stop.map(|stop| (stop.role, stop.attempt));
    assert_eq!(stop, ended);
    if let Some((role, attempt)) = stop {
        let next = &transition.next;
        assert!(
            next.current_step(role, attempt).is_none(),
            "it still counts"
        );
    }
}

/// Of every state that is ever written.
pub fn check_state(rules: &Rules, workflow: &Workflow) {
    match workflow.due_at(rules) {
        Some(due) => {
            assert!(!workflow.status().is_terminal());
            assert!(
                workflow.wake_at.is_some_and(|wake| wake <= due),
                "nobody will look in time"
            );
        }
        None => {
            assert!(
                workflow.status().is_terminal(),
                "a wait without end: {:?}",
                workflow.phase
            );
            assert_eq!(
                workflow.wake_at, None,
                "an ended workflow stays in the index"
            );
            assert_eq!(workflow.owed(), None);
        }
    }
    reminders::check_state(workflow);
    for result in &workflow.results {
        let same_role = workflow
            .results
            .iter()
            .filter(|other| other.role == result.role);
        assert_eq!(same_role.count(), 1, "two results of one role");
        assert!(result.attempt <= workflow.attempts.of(result.role));
    }
    let json = serde_json::to_string(workflow).unwrap();
    assert_eq!(
        serde_json::from_str::<Workflow>(&json).unwrap(),
        *workflow,
        "{json}"
    );
}

/// What no input changes, and what only grows.
fn check_kept(before: &Workflow, next: &Workflow) {
    assert_eq!(next.id, before.id);
    assert_eq!(next.state_version, before.state_version);
    assert_eq!(next.flow_version, before.flow_version);
    assert_eq!(next.created_at, before.created_at);
    assert_eq!(next.expires_at, before.expires_at);
    assert_eq!(next.policy, before.policy);
    assert_eq!(next.budget, before.budget);
    assert!(next.revision >= before.revision && next.revision <= next.policy.max_revisions);
    let (spent, before) = (next.usage_so_far(), before.usage_so_far());
    assert!(spent.input_tokens >= before.input_tokens, "usage fell");
    assert!(spent.output_tokens >= before.output_tokens, "usage fell");
    assert!(spent.cost_usd >= before.cost_usd - 1e-9, "usage fell");
}

/// The same input again, at the same moment, changes nothing.
fn check_repeated(walk: &Walk, input: &Input, next: &Workflow) {
    let again = decide(&walk.rules, next, input.clone(), walk.now);
    assert_eq!(
        again,
        Answer::Rejected(Rejection::Duplicate),
        "{input:?} twice"
    );
}
