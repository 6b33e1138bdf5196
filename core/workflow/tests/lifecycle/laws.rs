//! What holds for every answer, whatever the state and the input.

use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::command::{Command, SessionCommand, StepCommand};
use aegis_contracts::event::Event;
use aegis_contracts::flow::Entry;
use aegis_contracts::view::Status;
use aegis_workflow::{
    Answer, Ended, Input, Owed, Phase, Rejection, Rules, StoredWorkflow, Transition, Workflow,
    codes, decide, too_late,
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
            check_attempts(before, transition);
            check_commands(before, &transition.next, &transition.commands, true);
            check_stops(walk, input, &transition.next, &transition.stops);
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
            assert_eq!(touch.next.attempts, before.attempts);
            assert!(
                !before.status().is_terminal() || before.stops.is_some(),
                "{input:?} touches what has ended"
            );
            let by_dispatcher = matches!(input, Input::Dispatched(_) | Input::Throttled(_));
            assert!(
                !by_dispatcher || touch.commands.is_empty(),
                "a dispatcher sends to its own queue"
            );
            check_commands(before, &touch.next, &touch.commands, false);
            check_stops(walk, input, &touch.next, &touch.stops);
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
        assert!(matches!(input, Input::Redrive(_)), "{input:?} revives");
        assert!(!next.status().is_terminal());
    }
    if let Input::Decide(vote) = input {
        assert_eq!(too_late(before, walk.now), None, "{input:?} counts");
        let Phase::AwaitingApproval(approval) = &before.phase else {
            panic!("{input:?} decides, and nothing waits");
        };
        let named = vote.revision == Some(approval.revision);
        let first = vote.revision.is_none() && approval.revision == 0;
        let only = before.flow.approvals().count() == 1;
        assert!(
            named || (first && only),
            "{input:?} decides another revision"
        );
    }
    if let Phase::Ended(Ended::Failed(failure)) = &before.phase {
        let entry = next.flow.steps.iter().find(|entry| entry.has(&failure.at));
        let at = entry.map(Entry::name);
        assert_eq!(next.at(), at, "a redrive goes on elsewhere");
    }
    check_left(before, next);
    for event in &transition.events {
        reminders::check_event(walk, event);
        if let Event::StepCompleted {
            step,
            branch,
            agent,
            attempt,
            artifacts,
            ..
        } = event
        {
            let definition = next.flow.step(step).unwrap();
            assert_eq!(*agent, definition.agent);
            let of = Attempt {
                step: step.clone(),
                branch: *branch,
                attempt: *attempt,
            };
            let own = attempt_prefix(&next.flow.flow, &next.id, &of);
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

/// An entry is left when all of it has ended: each step and branch has a result of this round, or is a gap that may be.
fn check_left(before: &Workflow, next: &Workflow) {
    let (Phase::Running(_), Some(at)) = (&before.phase, before.at()) else {
        return;
    };
    let failed = matches!(
        next.phase,
        Phase::Ended(Ended::Failed(_) | Ended::Cancelled(_))
    );
    if failed || next.at() == Some(at) {
        return;
    }
    let entry = before
        .flow
        .steps
        .iter()
        .find(|entry| entry.has(at))
        .unwrap();
    for step in entry.steps() {
        let branches = match before.branches_of(step) {
            Some(branches) => (1..=branches).map(Some).collect(),
            None => vec![None],
        };
        let mut succeeded = 0;
        for branch in &branches {
            let result = next.result_of(&step.step, *branch);
            let done = result.is_some_and(|result| result.revision == before.revision);
            succeeded += u32::from(done);
            let gap = branch.is_some_and(|branch| next.gap(&step.step, branch).is_some());
            assert!(done != gap, "left `{}` with {branch:?} open", step.step);
        }
        assert!(succeeded > 0 || branches.is_empty(), "nothing is no result");
        let known = next
            .results
            .iter()
            .filter(|result| result.of.step == step.step);
        assert_eq!(known.count(), succeeded as usize, "of an earlier round");
    }
}

fn run_step(owed: &Owed) -> Option<&StepCommand> {
    match &owed.command {
        Command::RunStep(step) => Some(step),
        Command::RequestApproval(_) | Command::StopSession(_) => None,
    }
}

/// The highest attempt is that of a command, or of a retry that another branch's end made needless at once.
fn check_attempts(before: &Workflow, transition: &Transition) {
    let next = &transition.next;
    for step in next.flow.agent_steps() {
        let (old, new) = (before.attempts_of(&step.step), next.attempts_of(&step.step));
        let asked = transition.commands.iter().filter_map(run_step);
        let asked = asked.filter(|asked| asked.of.step == step.step);
        let retried = transition.events.iter().filter_map(|event| match event {
            Event::StepRetried {
                step: of,
                next_attempt,
                ..
            } => (*of == step.step).then_some(*next_attempt),
            _ => None,
        });
        let highest = asked.map(|asked| asked.of.attempt).chain(retried).max();
        assert_eq!(
            new,
            old.max(highest.unwrap_or_default()),
            "attempts of `{}`",
            step.step
        );
    }
}

/// Commands are what the new state owes; a transition may ask for new work, a touch sends the same again.
fn check_commands(before: &Workflow, next: &Workflow, commands: &[Owed], transition: bool) {
    for (index, owed) in commands.iter().enumerate() {
        let twice = commands[..index]
            .iter()
            .any(|other| other.command == owed.command);
        assert!(!twice, "sent twice: {commands:?}");
        assert!(next.owed().contains(&owed.command), "sent but not owed");
        if let Some(asked) = run_step(owed) {
            assert_eq!(asked.revision, next.revision);
            let step = next.flow.step(&asked.of.step).unwrap();
            assert_eq!(asked.agent, step.agent, "another agent's work");
            let again = before.current_work(&asked.of).is_some();
            let new =
                asked.of.branch.is_some() || asked.of.attempt > before.attempts_of(&asked.of.step);
            assert!(again || new, "an attempt's number is used again");
        }
        if !transition {
            assert!(
                before.owed().contains(&owed.command),
                "a touch asks for nothing new"
            );
        }
    }
    for owed in next.owed() {
        let sent = commands.iter().any(|sent| sent.command == owed);
        assert!(sent || before.owed().contains(&owed), "owed but not sent");
    }
}

/// The sessions of attempts that have ended are stopped, whoever ended them, and no others. Where it was not the attempt's
/// own report, the state owes the stop until it is sent, or was sent often enough.
fn check_stops(walk: &Walk, input: &Input, next: &Workflow, stops: &[SessionCommand]) {
    let before = &walk.workflow;
    let reported = match input {
        Input::StepSucceeded(success) => Some(&success.of),
        Input::StepFailed(of, why) => (why.code != codes::AGENT_REFUSED).then_some(of),
        _ => None,
    };
    let ended = before.work().iter();
    let ended = ended.filter(|work| next.current_work(&work.of).is_none());
    let ended: Vec<&Attempt> = ended.map(|work| &work.of).collect();
    let (heard, new): (Vec<_>, Vec<_>) = ended.into_iter().partition(|of| Some(*of) == reported);

    let known = before.stops.as_ref();
    let may_be_given_up = known.is_some_and(|stops| {
        let waited = walk.now.since(stops.sent_at);
        *input == Input::DeadlinePassed
            && stops.sends >= walk.rules.max_sends
            && waited >= walk.rules.pickup_timeout
    });
    let kept: Vec<&Attempt> = known.iter().flat_map(|stops| &stops.of).collect();
    let kept = match input {
        Input::StopsSent(sent) => kept.into_iter().filter(|of| !sent.contains(of)).collect(),
        _ => kept,
    };
    let owed: Vec<&Attempt> = next.stops.iter().flat_map(|stops| &stops.of).collect();
    if !(may_be_given_up && owed == new) {
        assert_eq!(owed, [kept, new.clone()].concat(), "owed by {input:?}");
    }

    let again = match (known, &next.stops) {
        (Some(known), Some(stops)) => stops.sends > known.sends,
        _ => false,
    };
    let sends = new.is_empty().then_some(again);
    let owed = if sends.unwrap_or(true) {
        owed
    } else {
        Vec::new()
    };
    let sent: Vec<&Attempt> = stops.iter().map(|stop| &stop.of).collect();
    assert_eq!(sent, [owed, heard].concat(), "sent by {input:?}");
    for stop in stops {
        let step = next.flow.step(&stop.of.step).unwrap();
        assert_eq!(stop.agent, step.agent, "another agent's session");
        assert_eq!(next.current_work(&stop.of), None, "it is at work");
    }
    if let Some(stops) = next.stops.as_ref().filter(|_| sends.unwrap_or(true)) {
        assert_eq!(stops.sent_at, walk.now);
        assert!(stops.sends <= walk.rules.max_sends, "sent too often");
    }
}

/// Work is of one entry and not done already; a branch waits only while others take all the room there is.
fn check_work(workflow: &Workflow) {
    let Phase::Running(running) = &workflow.phase else {
        return;
    };
    let at = workflow.at().unwrap();
    let entry = workflow
        .flow
        .steps
        .iter()
        .find(|entry| entry.has(at))
        .unwrap();
    let mut waiting = 0;
    for step in entry.steps() {
        let branches = match workflow.branches_of(step) {
            Some(branches) => (1..=branches).map(Some).collect(),
            None => vec![None],
        };
        for branch in branches {
            let place = (&step.step, branch);
            let at_work = running.work.iter().filter(|work| work.of.place() == place);
            let result = workflow.result_of(&step.step, branch);
            let done = result.is_some_and(|result| result.revision == workflow.revision);
            let gap = branch.is_some_and(|branch| workflow.gap(&step.step, branch).is_some());
            let known = at_work.count() + usize::from(done) + usize::from(gap);
            assert!(known <= 1, "{place:?} is in {known} states at once");
            waiting += usize::from(known == 0);
        }
        let gaps = workflow.gaps.iter().filter(|gap| gap.step == step.step);
        assert!(gaps.count() <= step.may_fail() as usize, "too many gaps");
    }
    let foreign = running.work.iter().find(|work| !entry.has(&work.of.step));
    assert_eq!(foreign, None, "of another entry");
    let room: u32 = entry
        .steps()
        .iter()
        .map(|step| step.each.as_ref().map_or(1, |_| step.at_once()))
        .sum();
    let room = room as usize;
    assert!(running.work.len() <= room, "too many at once");
    assert!(
        waiting == 0 || running.work.len() == room,
        "a branch waits for nothing"
    );
}

/// Of every state that is ever written.
pub fn check_state(rules: &Rules, workflow: &Workflow) {
    match workflow.due_at(rules) {
        Some(due) => {
            assert!(!workflow.status().is_terminal() || workflow.stops.is_some());
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
            assert_eq!(workflow.stops, None, "nobody will send the stops");
            assert_eq!(workflow.owed(), []);
        }
    }
    reminders::check_state(workflow);
    check_work(workflow);
    for result in &workflow.results {
        let results = workflow.results.iter();
        let of_step = results.filter(|other| other.of.place() == result.of.place());
        assert_eq!(of_step.count(), 1, "two results of one step");
        assert!(result.of.attempt <= workflow.attempts_of(&result.of.step));
    }
    let places = workflow.results.iter();
    let places = places.map(|result| (workflow.flow.place(&result.of.step), result.of.branch));
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
