//! Laws over random histories: any input, in any order, at any moment.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::command::Command;
use aegis_contracts::event::Event;
use aegis_contracts::flow::{Entry, Flow, Name};
use aegis_contracts::request::Budget;
use aegis_workflow::{
    Answer, ApprovalPolicy, Attempt, Input, MAX_REMINDERS, Phase, Pinned, Rules, StoredWorkflow,
    Transition, Workflow, approval_view, asked,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::walk::{
    Walk, artifact, attempts, cancel, failed, flow, progress_after, redrive, report, rules,
    search_again, succeeded, triage, vote,
};
use crate::{diagram, laws};

/// Something that may happen, resolved against the state at its moment.
#[derive(Debug, Clone)]
pub enum Happening {
    /// A report of the current attempt, or of one near it.
    Dispatched(Which),
    /// With the tokens used so far, as the agent says.
    Progress(Which, u64),
    Succeeded(Which),
    Failed(Which, bool),
    /// For the revision so many before the present one, or for none.
    Decided(&'static str, DecisionKind, Option<u32>),
    SearchAsked(&'static str),
    Notified(u32),
    Redriven(u64),
    Cancelled,
    Swept,
    Throttled(Which),
    Resent,
    Asked,
}

/// An attempt: of the step at work, or another; the newest, or so many before or behind it.
#[derive(Debug, Clone, Copy)]
pub struct Which {
    other_step: Option<usize>,
    offset: i32,
}

impl Which {
    fn attempt(self, walk: &Walk) -> Attempt {
        let workflow = &walk.workflow;
        let steps: Vec<&Name> = workflow.flow.agent_steps().map(|step| &step.step).collect();
        let at_work = match &workflow.phase {
            Phase::Running(work) => Some(&work.step),
            Phase::AwaitingApproval(_) | Phase::Ended(_) => steps.last().copied(),
        };
        let other = self.other_step.map(|index| steps[index % steps.len()]);
        let step = other.or(at_work).unwrap();
        let newest = workflow.attempts_of(step);
        Attempt {
            step: step.clone(),
            attempt: newest.saturating_add_signed(self.offset),
        }
    }
}

impl Happening {
    pub fn input(&self, walk: &Walk) -> Input {
        let workflow = &walk.workflow;
        match self {
            Self::Dispatched(which) => Input::Dispatched(which.attempt(walk)),
            Self::Progress(which, tokens) => progress_after(which.attempt(walk), *tokens),
            Self::Succeeded(which) => succeeded(workflow, which.attempt(walk)),
            Self::Failed(which, transient) => failed(which.attempt(walk), *transient),
            Self::Decided(who, kind, back) => {
                let revision = back.map(|back| workflow.revision.saturating_sub(back));
                Input::Decide(vote(who, *kind, revision))
            }
            Self::SearchAsked(who) => search_again(who, workflow.revision),
            Self::Notified(back) => Input::Notified {
                revision: workflow.revision.saturating_sub(*back),
            },
            Self::Redriven(back) => redrive(workflow.version.saturating_sub(*back)),
            Self::Cancelled => cancel(),
            Self::Throttled(which) => Input::Throttled(which.attempt(walk)),
            Self::Swept => Input::DeadlinePassed,
            Self::Resent => Input::Resent,
            Self::Asked => Input::Start,
        }
    }
}

fn which() -> impl Strategy<Value = Which> {
    let mostly_current = prop_oneof![8 => Just(0), 1 => Just(-1), 1 => Just(1)];
    let step = any::<usize>();
    (proptest::option::weighted(0.1, step), mostly_current)
        .prop_map(|(other_step, offset)| Which { other_step, offset })
}

pub fn happening() -> impl Strategy<Value = Happening> {
    use DecisionKind::{Approve, Reject, RequestChanges};
    let who = proptest::sample::select(vec!["ada", "bob", "grace", "eve"]);
    let kind = prop_oneof![5 => Just(Approve), 1 => Just(Reject), 3 => Just(RequestChanges)];
    let mostly_now = prop_oneof![6 => Just(0), 1 => Just(1)];
    prop_oneof![
        4 => which().prop_map(Happening::Dispatched),
        4 => (which(), prop_oneof![9 => 0..2000u64, 1 => any::<u64>()]).prop_map(|(which, tokens)| Happening::Progress(which, tokens)),
        3 => which().prop_map(Happening::Throttled),
        12 => which().prop_map(Happening::Succeeded),
        3 => (which(), any::<bool>()).prop_map(|(which, transient)| Happening::Failed(which, transient)),
        1 => who.clone().prop_map(Happening::SearchAsked),
        6 => (who, kind, proptest::option::weighted(0.9, mostly_now.clone())).prop_map(|(who, kind, back)| Happening::Decided(who, kind, back)),
        2 => mostly_now.clone().prop_map(Happening::Notified),
        3 => mostly_now.prop_map(|back| Happening::Redriven(back.into())),
        1 => prop_oneof![1 => Just(Happening::Cancelled), 4 => Just(Happening::Asked)],
        5 => Just(Happening::Swept),
        2 => Just(Happening::Resent),
    ]
}

/// Time until the next happening: none, seconds, minutes, hours.
pub fn pause() -> impl Strategy<Value = Duration> {
    prop_oneof![Just(0u64), 0..30u64, 0..600u64, 0..100_000u64].prop_map(Duration::from_secs)
}

/// Which of the steps since the approval before it an approval shows, goes back to if to any, and searches again from.
type Asked = (usize, Option<usize>, Option<usize>);

/// Up to five steps, up to two of them with an approval behind them; the flows of the tables too.
pub fn any_flow() -> impl Strategy<Value = Pinned> {
    let asked = (
        any::<usize>(),
        proptest::option::weighted(0.8, any::<usize>()),
        proptest::option::of(any::<usize>()),
    );
    let step = (
        proptest::option::weighted(0.3, 0..3u32),
        any::<bool>(),
        proptest::option::weighted(0.4, asked),
    );
    let random = proptest::collection::vec(step, 1..=5).prop_map(random_flow);
    prop_oneof![8 => random, 1 => Just(report()), 1 => Just(triage())]
}

fn random_flow(steps: Vec<(Option<u32>, bool, Option<Asked>)>) -> Pinned {
    let (mut entries, mut names, mut segment) = (Vec::new(), Vec::<String>::new(), 0);
    let mut approvals = 0;
    for (index, (retries, reads_all, asked)) in steps.into_iter().enumerate() {
        let first = if reads_all {
            0
        } else {
            index.saturating_sub(1)
        };
        let mut step = json!({
            "step": format!("s{index}"), "agent": format!("agent-{}", index % 2),
            "reads": names[first..], "writes": format!("{index}.json"),
        });
        if let Some(retries) = retries {
            step["retries"] = json!(retries);
        }
        entries.push(step);
        names.push(format!("s{index}"));
        if let Some(asked) = asked.filter(|_| approvals < 2) {
            entries.push(approval(&format!("a{index}"), asked, &names[segment..]));
            segment = names.len();
            approvals += 1;
        }
    }
    flow(json!({
        "flow": "random", "version": 1, "title": "Random", "steps": entries, "result": names.last(),
    }))
}

fn approval(name: &str, (shows, redo, search): Asked, steps: &[String]) -> Value {
    let shown = shows % steps.len();
    let mut entry = json!({"approval": name, "shows": steps[shown]});
    let Some(redo) = redo.map(|redo| redo % (shown + 1)) else {
        return entry;
    };
    entry["redo"] = json!(steps[redo]);
    if let Some(search) = search {
        entry["search_again"] = json!(steps[search % (redo + 1)]);
    }
    entry
}

pub fn anyone() -> impl Strategy<Value = Walk> {
    let on_timeout = prop_oneof![
        Just(OnTimeout::Expire),
        Just(OnTimeout::Approve),
        Just(OnTimeout::Escalate)
    ];
    let named = prop_oneof![Just(vec![]), Just(vec!["ada".to_owned(), "bob".to_owned()])];
    let tokens = proptest::option::weighted(0.3, 1000..20_000u64);
    let minutes = proptest::option::weighted(0.3, 1..3000u32);
    let budget = (tokens, minutes).prop_map(|(max_tokens, minutes)| Budget {
        max_tokens,
        max_duration_minutes: minutes.map(f64::from),
        max_cost_usd: None,
    });
    let bounds = (0..3u32, 1..4u32, pause(), pause());
    let policy = (1..3u32, named, 1..300_000u64, on_timeout, 0..3u32);
    (any_flow(), policy, budget, bounds).prop_map(
        |(flow, policy, budget, (retries, max_sends, approval_reminder, capacity_timeout))| {
            let (required, approvers, timeout_seconds, on_timeout, max_revisions) = policy;
            let policy = ApprovalPolicy {
                required,
                approvers,
                timeout_seconds,
                on_timeout,
                escalate_to: vec!["grace".to_owned()],
                max_revisions,
            };
            let budget = (budget != Budget::default()).then_some(budget);
            let rules = Rules {
                retries: attempts(retries + 1),
                max_sends,
                capacity_timeout,
                approval_reminder,
                ..rules()
            };
            Walk::of(flow, rules, policy, budget)
        },
    )
}

pub fn history() -> impl Strategy<Value = Vec<(Duration, Happening)>> {
    proptest::collection::vec((pause(), happening()), 1..100)
}

/// Lives through `history` under all laws.
pub fn live_through(mut walk: Walk, history: Vec<(Duration, Happening)>) -> Walk {
    laws::check_state(&walk.rules, &walk.workflow);
    for (pause, happening) in history {
        walk = walk.wait(pause);
        let input = happening.input(&walk);
        walk.workflow = laws::check(&walk, &input);
    }
    walk
}

proptest! {
    #[test]
    fn every_history_keeps_the_laws(walk in anyone(), history in history()) {
        live_through(walk, history);
    }

    /// Else the specimens, from which table and diagram are made, lack a state.
    #[test]
    fn the_diagram_shows_every_transition(walk in anyone(), history in history()) {
        static EDGES: LazyLock<diagram::Edges> = LazyLock::new(diagram::edges);
        let mut walk = walk;
        for (pause, happening) in history {
            walk = walk.wait(pause);
            let input = happening.input(&walk);
            let next = laws::check(&walk, &input);
            if next.version > walk.workflow.version {
                let edge = (walk.workflow.status(), next.status());
                let name = diagram::name_of(&input);
                let shown = EDGES.get(&edge).is_some_and(|names| names.contains(name));
                prop_assert!(shown, "{edge:?} by {name}");
            }
            walk.workflow = next;
        }
    }

    #[test]
    fn silence_always_ends_a_workflow(walk in anyone(), history in history()) {
        let mut walk = live_through(walk, history);
        let rules = &walk.rules;
        // Each attempt: its sends, or one an hour at last while no session is free for up to 28 hours; its dispatch. Each
        // approval and its escalation, with reminders.
        let flow = &walk.workflow.flow;
        let attempts: u32 = flow
            .agent_steps()
            .map(|step| walk.workflow.limits(rules, &step.step).retries.attempts)
            .sum();
        let approvals = u32::try_from(flow.approvals().count()).unwrap();
        let most = attempts * (rules.max_sends.max(40) + 1)
            + approvals * 2 * (rules.max_sends + 1 + MAX_REMINDERS);
        let mut looks = 0;
        while !walk.workflow.status().is_terminal() {
            prop_assert!(looks <= most, "still waiting after {looks} looks: {:?}", walk.workflow);
            walk = walk.until_due();
            walk.workflow = laws::check(&walk, &Input::DeadlinePassed);
            looks += 1;
        }
    }

    #[test]
    fn an_attempt_is_asked_for_once(walk in anyone(), history in history()) {
        let mut walk = walk;
        let first = walk.workflow.flow.steps[0].name().clone();
        let mut asked = vec![(first, 1)];
        for (pause, happening) in history {
            walk = walk.wait(pause);
            let input = happening.input(&walk);
            let answer = walk.answer(input);
            if let Answer::Transition(Transition { commands, .. }) = &answer {
                for owed in commands {
                    let Command::RunStep(step) = &owed.command else {
                        continue;
                    };
                    let attempt = (step.step.clone(), step.attempt);
                    prop_assert!(!asked.contains(&attempt), "{attempt:?} again");
                    asked.push(attempt);
                }
            }
            match answer {
                Answer::Transition(transition) => walk.workflow = transition.next,
                Answer::Touch(touch) => walk.workflow = touch.next,
                Answer::Rejected(_) => {}
            }
        }
    }

    /// The state keeps the latest approval alone, the events every one.
    #[test]
    fn what_approvers_were_asked_is_read_from_the_events(walk in anyone(), history in history()) {
        let mut walk = walk;
        let mut events = Vec::new();
        for (pause, happening) in history {
            walk = walk.wait(pause);
            match walk.answer(happening.input(&walk)) {
                Answer::Transition(transition) => {
                    events.extend(transition.events.into_iter().map(|event| (walk.now, event)));
                    walk.workflow = transition.next;
                }
                Answer::Touch(touch) => walk.workflow = touch.next,
                Answer::Rejected(_) => {}
            }
            let asked = asked(&walk.workflow, events.iter().map(|(at, event)| (*at, event)));
            let revisions: Vec<u32> = asked.iter().map(|asked| asked.approval.revision).collect();
            prop_assert!(revisions.is_sorted_by(|one, next| one < next), "{:?}", revisions);
            let Some(mut expected) = approval_view(&walk.workflow) else {
                continue;
            };
            let found = asked.iter().find(|asked| asked.approval.revision == expected.revision);
            let found = found.unwrap();
            // Of the state alone.
            expected.pickup = None;
            prop_assert_eq!(&found.approval, &expected);
            let shown = found.shown.as_ref().unwrap();
            let step = walk.workflow.flow.step(&shown.step).unwrap();
            let steps = walk.workflow.flow.agent_steps().map(|known| &known.step);
            let read = steps.filter(|known| step.reads.contains(known));
            let made_from = read.zip(&shown.made_from);
            for (step, artifact_of_step) in made_from.chain([(&shown.step, &shown.artifact)]) {
                let result = walk.workflow.result_of(step).unwrap();
                // Else it has written another one since.
                if result.revision <= found.approval.revision {
                    let of = Attempt { step: step.clone(), attempt: result.attempt };
                    prop_assert_eq!(artifact_of_step, &artifact(&walk.workflow, &of));
                }
            }
        }
    }

    /// Entries run in the order of the flow, one after another: at each place all before it are done, the later ones later,
    /// since whatever runs again makes what follows it run again too.
    #[test]
    fn what_stands_before_a_place_was_done_in_the_order_of_the_flow(walk in anyone(), history in history()) {
        let mut walk = walk;
        let mut done: BTreeMap<Name, u64> = BTreeMap::new();
        for (pause, happening) in history {
            walk = walk.wait(pause);
            match walk.answer(happening.input(&walk)) {
                Answer::Transition(transition) => {
                    walk.workflow = transition.next;
                    let version = walk.workflow.version;
                    done.extend(transition.events.iter().filter_map(what_is_done).map(|name| (name, version)));
                    let flow = &walk.workflow.flow;
                    let place = place(&walk.workflow);
                    let before: Vec<Option<&u64>> =
                        flow.steps[..place].iter().map(|entry| done.get(entry.name())).collect();
                    prop_assert!(before.iter().all(Option::is_some), "at {place}: {done:?}");
                    prop_assert!(before.is_sorted_by(|one, next| one < next), "at {place}: {done:?}");
                }
                Answer::Touch(touch) => walk.workflow = touch.next,
                Answer::Rejected(_) => {}
            }
        }
    }

    /// Of all approvals of a workflow, whatever happens between them.
    #[test]
    fn no_revision_is_asked_about_twice(walk in anyone(), history in history()) {
        let mut walk = walk;
        let mut asked: Vec<(u32, Name)> = Vec::new();
        for (pause, happening) in history {
            walk = walk.wait(pause);
            match walk.answer(happening.input(&walk)) {
                Answer::Transition(transition) => {
                    for event in &transition.events {
                        if let Event::ApprovalRequested { approval, revision, .. } = event {
                            asked.push((*revision, approval.clone()));
                        }
                    }
                    prop_assert!(asked.is_sorted_by(|one, next| one.0 < next.0), "{asked:?}");
                    walk.workflow = transition.next;
                }
                Answer::Touch(touch) => walk.workflow = touch.next,
                Answer::Rejected(_) => {}
            }
        }
    }

    /// Neither at the approval for which it was given, nor at another one.
    #[test]
    fn a_decision_that_was_given_never_decides_anything_else(walk in anyone(), history in history()) {
        let mut walk = walk;
        let mut given: Vec<Input> = Vec::new();
        for (pause, happening) in history {
            walk = walk.wait(pause);
            for again in &given {
                let answer = walk.answer(again.clone());
                prop_assert!(matches!(answer, Answer::Rejected(_)), "{again:?} again: {answer:?}");
            }
            let input = happening.input(&walk);
            let decides = matches!(input, Input::Decide(_));
            match walk.answer(input.clone()) {
                Answer::Transition(transition) => {
                    walk.workflow = transition.next;
                    given.extend(decides.then_some(input));
                }
                Answer::Touch(touch) => walk.workflow = touch.next,
                Answer::Rejected(_) => {}
            }
        }
    }

    /// A change request leads back to the step that the flow names, and no further than to the approval before.
    #[test]
    fn a_change_request_goes_back_as_far_as_the_flow_says(walk in anyone(), history in history()) {
        let mut walk = walk;
        for (pause, happening) in history {
            walk = walk.wait(pause);
            let input = happening.input(&walk);
            let search = matches!(&input, Input::Decide(vote) if vote.changes.is_some());
            match walk.answer(input) {
                Answer::Transition(transition) => {
                    let flow = &walk.workflow.flow;
                    for event in &transition.events {
                        let Event::ChangesRequested { approval, redo, .. } = event else {
                            continue;
                        };
                        let place = flow.place(approval).unwrap();
                        let asked = flow.steps[place].as_approval().unwrap();
                        let wanted = if search { &asked.search_again } else { &asked.redo };
                        prop_assert_eq!(Some(redo), wanted.as_ref());
                        prop_assert_eq!(transition.next.at(), Some(redo));
                        let between = &flow.steps[flow.place(redo).unwrap()..place];
                        prop_assert!(between.iter().all(|entry| matches!(entry, Entry::Step(_))));
                    }
                    walk.workflow = transition.next;
                }
                Answer::Touch(touch) => walk.workflow = touch.next,
                Answer::Rejected(_) => {}
            }
        }
    }

    /// A definition that was edited in place is another one, and so is one of another version.
    #[test]
    fn a_workflow_runs_by_the_definition_that_it_started_with(walk in anyone(), history in history()) {
        let started_with = walk.workflow.flow.id().clone();
        let lived = live_through(walk, history).workflow;
        prop_assert_eq!(lived.flow.id(), &started_with);
        let stored = || -> StoredWorkflow {
            serde_json::from_value(serde_json::to_value(&lived).unwrap()).unwrap()
        };
        let definition = Flow::clone(&lived.flow);
        let own = stored().with_flow(Pinned::new(definition.clone()));
        prop_assert_eq!(own.as_ref(), Ok(&lived));
        let mut edited = definition.clone();
        edited.title.push('!');
        let mut newer = definition.clone();
        newer.version += 1;
        let mut shorter = definition;
        shorter.steps.pop();
        for other in [edited, newer, shorter] {
            prop_assert!(stored().with_flow(Pinned::new(other)).is_err());
        }
    }
}

/// What is over and done with by an event.
fn what_is_done(event: &Event) -> Option<Name> {
    match event {
        Event::StepCompleted { step, .. } => Some(step.clone()),
        Event::ApprovalGranted { approval, .. } => Some(approval.clone()),
        _ => None,
    }
}

/// How many entries of the flow stand before where the workflow is; all, if it is completed.
fn place(workflow: &Workflow) -> usize {
    let flow = &workflow.flow;
    match workflow.at() {
        Some(at) => flow.place(at).unwrap(),
        None => flow.steps.len(),
    }
}
