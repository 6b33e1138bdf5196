//! Laws over random histories: any input, in any order, at any moment.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::attempt::Attempt;
use aegis_contracts::command::Command;
use aegis_contracts::event::Event;
use aegis_contracts::flow::{Entry, Flow, Name};
use aegis_contracts::request::Budget;
use aegis_workflow::{
    Answer, ApprovalPolicy, Input, MAX_REMINDERS, Pinned, Rules, StepResult, StoredWorkflow,
    Transition, Workflow, approval_view, asked,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::walk::{
    Walk, artifact, attempts, cancel, failed, flow, found, progress_after, redrive, report, rules,
    search_again, triage, vote,
};
use crate::{diagram, laws};

/// Something that may happen, resolved against the state at its moment.
#[derive(Debug, Clone)]
pub enum Happening {
    /// A report of the current attempt, or of one near it.
    Dispatched(Which),
    /// With the tokens used so far, as the agent says.
    Progress(Which, u64),
    /// With so many items, where a later step runs for each.
    Succeeded(Which, Option<u32>),
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
    /// Of all sessions that are owed one, or of the first only.
    StopsSent(bool),
    Asked,
}

/// An attempt: one of those at work, or of another step; the newest, or so many before or behind it.
#[derive(Debug, Clone, Copy)]
pub struct Which {
    of_those_at_work: usize,
    other_step: Option<usize>,
    offset: i32,
}

impl Which {
    fn attempt(self, walk: &Walk) -> Attempt {
        let workflow = &walk.workflow;
        let steps: Vec<&Name> = workflow.flow.agent_steps().map(|step| &step.step).collect();
        let newest = |step: &Name| Attempt::once(step.clone(), workflow.attempts_of(step));
        let work = workflow.work();
        let at_work = work.get(self.of_those_at_work % work.len().max(1));
        let mut of = match (self.other_step, at_work) {
            (None, Some(work)) => work.of.clone(),
            (None, None) => newest(steps[steps.len() - 1]),
            (Some(index), _) => newest(steps[index % steps.len()]),
        };
        of.attempt = of.attempt.saturating_add_signed(self.offset);
        of
    }
}

impl Happening {
    pub fn input(&self, walk: &Walk) -> Input {
        let workflow = &walk.workflow;
        match self {
            Self::Dispatched(which) => Input::Dispatched(which.attempt(walk)),
            Self::Progress(which, tokens) => progress_after(which.attempt(walk), *tokens),
            Self::Succeeded(which, items) => {
                let of = which.attempt(walk);
                found(workflow, of, *items)
            }
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
            Self::StopsSent(all) => {
                let owed = workflow.stops.iter().flat_map(|stops| &stops.of);
                let sent = owed.take(if *all { usize::MAX } else { 1 });
                Input::StopsSent(sent.cloned().collect())
            }
            Self::Asked => Input::Start,
        }
    }
}

fn which() -> impl Strategy<Value = Which> {
    let mostly_current = prop_oneof![8 => Just(0), 1 => Just(-1), 1 => Just(1)];
    let step = any::<usize>();
    (
        any::<usize>(),
        proptest::option::weighted(0.1, step),
        mostly_current,
    )
        .prop_map(|(of_those_at_work, other_step, offset)| Which {
            of_those_at_work,
            other_step,
            offset,
        })
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
        12 => (which(), proptest::option::weighted(0.95, 0..5u32)).prop_map(|(which, items)| Happening::Succeeded(which, items)),
        3 => (which(), any::<bool>()).prop_map(|(which, transient)| Happening::Failed(which, transient)),
        1 => who.clone().prop_map(Happening::SearchAsked),
        6 => (who, kind, proptest::option::weighted(0.9, mostly_now.clone())).prop_map(|(who, kind, back)| Happening::Decided(who, kind, back)),
        2 => mostly_now.clone().prop_map(Happening::Notified),
        3 => mostly_now.prop_map(|back| Happening::Redriven(back.into())),
        1 => prop_oneof![1 => Just(Happening::Cancelled), 4 => Just(Happening::Asked)],
        5 => Just(Happening::Swept),
        2 => Just(Happening::Resent),
        3 => any::<bool>().prop_map(Happening::StopsSent),
    ]
}

/// Time until the next happening: none, seconds, minutes, hours.
pub fn pause() -> impl Strategy<Value = Duration> {
    prop_oneof![Just(0u64), 0..30u64, 0..600u64, 0..100_000u64].prop_map(Duration::from_secs)
}

/// Which of the steps since the approval before it an approval shows, goes back to if to any, and searches again from.
type Asked = (usize, Option<usize>, Option<usize>);

/// What an entry of agents is: one step, two at once, or a step that finds items and one that runs for each.
#[derive(Debug, Clone, Copy)]
enum Kind {
    One,
    Two,
    /// At most so many, of which so many may fail, and so many at once.
    Each(u32, u32, u32),
}

/// Up to five entries of agents, up to two of them with an approval behind them; the flows of the tables too.
pub fn any_flow() -> impl Strategy<Value = Pinned> {
    let asked = (
        any::<usize>(),
        proptest::option::weighted(0.8, any::<usize>()),
        proptest::option::of(any::<usize>()),
    );
    let each = (1..5u32).prop_flat_map(|max| (Just(max), 0..max, 1..4u32));
    let kind = prop_oneof![
        4 => Just(Kind::One),
        1 => Just(Kind::Two),
        2 => each.prop_map(|(max, may_fail, at_once)| Kind::Each(max, may_fail, at_once)),
    ];
    let step = (
        kind,
        proptest::option::weighted(0.3, 0..3u32),
        any::<bool>(),
        proptest::option::weighted(0.4, asked),
    );
    let random = proptest::collection::vec(step, 1..=5).prop_map(random_flow);
    prop_oneof![8 => random, 1 => Just(report()), 1 => Just(triage())]
}

