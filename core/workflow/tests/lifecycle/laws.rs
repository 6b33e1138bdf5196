//! What holds for every answer, whatever the state and the input.

use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::command::{Command, StepCommand};
use aegis_contracts::event::Event;
use aegis_contracts::view::Status;
use aegis_workflow::{
    Answer, Input, Owed, Rejection, Rules, StoredWorkflow, Transition, Workflow, decide, too_late,
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
            let by_dispatcher = matches!(input, Input::Dispatched(_) | Input::Throttled(_));
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
    if matches!(input, Input::Decide(_)) {
        assert_eq!(too_late(before, walk.now), None, "{input:?} counts");
    }
    for event in &transition.events {
        reminders::check_event(walk, event);
        if let Event::StepCompleted {
            step,
            agent,
            attempt,
            artifacts,
            ..
        } = event
        {
            let definition = next.flow.step(step).unwrap();
            assert_eq!(*agent, definition.agent);
            let own = attempt_prefix(&next.flow.flow, &next.id, step, *attempt);
            assert!(
                artifacts
                    .iter()
                    .all(|artifact| artifact.key.starts_with(&own))
            );
            assert!(
                artifacts
                    .iter()
                    .any(|artifact| artifact.name == definition.writes)
            );
        }
    }
}

fn run_step(owed: &Owed) -> Option<&StepCommand> {
    match &owed.command {
        Command::RunStep(step) => Some(step),
        Command::RequestApproval(_) | Command::StopSession(_) => None,
    }
}

/// Commands are what the new state owes; a transition asks for new work, a touch sends the same again.
fn check_commands(before: &Workflow, next: &Workflow, commands: &[Owed], transition: bool) {
    for step in next.flow.agent_steps() {
        let (old, new) = (before.attempts_of(&step.step), next.attempts_of(&step.step));
        let mut asked = commands.iter().filter_map(run_step);
        let asked = asked.any(|asked| asked.step == step.step);
        let expected = if transition && asked { old + 1 } else { old };
        assert_eq!(new, expected, "attempts of `{}`", step.step);
    }
    assert!(commands.len() <= 1, "two successors: {commands:?}");
    for owed in commands {
        assert_eq!(
            Some(&owed.command),
            next.owed().as_ref(),
            "sent but not owed"
        );
        if let Some(asked) = run_step(owed) {
            let newest = next.attempts_of(&asked.step);
            assert_eq!(asked.attempt, newest, "not the newest attempt");
            assert_eq!(asked.revision, next.revision);
            let step = next.flow.step(&asked.step).unwrap();
            assert_eq!(asked.agent, step.agent, "another agent's work");
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
    let ended = before.flow.agent_steps().find_map(|step| {
        let attempt = before.attempts_of(&step.step);
        before.current_work(&step.step, attempt)
    });
    let ended = ended.map(|work| (&work.agent, &work.step, work.attempt));
    let stop = transition.stop.as_ref();
    let stop = stop.map(|stop| (&stop.agent, &stop.step, stop.attempt));
    assert_eq!(stop, ended);
    if let Some((_, step, attempt)) = stop {
        let next = &transition.next;
        assert!(
            next.current_work(step, attempt).is_none(),
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
        let results = workflow.results.iter();
        let of_step = results.filter(|other| other.step == result.step);
        assert_eq!(of_step.count(), 1, "two results of one step");
        assert!(result.attempt <= workflow.attempts_of(&result.step));
    }
    let places = workflow.results.iter();
    let places = places.map(|result| workflow.flow.place(&result.step));
    assert!(places.is_sorted(), "results out of the order of the flow");
    let json = serde_json::to_string(workflow).unwrap();
    let stored: StoredWorkflow = serde_json::from_str(&json).unwrap();
    let read = stored.with_flow(workflow.flow.clone());
    assert_eq!(read.as_ref(), Ok(workflow), "{json}");
}

/// Asked for once, and again after each change request, at each approval.
fn most_revisions(workflow: &Workflow) -> u32 {
    let approvals = workflow.flow.approvals();
    approvals
        .map(|asked| 1 + workflow.policy(&asked.approval).max_revisions)
        .sum()
}

/// What no input changes, and what only grows.
fn check_kept(before: &Workflow, next: &Workflow) {
    assert_eq!(next.id, before.id);
    assert_eq!(next.state_version, before.state_version);
    assert_eq!(next.flow, before.flow);
    assert_eq!(next.created_at, before.created_at);
    assert_eq!(next.expires_at, before.expires_at);
    assert_eq!(next.policies, before.policies);
    assert_eq!(next.budget, before.budget);
    assert!(next.revision >= before.revision);
    assert!(
        next.revision <= most_revisions(next),
        "more revisions than there may be"
    );
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
