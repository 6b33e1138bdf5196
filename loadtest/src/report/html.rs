//! One HTML file: no script, no font, nothing from elsewhere.

use aegis_contracts::text::visible;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart::{self, Axis, Bar, Line, Tick};
use super::{Report, told};
use crate::measure::{DECISION, END_TO_END, START, Spread, Summary};
use crate::oracle::TOLD;

const STYLE: &str = include_str!("style.css");
/// Up to which share of all times are drawn: one in a thousand is not seen in less than a thousand.
const SHARES: [(f64, &str); 6] = [
    (0.5, "50 %"),
    (0.75, "75 %"),
    (0.9, "90 %"),
    (0.95, "95 %"),
    (0.99, "99 %"),
    (0.999, "99.9 %"),
];

impl Report {
    pub fn html(&self) -> String {
        let title = format!("Load test: {}", self.setup.scenario);
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width";
                    title { (title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    h1 { (title) }
                    p { (self.setup.description) }
                    p.verdict.ill[!self.well] { (self.verdict()) }
                    (self.found())
                    (self.facts())
                    (self.pace_chart())
                    (self.percentile_chart())
                    (self.step_chart())
                    h2 { "Times" }
                    (self.times_table())
                }
            }
        };
        // What a stage answers is in it.
        visible(&page.into_string()).into_owned()
    }

    fn found(&self) -> Markup {
        html! {
            @if !self.findings.is_empty() {
                ul {
                    @for finding in self.findings.iter().take(TOLD) {
                        li {
                            @if let Some(id) = &finding.workflow { code { (id) } " " }
                            (finding.what)
                        }
                    }
                }
            }
        }
    }

    fn facts(&self) -> Markup {
        let setup = [
            ("begun", self.setup.at.to_string()),
            ("command", self.setup.command.clone()),
            ("stage", self.setup.endpoint.clone()),
            ("agents", self.setup.agents.clone()),
            ("in each topic", self.setup.mark.clone()),
            ("seed of the arrivals", self.setup.seed.to_string()),
        ];
        html! {
            table.facts {
                @for (what, value) in setup.into_iter().chain(self.figures()) {
                    tr { th { (what) } td { (value) } }
                }
            }
        }
    }

    fn pace_chart(&self) -> Markup {
        let under_way = self.pace.under_way();
        let by_second = |name: &str, counts: &[u64]| Line {
            name: name.to_owned(),
            points: counts
                .iter()
                .enumerate()
                .map(|(at, count)| (at as f64, *count as f64))
                .collect(),
        };
        let arrived = by_second("arrived", &self.pace.due);
        let ended = by_second("ended", &self.pace.ended);
        let most = |counts: &[u64]| counts.iter().copied().max().unwrap_or_default() as f64;
        let across = || Axis::linear(under_way.len() as f64, |second| format!("{second} s"));
        let plain = |count: f64| count.to_string();
        let up = Axis::linear(most(&self.pace.due).max(most(&self.pace.ended)), plain);
        html! {
            (chart::lines("Workflows by the second", &across(), &up, &[arrived, ended]))
            (chart::lines(
                "Under way",
                &across(),
                &Axis::linear(most(&under_way), plain),
                &[by_second("due and not ended", &under_way)],
            ))
        }
    }

    /// Shares far to the right are as wide as those to the left: by the logarithm of what is left.
    fn percentile_chart(&self) -> Markup {
        let nines = |share: f64| -(1.0 - share).log10();
        let millis = |spread: &Spread, share: f64| spread.at(share).as_secs_f64() * 1e3;
        let names = [START, DECISION, END_TO_END];
        let found = names
            .into_iter()
            .filter_map(|name| Some((name, self.spread(name)?)));
        let lines: Vec<Line> = found
            .map(|(name, spread)| Line {
                name: name.to_owned(),
                points: (0..=60)
                    .map(|step| nines(0.5) + f64::from(step) / 60.0 * (nines(0.999) - nines(0.5)))
                    .map(|at| (at, millis(spread, 1.0 - 10_f64.powf(-at))))
                    .collect(),
            })
            .collect();
        let values = || {
            lines
                .iter()
                .flat_map(|line| line.points.iter().map(|point| point.1))
        };
        let up = Axis::logarithmic(
            values().fold(f64::MAX, f64::min),
            values().fold(0.0, f64::max),
            told,
        );
        let across = Axis {
            from: nines(0.5),
            to: nines(0.999),
            logarithmic: false,
            ticks: SHARES
                .map(|(share, text)| Tick {
                    at: nines(share),
                    text: text.to_owned(),
                })
                .into(),
        };
        html! { @if !lines.is_empty() { (chart::lines("So many were done within", &across, &up, &lines)) } }
    }

    fn step_chart(&self) -> Markup {
        let summary = |name: String| {
            let row = self.times.iter().find(|row| row.name == name)?;
            Some(row.summary)
        };
        let percentiles = |s: &Summary| [s.p50, s.p95];
        let mut bars = Vec::new();
        let names = self.times.iter();
        for step in names.filter_map(|row| row.name.strip_suffix(" queued")) {
            let (Some(queued), Some(worked)) = (
                summary(format!("{step} queued")),
                summary(format!("{step} at work")),
            ) else {
                continue;
            };
            let pairs = percentiles(&queued).into_iter().zip(percentiles(&worked));
            let named = ["p50", "p95"].into_iter().zip(pairs);
            bars.extend(named.map(|(name, (queued, worked))| Bar {
                name: format!("{step}, {name}"),
                parts: vec![queued, worked],
                text: format!("{} + {}", told(queued), told(worked)),
            }));
        }
        let parts = ["queued and dispatched", "agent at work and reporting"];
        html! { @if !bars.is_empty() { (chart::bars("Steps", &parts, &bars)) } }
    }

    fn times_table(&self) -> Markup {
        html! {
            table.times {
                tr { th { "" } @for head in ["count", "p50", "p90", "p95", "p99", "max"] { th { (head) } } }
                @for row in &self.times {
                    @let s = &row.summary;
                    tr {
                        th { (row.name) }
                        td { (s.count) }
                        @for time in [s.p50, s.p90, s.p95, s.p99, s.max] { td { (told(time)) } }
                    }
                }
            }
            p.note {
                "Starts and decisions are measured from when they were due, end to end from then to the stage's last event."
            }
        }
    }
}
