//! One row per step, drawn in place on a terminal.

use std::time::Duration;

use aegis_contracts::agent::Role;
use aegis_contracts::text::visible_line;
use aegis_contracts::view::{Status, StepStatus, StepView, WorkflowView};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::client::decide::approvals;
use crate::client::show::{self, attempt, progress};
use aegis_terminal::text::{counted, local_time};

const TICK: Duration = Duration::from_millis(100);

pub struct Bars {
    multi: MultiProgress,
    rows: Vec<Row>,
}

struct Row {
    what: What,
    bar: ProgressBar,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Step(Role),
    Approval,
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
        let multi = MultiProgress::new();
        let order = [
            What::Step(Role::Researcher),
            What::Step(Role::Analyst),
            What::Approval,
            What::Step(Role::Writer),
        ];
        let rows = order.map(|what| Row::new(&multi, what)).into();
        Self { multi, rows }
    }

    pub fn show(&mut self, view: &WorkflowView) {
        for row in &mut self.rows {
            let (state, message) = match row.what {
                What::Step(role) => step(view, role),
                What::Approval => approval(view),
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
    fn new(multi: &MultiProgress, what: What) -> Self {
        let bar = multi.add(ProgressBar::new_spinner());
        bar.set_prefix(match what {
            What::Step(role) => role.as_str(),
            What::Approval => "approval",
        });
        let row = Self {
            what,
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

fn step(view: &WorkflowView, role: Role) -> (State, String) {
    let Some(step) = view.steps.iter().find(|step| step.role == role) else {
        return (State::Ahead, String::new());
    };
    let state = match step.status {
        StepStatus::Requested | StepStatus::Dispatched | StepStatus::Running => {
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

fn approval(view: &WorkflowView) -> (State, String) {
    let revision = match view.revision {
        0 => String::new(),
        revision => format!(" (revision {revision})"),
    };
    let ended = || view.status.as_str().replace('_', " ");
    match (view.status, &view.approval) {
        (Status::Researching | Status::Analyzing, _) => (State::Ahead, revision),
        (Status::AwaitingApproval, Some(approval)) => {
            let until = local_time(approval.deadline_at);
            let given = approvals(approval);
            let required = counted(approval.required, "approval");
            (
                State::Active,
                format!("{given} of {required}, until {until}{revision}"),
            )
        }
        (Status::AwaitingApproval, None) => (State::Active, revision),
        (Status::Writing | Status::Completed, approval) => {
            let settled = approval
                .as_ref()
                .and_then(|approval| approval.settled.as_ref());
            let how = settled.map_or_else(|| "granted".to_owned(), show::settled);
            (State::Done, format!("{how}{revision}"))
        }
        (Status::Rejected | Status::Expired, _) => (State::Broken, ended()),
        (Status::Failed | Status::Cancelled, _) => (State::Ahead, String::new()),
    }
}
