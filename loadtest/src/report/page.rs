//! A page for a terminal, in plain text.

use std::fmt::Write as _;

use super::{Report, told};
use crate::oracle::{TOLD, bus};

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