fn random_flow(steps: Vec<(Kind, Option<u32>, bool, Option<Asked>)>) -> Pinned {
    let (mut entries, mut names, mut segment) = (Vec::new(), Vec::<String>::new(), 0);
    let (mut approvals, mut shown) = (0, Vec::new());
    let mut last = String::new();
    for (index, (kind, retries, reads_all, asked)) in steps.into_iter().enumerate() {
        let first = if reads_all {
            0
        } else {
            names.len().saturating_sub(1)
        };
        let reads = names[first..].to_vec();
        let step = |name: String| {
            let mut step = json!({
                "step": name, "agent": format!("agent-{}", index % 2),
                "reads": reads, "writes": format!("{name}.json"),
            });
            if let Some(retries) = retries {
                step["retries"] = json!(retries);
            }
            step
        };
        let name = format!("s{index}");
        let mut add = |name: String| {
            names.push(name.clone());
            name
        };
        match kind {
            Kind::One => entries.push(step(add(name.clone()))),
            Kind::Two => {
                let both = [add(name.clone()), add(format!("t{index}"))].map(step);
                entries.push(json!({"parallel": both}));
            }
            Kind::Each(max, may_fail, at_once) => {
                entries.push(step(add(name.clone())));
                let mut each = step(add(format!("e{index}")));
                let fields = [("max", max), ("may_fail", may_fail), ("at_once", at_once)];
                for (field, value) in fields {
                    each[field] = json!(value);
                }
                each["each"] = json!(name);
                entries.push(each);
            }
        }
        shown.push(name.clone());
        last = name;
        if let Some(asked) = asked.filter(|_| approvals < 2) {
            entries.push(approval(&format!("a{index}"), asked, &shown[segment..]));
            segment = shown.len();
            approvals += 1;
        }
    }
    flow(json!({
        "flow": "random", "version": 1, "title": "Random", "steps": entries, "result": last,
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
            .map(|step| {
                let attempts = walk.workflow.limits(rules, &step.step).retries.attempts;
                attempts * step.max.unwrap_or(1)
            })
            .sum();
        let approvals = u32::try_from(flow.approvals().count()).unwrap();
        let most = attempts * (rules.max_sends.max(40) + 1)
            + approvals * 2 * (rules.max_sends + 1 + MAX_REMINDERS);
        let mut looks = 0;
        // The stops that are owed add a look for each of their sends, once more for each time that some are added.
        let most = most + (attempts + 1) * (rules.max_sends + 1);
        while walk.workflow.due_at(&walk.rules).is_some() {
            prop_assert!(looks <= most, "still waiting after {looks} looks: {:?}", walk.workflow);
            walk = walk.until_due();
            walk.workflow = laws::check(&walk, &Input::DeadlinePassed);
            looks += 1;
        }
    }

    #[test]
    fn an_attempt_is_asked_for_once(walk in anyone(), history in history()) {
        let mut walk = walk;
        let mut asked = walk.at_work();
        for (pause, happening) in history {
            walk = walk.wait(pause);
            let input = happening.input(&walk);
            let answer = walk.answer(input);
            if let Answer::Transition(Transition { commands, .. }) = &answer {
                for owed in commands {
                    let Command::RunStep(step) = &owed.command else {
                        continue;
                    };
                    let sent_again = walk.workflow.current_work(&step.of).is_some();
                    prop_assert!(sent_again || !asked.contains(&step.of), "{} again", step.of);
                    asked.push(step.of.clone());
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
            // Else it has written another one since.
            let fresh = |result: &&StepResult| result.revision <= found.approval.revision;
            let of = |result: &StepResult| artifact(&walk.workflow, &result.of);
            let result = walk.workflow.result_of(&step.step, None).unwrap();
            if fresh(&result) {
                prop_assert_eq!(&shown.artifact, &of(result));
            }
            let read = walk.workflow.results.iter().filter(|result| step.gets(&result.of.step));
            if read.clone().all(|result| fresh(&result)) {
                let made_from: Vec<_> = read.map(of).collect();
                prop_assert_eq!(&shown.made_from, &made_from);
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
                    let of = |name: &Name| walk.workflow.flow.steps.iter().find(|entry| entry.has(name));
                    let names = transition.events.iter().filter_map(what_is_done);
                    let names = names.filter_map(|name| Some(of(&name)?.name().clone()));
                    done.extend(names.map(|name| (name, version)));
                    let flow = &walk.workflow.flow;
                    let place = place(&walk.workflow);
                    // A step for each of no items ends without an event.
                    let empty = |entry: &&Entry| {
                        entry.steps().iter().all(|step| walk.workflow.branches_of(step) != Some(0))
                    };
                    let before = flow.steps[..place].iter().filter(empty);
                    let before: Vec<Option<&u64>> = before.map(|entry| done.get(entry.name())).collect();
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
                        let back = flow.steps[flow.place(redo).unwrap()].name();
                        prop_assert_eq!(transition.next.at(), Some(back));
                        let between = &flow.steps[flow.place(redo).unwrap()..place];
                        prop_assert!(between.iter().all(|entry| entry.as_approval().is_none()));
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
