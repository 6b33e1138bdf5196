//! Laws over random histories: any input, in any order, at any moment.

use std::sync::LazyLock;
use std::time::Duration;

use aegis_contracts::agent::Role;
use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::request::Budget;
use aegis_workflow::{
    Answer, ApprovalPolicy, Input, MAX_REMINDERS, Rules, Transition, approval_view, asked,
};
use proptest::prelude::*;

use crate::walk::{
    Walk, attempts, cancel, decision_of, failed, progress_after, redrive, rules, search_again,
    succeeded,
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
    Decided(&'static str, DecisionKind, u32),
    SearchAsked(&'static str),
    Notified(u32),
    Redriven(u64),
    Cancelled,
    Swept,
    Throttled(Which),
    Resent,
    Asked,
}

/// An attempt: of the role at work, or another; the newest, or so many before or behind it.
#[derive(Debug, Clone, Copy)]
pub struct Which {
    other_role: Option<Role>,
    offset: i32,
}

impl Which {
    fn attempt(self, walk: &Walk) -> (Role, u32) {
        let workflow = &walk.workflow;
        let at_work = Role::ALL.into_iter().rfind(|role| {
            workflow
                .current_step(*role, workflow.attempts.of(*role))
                .is_some()
        });
        let role = self.other_role.or(at_work).unwrap_or(Role::Writer);
        (
            role,
            workflow
                .attempts
                .of(role)
                .saturating_add_signed(self.offset),
        )
    }
}

impl Happening {
    pub fn input(&self, walk: &Walk) -> Input {
        let workflow = &walk.workflow;
        match self {
            Self::Dispatched(which) => {
                let (role, attempt) = which.attempt(walk);
                Input::Dispatched { role, attempt }
            }
            Self::Progress(which, tokens) => {
                let (role, attempt) = which.attempt(walk);
                progress_after(role, attempt, *tokens)
            }
            Self::Succeeded(which) => {
                let (role, attempt) = which.attempt(walk);
                succeeded(&workflow.id, role, attempt)
            }
            Self::Failed(which, transient) => {
                let (role, attempt) = which.attempt(walk);
                failed(role, attempt, *transient)
            }
            Self::Decided(who, kind, back) => {
                decision_of(who, *kind, workflow.revision.saturating_sub(*back))
            }
            Self::SearchAsked(who) => search_again(who, workflow.revision),
            Self::Notified(back) => Input::Notified {
                revision: workflow.revision.saturating_sub(*back),
            },
            Self::Redriven(back) => redrive(workflow.version.saturating_sub(*back)),
            Self::Cancelled => cancel(),
            Self::Throttled(which) => {
                let (role, attempt) = which.attempt(walk);
                Input::Throttled { role, attempt }
            }
            Self::Swept => Input::DeadlinePassed,
            Self::Resent => Input::Resent,
            Self::Asked => Input::Start,
        }
    }
}

fn which() -> impl Strategy<Value = Which> {
    let mostly_current = prop_oneof![8 => Just(0), 1 => Just(-1), 1 => Just(1)];
    let role = proptest::sample::select(Role::ALL.to_vec());
    (proptest::option::weighted(0.1, role), mostly_current)
        .prop_map(|(other_role, offset)| Which { other_role, offset })
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
        8 => which().prop_map(Happening::Succeeded),
        3 => (which(), any::<bool>()).prop_map(|(which, transient)| Happening::Failed(which, transient)),
        1 => who.clone().prop_map(Happening::SearchAsked),
        6 => (who, kind, mostly_now.clone()).prop_map(|(who, kind, back)| Happening::Decided(who, kind, back)),
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
    (policy, budget, bounds).prop_map(
        |(policy, budget, (retries, max_sends, approval_reminder, capacity_timeout))| {
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
                step_retries: attempts(retries + 1),
                max_sends,
                capacity_timeout,
                approval_reminder,
                ..rules()
            };
            Walk::under(rules, policy, budget)
        },
    )
}

pub fn history() -> impl Strategy<Value = Vec<(Duration, Happening)>> {
    proptest::collection::vec((pause(), happening()), 1..80)
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
        // Each attempt: its sends, or one an hour at last while no session is free for up to 28 hours; its dispatch; two steps at most; the approval and its escalation, with reminders.
        let per_step = rules.step_retries.researcher.attempts * (rules.max_sends.max(40) + 1);
        let most = 2 * per_step + 2 * (rules.max_sends + 1 + MAX_REMINDERS);
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
        let mut asked = vec![(Role::Researcher, 1)];
        for (pause, happening) in history {
            walk = walk.wait(pause);
            let input = happening.input(&walk);
            let answer = walk.answer(input);
            if let Answer::Transition(Transition { commands, .. }) = &answer {
                for (role, step) in commands.iter().filter_map(|owed| owed.command.as_step()) {
                    prop_assert!(!asked.contains(&(role, step.attempt)), "{role} {} again", step.attempt);
                    asked.push((role, step.attempt));
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
            for (role, artifact) in [(Role::Researcher, &found.evidence), (Role::Analyst, &found.analysis)] {
                let result = walk.workflow.result_of(role).unwrap();
                let earlier = role == Role::Researcher && result.revision < found.approval.revision;
                if earlier || result.revision == found.approval.revision {
                    let expected = crate::walk::artifact(&walk.workflow.id, role, result.attempt);
                    prop_assert_eq!(artifact.as_ref(), Some(&expected));
                }
            }
        }
    }

    /// Whatever flow this code starts new ones on.
    #[test]
    fn a_workflow_keeps_for_life_the_flow_that_it_started_with(walk in anyone(), history in history()) {
        let mut walk = walk;
        let older = aegis_workflow::FLOW_VERSION - 1;
        walk.workflow.flow_version = older;
        let lived = live_through(walk, history);
        prop_assert_eq!(lived.workflow.flow_version, older);
    }
}
