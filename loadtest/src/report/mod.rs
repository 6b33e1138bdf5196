//! What a run came to: as data, as a page for a terminal, and as one HTML file (`html`, `chart`).

mod chart;
mod html;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::time::Duration;

use aegis_contracts::text::counted;
use aegis_contracts::time::Timestamp;
use aegis_cost::{Line, Part, Prices, quantities};
use anyhow::Result;
use serde::Serialize;

use crate::agents::Counted;
use crate::drive::Driven;
use crate::measure::{Measured, Pace, Spread, Summary};
use crate::oracle::{Finding, TOLD, Verdict, bus};
use crate::run::{DeadLetter, Injected};

/// What was asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Setup {
    /// When it began.
    pub at: Timestamp,
    /// As it was typed.
    pub command: String,
    pub scenario: String,
    pub description: String,
    pub endpoint: String,
    pub agents: String,
    /// In the topic of each workflow.
    pub mark: String,
    /// The seed of the arrivals.
    pub seed: u64,
    /// Whether the bucket was searched for objects without a workflow.
    pub alone: bool,
}

#[derive(Debug, Serialize)]
pub struct Report {
    #[serde(flatten)]
    pub setup: Setup,
    pub well: bool,
    pub workflows: usize,
    pub accepted: usize,
    pub ended: u64,
    pub seconds: f64,
    /// Workflows per second that arrived, over the time in which they did.
    pub arrived_per_second: f64,
    /// Over the whole run.
    pub completed_per_second: f64,
    pub peak_completed_per_second: f64,
    pub most_under_way: u64,
    /// Requests of clients that failed and were repeated.
    pub failed_tries: u32,
    pub retries: u64,
    pub times: Vec<Row>,
    pub cost: Cost,
    /// Of the agents that stood in for the real ones.
    pub agents_counted: Option<Counted>,
    /// Processor time on this machine during the run.
    pub processes: Vec<Process>,
    pub findings: Vec<Finding>,
    /// What went wrong on purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disturbed: Option<Disturbed>,
    pub pace: Pace,
}

/// What went wrong on purpose, and what it left behind.
#[derive(Debug, Serialize)]
pub struct Disturbed {
    pub injected: Injected,
    pub events: bus::Counted,
    pub dead_letters: Vec<DeadLetter>,
}

/// In milliseconds.
#[derive(Debug, Serialize)]
pub struct Row {
    pub name: String,
    #[serde(flatten)]
    pub summary: Summary,
    #[serde(skip)]
    spread: Spread,
}

/// In dollars, at list prices: what the same number of workflows costs on the happy path.
#[derive(Debug, Serialize)]
pub struct Cost {
    pub orchestration: f64,
    pub artifacts: f64,
    pub orchestration_per_million: f64,
    pub region: String,
    pub prices_as_of: String,
}

#[derive(Debug, Serialize)]
pub struct Process {
    pub name: String,
    pub cpu_seconds: f64,
}

impl Cost {
    /// # Errors
    /// Where the list of prices lacks something.
    pub fn of(workflows: usize) -> Result<Self> {
        let prices = Prices::built_in()?;
        let count = workflows as f64;
        let sum = |lines: Vec<Line>| Part::of("", lines, &prices).map(|part| part.cost);
        let orchestration = sum(quantities::workflow())?;
        Ok(Self {
            orchestration: orchestration * count,
            artifacts: sum(quantities::artifacts())? * count,
            orchestration_per_million: orchestration * 1e6,
            region: prices.region.clone(),
            prices_as_of: prices.as_of.clone(),
        })
    }
}

impl Report {
    /// # Errors
    /// Where the cost cannot be computed.
    pub fn of(setup: Setup, driven: &Driven, verdict: Verdict, measured: Measured) -> Result<Self> {
        let accepted = driven.started.iter().filter(|one| one.id.is_some()).count();
        let pace = measured.pace;
        let last_due = driven.started.last().map_or(Duration::ZERO, |one| one.due);
        let arrived = driven.started.len() as f64;
        let decisions = driven.decisions.iter().map(|decision| decision.failed);
        let starts = driven.started.iter().map(|one| one.failed);
        let row = |(name, spread): (String, Spread)| Row {
            name,
            summary: spread.summary(),
            spread,
        };
        Ok(Self {
            setup,
            well: verdict.findings.is_empty(),
            workflows: driven.started.len(),
            accepted,
            ended: pace.ended.iter().sum(),
            seconds: driven.took.as_secs_f64(),
            arrived_per_second: arrived / last_due.as_secs_f64().max(1.0),
            completed_per_second: pace.throughput(),
            peak_completed_per_second: pace.peak(),
            most_under_way: pace.under_way().into_iter().max().unwrap_or_default(),
            failed_tries: starts.chain(decisions).sum(),
            retries: measured.retries,
            times: measured.spreads.into_iter().map(row).collect(),
            cost: Cost::of(accepted)?,
            agents_counted: None,
            processes: Vec::new(),
            findings: verdict.findings,
            disturbed: None,
            pace,
        })
    }

    pub fn verdict(&self) -> String {
        if self.well {
            return format!(
                "all {} workflows ended as they should, nothing lost, nothing done twice",
                self.workflows
            );
        }
        let findings = counted(self.findings.len(), "finding");
        format!("{findings} in {}", counted(self.workflows, "workflow"))
    }

