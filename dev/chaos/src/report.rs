//! What a run came to, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use aegis_contracts::view::Status;
use serde::{Serialize, Serializer};
use serde_json::json;

use super::bus::Tap;
use super::driver::Life;
use super::letters::DeadLetter;
use super::scenario::Scenario;
use super::turmoil::Done;
use aegis_client::oracle::Judgement;
use aegis_terminal::style::{Style, bold};
use aegis_terminal::text::{columns, counted, duration};

/// One workflow and what the oracle says of it.
pub struct Ended {
    pub life: Life,
    pub took: Duration,
    pub judgement: Judgement,
}

impl Ended {
    /// Events of its history that did not come over the bus: of those that should have, and of
    /// those that the emulator forgot when it was stopped.
    pub fn missing_events(&self, tap: &Tap, done: &Done) -> (usize, usize) {
        let history = &self.judgement.history;
        let missing = tap.missing(self.life.id.as_str(), history);
        let (forgotten, lost): (Vec<_>, Vec<_>) = missing
            .into_iter()
            .partition(|event| done.forgot(event.occurred_at));
        (lost.len(), forgotten.len())
    }
}

/// What came over the bus.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Events {
    pub different: usize,
    /// Came once more than needed.
    pub again: usize,
    /// Never came, because the emulator forgot them when it was stopped.
    pub forgotten: usize,
}

pub struct Report {
    pub seed: u32,
    /// By kind, how often each one fired.
    pub faults: Vec<(&'static str, u64)>,
    pub done: Done,
    pub turmoil: Duration,
    pub took: Duration,
    pub ended: Vec<Ended>,
    pub events: Events,
    pub letters: Vec<DeadLetter>,
}

impl Report {
    pub fn is_well(&self) -> bool {
        self.wrong().is_empty()
    }

    /// Every finding, with its workflow or queue.
    fn wrong(&self) -> Vec<String> {
        let mut wrong: Vec<String> = Vec::new();
        for one in &self.ended {
            let (id, scenario) = (&one.life.id, one.life.scenario.told());
            let found = one.judgement.wrong.iter();
            wrong.extend(found.map(|what| format!("{id} ({scenario}): {what}")));
        }
        let letters = self.letters.iter().filter(|letter| !letter.is_explained());
        wrong.extend(letters.map(|letter| {
            format!(
                "unexplained in {}: {}",
                letter.queue,
                letter_row(letter).join(", ")
            )
        }));
        wrong
    }

    pub fn verdict(&self) -> String {
        let wrong = self.wrong();
        if wrong.is_empty() {
            return format!(
                "{} ended as they should: all of them, nothing lost, nothing done twice",
                counted(self.ended.len(), "workflow")
            );
        }
        let findings = counted(wrong.len(), "finding");
        format!("{findings} with seed {}", self.seed)
    }

    fn scenarios(&self) -> BTreeMap<Scenario, Tally> {
        let mut tallies: BTreeMap<Scenario, Tally> = BTreeMap::new();
        for one in &self.ended {
            let tally = tallies.entry(one.life.scenario).or_default();
            tally.workflows += 1;
            tally.as_demanded += usize::from(one.is_as_demanded());
            tally.redrives += one.life.redrives;
            tally.attempts += one.judgement.attempts;
            tally.artifacts += one.judgement.artifacts;
            tally.longest = tally.longest.max(one.took);
        }
        tallies
    }

    pub fn page(&self) -> String {
        let mut page = String::new();
        let mut section = |title: &str, rows: &[Vec<String>]| {
            let _ = writeln!(page, "\n{}", bold(title));
            for line in columns(rows) {
                let _ = writeln!(page, "  {line}");
            }
        };
        section("faults injected", &self.fault_rows());
        section("workflows", &self.scenario_rows());
        let letters: Vec<Vec<String>> = self.letters.iter().map(letter_row).collect();
        section(&format!("dead letters: {}", letters.len()), &letters);
        let Events {
            different,
            again,
            forgotten,
        } = self.events;
        let _ = writeln!(
            page,
            "\n{different} events on the bus, {again} came again, {forgotten} forgotten by the emulator when it was stopped\n\
             faults for {}, all ended after {}, seed {}",
            duration(self.turmoil),
            duration(self.took),
            self.seed
        );
        for wrong in self.wrong() {
            let _ = writeln!(page, "{}", Style::new().red().on(wrong));
        }
        let _ = writeln!(page, "{}", self.verdict());
        page
    }

    fn fault_rows(&self) -> Vec<Vec<String>> {
        let row = |name: &str, count: u64| vec![name.to_owned(), count.to_string()];
        let faults = self.faults.iter();
        let mut rows: Vec<Vec<String>> = faults.map(|(name, count)| row(name, *count)).collect();
        for (name, count) in self.done.told() {
            rows.push(vec![name.to_owned(), count.to_string()]);
        }
        rows
    }

    fn scenario_rows(&self) -> Vec<Vec<String>> {
        let heads = [
            "",
            "workflows",
            "as demanded",
            "redriven",
            "attempts",
            "artifacts",
            "longest",
        ];
        let mut rows = vec![heads.map(str::to_owned).to_vec()];
        rows.extend(self.scenarios().into_iter().map(|(scenario, tally)| {
            vec![
                scenario.told().to_owned(),
                tally.workflows.to_string(),
                tally.as_demanded.to_string(),
                tally.redrives.to_string(),
                tally.attempts.to_string(),
                tally.artifacts.to_string(),
                duration(tally.longest),
            ]
        }));
        rows
    }
}

impl Ended {
    fn is_as_demanded(&self) -> bool {
        let status: Option<Status> = self.judgement.status;
        status == Some(self.life.scenario.demands())
    }
}

#[derive(Debug, Default, Serialize)]
struct Tally {
    workflows: usize,
    as_demanded: usize,
    redrives: u32,
    attempts: u32,
    artifacts: usize,
    #[serde(skip)]
    longest: Duration,
}

impl Done {
    fn told(&self) -> [(&'static str, usize); 3] {
        [
            ("functions' processes killed", self.functions_killed),
            ("agents' processes killed", self.agents_killed),
            ("emulator stopped and started", self.restarts.len()),
        ]
    }
}

fn letter_row(letter: &DeadLetter) -> Vec<String> {
    let workflow = letter.workflow_id.clone();
    vec![
        letter.queue.clone(),
        letter.kind.clone(),
        letter.reason.clone(),
        workflow.unwrap_or_default(),
    ]
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tallies = self.scenarios();
        let faults: BTreeMap<&str, u64> = self.faults.iter().copied().collect();
        let scenarios: Vec<_> = tallies
            .iter()
            .map(|(scenario, tally)| json!({"scenario": scenario, "tally": tally, "longest_seconds": tally.longest.as_secs()}))
            .collect();
        let killed: BTreeMap<&str, usize> = self.done.told().into_iter().collect();
        json!({
            "seed": self.seed, "faults": faults, "processes": killed, "scenarios": scenarios,
            "dead_letters": self.letters, "events": self.events,
            "faults_seconds": self.turmoil.as_secs(), "seconds": self.took.as_secs(),
            "findings": self.wrong(), "well": self.is_well(),
        })
        .serialize(serializer)
    }
}
