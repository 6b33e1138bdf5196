//! One row per step, drawn in place on a terminal.

use std::time::Duration;

use aegis_contracts::approval::{ApprovalView, Outcome};
use aegis_contracts::flow::Name;
use aegis_contracts::text::visible_line;
use aegis_contracts::view::{Place, Status, StepStatus, StepView, WorkflowView};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::client::branches::folded;
use crate::client::decide::approvals;
use crate::client::show::{self, attempt, progress};
use aegis_terminal::text::{counted, local_time};

const TICK: Duration = Duration::from_millis(100);

pub struct Bars {
    multi: MultiProgress,
    rows: Vec<Row>,
}

struct Row {
    place: Place,
    bar: ProgressBar,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ahead,
    Active,
    /// Stands still, because of what follows below.
    Asked,
    Done,
    Broken,
}

impl Bars {
    pub fn new() -> Self {
        Self {
            multi: MultiProgress::new(),
            rows: Vec::new(),
        }
    }

    pub fn show(&mut self, view: &WorkflowView) {
        if self.rows.is_empty() {
            let places = view.course.iter().flat_map(Place::parts);
            let rows = places.map(|place| Row::new(&self.multi, place));
            self.rows = rows.collect();
        }
        let view = &folded(view);
        for row in &mut self.rows {
            let (state, message) = match &row.place {
                Place::Step { step: name, .. } => step(view, name),
                Place::Approval { approval: name } => approval(view, name),
                // Its parts have rows of their own.
                Place::Parallel { .. } => (State::Ahead, String::new()),
            };
            row.set(state, message);
        }
    }

    /// Stops moving; the rows stay on the screen.
    pub fn rest(self) {
        for row in self.rows {
            if row.state == State::Active {
                row.draw_as(State::Asked);
            }
            row.bar.disable_steady_tick();
            row.bar.abandon();
        }
        drop(self.multi);
    }
}

impl Row {
    fn new(multi: &MultiProgress, place: &Place) -> Self {
        let bar = multi.add(ProgressBar::new_spinner());
        bar.set_prefix(place.name().map(Name::to_string).unwrap_or_default());
        let row = Self {
            place: place.clone(),
            bar,
            state: State::Ahead,
        };
        row.draw_as(State::Ahead);
        row.bar.tick();
        row
    }

    fn set(&mut self, state: State, message: String) {
        if state != self.state {
            self.state = state;
            self.draw_as(state);
        }
        self.bar.set_message(visible_line(&message).into_owned());
    }

    fn draw_as(&self, state: State) {
        let template = match state {
            State::Ahead => "  {prefix:<10.dim}  {wide_msg:.dim}",
            State::Active => "{spinner:.cyan} {prefix:<10}  {elapsed:.dim}  {wide_msg}",
            State::Asked => "{spinner:.yellow} {prefix:<10}  {wide_msg}",
            State::Done => "{spinner:.green} {prefix:<10}  {wide_msg}",
            State::Broken => "{spinner:.red} {prefix:<10}  {wide_msg}",
        };
        let ticks: &[&str] = match state {
            State::Ahead => &[" ", " "],
            State::Active => &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", "⠋"],
            State::Asked => &["?", "?"],
            State::Done => &["✔", "✔"],
            State::Broken => &["✘", "✘"],
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.tick_strings(ticks));
        }
        if state == State::Active {
            self.bar.reset_elapsed();
            self.bar.enable_steady_tick(TICK);
        } else {
            self.bar.disable_steady_tick();
        }
    }
}

fn step(view: &WorkflowView, name: &Name) -> (State, String) {
    let Some(step) = view.steps.iter().find(|step| step.step == *name) else {
        return (State::Ahead, String::new());
    };
    let state = match step.status {
        StepStatus::Waiting
        | StepStatus::Requested
        | StepStatus::Dispatched
        | StepStatus::Running => {
            if view.status.is_terminal() {
                State::Broken
            } else {
                State::Active
            }
        }
        StepStatus::Succeeded => State::Done,
        StepStatus::Failed | StepStatus::Superseded | StepStatus::Cancelled => State::Broken,
    };
    (state, words(step))
}

fn words(step: &StepView) -> String {
    let doing = match (step.status, progress(step)) {
        (StepStatus::Requested, _) => "asked for".to_owned(),
        (StepStatus::Dispatched, said) if said.is_empty() => "starting".to_owned(),
        (_, said) => said,
    };
    match attempt(step) {
        which if which.is_empty() => doing,
        which => format!("{which}: {doing}"),
    }
}

fn approval(view: &WorkflowView, name: &Name) -> (State, String) {
    let latest = view
        .approval
        .as_ref()
        .filter(|latest| latest.approval == *name);
    let place = |name: &Name| view.course.iter().position(|place| place.has(name));
    let here = view.at.as_ref().and_then(place);
    let Some(latest) = latest else {
        let passed = here.is_none_or(|here| place(name).is_some_and(|own| own < here));
        return if passed && view.approval.is_some() {
            (State::Done, "granted".to_owned())
        } else {
            (State::Ahead, String::new())
        };
    };
    let revision = match latest.revision {
        0 => String::new(),
        revision => format!(" (revision {revision})"),
    };
    match &latest.settled {
        None if view.status == Status::AwaitingApproval => {
            (State::Active, waits(latest, &revision))
        }
        None => (State::Ahead, String::new()),
        Some(settled) => {
            let state = match settled.outcome {
                Outcome::Approved => State::Done,
                Outcome::ChangesRequested => State::Ahead,
                Outcome::Rejected | Outcome::Expired => State::Broken,
            };
            (state, format!("{}{revision}", show::settled(settled)))
        }
    }
}

fn waits(approval: &ApprovalView, revision: &str) -> String {
    let until = local_time(approval.deadline_at);
    let given = approvals(approval);
    let required = counted(approval.required, "approval");
    format!("{given} of {required}, until {until}{revision}")
}