    fn spread(&self, name: &str) -> Option<&Spread> {
        let found = self.times.iter().find(|row| row.name == name);
        found.map(|row| &row.spread)
    }
}

/// `840 ms`, `12.3 s`, `4 min 5 s`.
fn told(millis: f64) -> String {
    if millis < 9_950.0 {
        format!("{millis:.0} ms")
    } else if millis < 120_000.0 {
        format!("{:.1} s", millis / 1e3)
    } else {
        let seconds = (millis / 1e3).round();
        format!(
            "{:.0} min {:.0} s",
            (seconds / 60.0).floor(),
            seconds % 60.0
        )
    }
}

impl Report {
    pub fn page(&self) -> String {
        let mut page = String::new();
        let _ = writeln!(
            page,
            "\n{}: {}\n{}, begun at {}\n{} at {}, agents: {}\n",
            self.setup.scenario,
            self.setup.description,
            self.setup.command,
            self.setup.at,
            self.setup.mark,
            self.setup.endpoint,
            self.setup.agents
        );
        for (what, value) in self.figures() {
            let _ = writeln!(page, "  {what:<34} {value}");
        }
        let heads = ["", "count", "p50", "p90", "p95", "p99", "max"];
        let _ = writeln!(page, "\n{}", table_row(&heads.map(str::to_owned)));
        for row in &self.times {
            let s = &row.summary;
            let times = [s.p50, s.p90, s.p95, s.p99, s.max].map(told);
            let mut cells = vec![row.name.clone(), s.count.to_string()];
            cells.extend(times);
            let _ = writeln!(page, "{}", table_row(&cells));
        }
        let _ = writeln!(page);
        for letter in self.disturbed.iter().flat_map(|it| &it.dead_letters) {
            let workflow = letter.workflow_id.as_deref().unwrap_or_default();
            let _ = writeln!(
                page,
                "dead letter of {}: {}, {} {workflow}",
                letter.queue, letter.kind, letter.reason
            );
        }
        for finding in self.findings.iter().take(TOLD) {
            let id = finding.workflow.as_ref().map(|id| format!("{id} "));
            let _ = writeln!(page, "{}{}", id.unwrap_or_default(), finding.what);
        }
        if self.findings.len() > TOLD {
            let more = self.findings.len() - TOLD;
            let _ = writeln!(page, "and {more} more: `--json` has them all");
        }
        let _ = writeln!(page, "{}", self.verdict());
        page
    }

    /// What is said in one number each.
    pub(super) fn figures(&self) -> Vec<(&'static str, String)> {
        let mut figures = vec![
            ("workflows accepted and ended", self.told_ended()),
            ("time, waiting included", told(self.seconds * 1e3)),
            (
                "arrived per second",
                format!("{:.1}", self.arrived_per_second),
            ),
            (
                "ended per second",
                format!("{:.1}", self.completed_per_second),
            ),
            (
                "at most, over five seconds",
                format!("{:.1}", self.peak_completed_per_second),
            ),
            (
                "under way at once, at most",
                self.most_under_way.to_string(),
            ),
            (
                "requests that failed, repeated",
                self.failed_tries.to_string(),
            ),
            ("attempts beyond the first", self.retries.to_string()),
            ("seed", self.setup.seed.to_string()),
            ("cost of orchestration", self.told_cost()),
            (
                "cost of the artifacts' requests",
                format!("${:.4}", self.cost.artifacts),
            ),
        ];
        if let Some(counted) = &self.agents_counted {
            let told = format!(
                "{}, {} of them again, {} throttled, {} reports not taken",
                counted.invocations,
                counted.again,
                counted.throttled,
                counted.failed + counted.unwanted
            );
            figures.push(("agents invoked", told));
        }
        if let Some(disturbed) = &self.disturbed {
            let counts = disturbed.injected.counts.iter();
            figures.extend(counts.map(|(name, count)| (*name, count.to_string())));
            let took = disturbed.injected.took.as_secs_f64() * 1e3;
            figures.push(("faults injected for", told(took)));
            let bus::Counted { different, again } = disturbed.events;
            let events = format!("{different}, {again} came again");
            figures.push(("events on the bus", events));
        }
        if !self.processes.is_empty() {
            let told = self.processes.iter().map(|process| {
                let share = process.cpu_seconds / self.seconds * 100.0;
                format!("{} {:.1} ({share:.0} %)", process.name, process.cpu_seconds)
            });
            let told: Vec<String> = told.collect();
            figures.push(("seconds of processor time", told.join(", ")));
        }
        figures
    }

    fn told_ended(&self) -> String {
        format!(
            "{} of {}, {} ended",
            self.accepted, self.workflows, self.ended
        )
    }

    fn told_cost(&self) -> String {
        let Self { cost, .. } = self;
        format!(
            "${:.4}, ${:.2} a million, {} {}",
            cost.orchestration, cost.orchestration_per_million, cost.region, cost.prices_as_of
        )
    }
}

fn table_row(cells: &[String]) -> String {
    let mut line = String::new();
    for (index, cell) in cells.iter().enumerate() {
        let _ = match index {
            0 => write!(line, "  {cell:<22}"),
            _ => write!(line, "{cell:>13}"),
        };
    }
    line
}
