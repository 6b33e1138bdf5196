//! A whole run: clients, then the oracle, then the report.

use std::sync::Arc;

use anyhow::Result;

use crate::agents::Worker;
use crate::dead_letters::Depths;
use crate::drive::{self, Book};
use crate::measure;
use crate::oracle::{self, Circumstances};
use crate::report::{Report, Setup};
use crate::scenario::{Arrival, Scenario};
use crate::target::Target;

/// `before`: what [`Target::probe`] returned. `agents`: those that stand in for the real ones, if any.
///
/// # Errors
/// Where the stage cannot be looked at after the run.
pub async fn run(
    target: &Arc<Target>,
    scenario: &Scenario,
    plan: &[Arrival],
    setup: Setup,
    before: &Depths,
    book: &Arc<Book>,
    agents: Option<&Worker>,
) -> Result<Report> {
    let driven = drive::all(target, plan, scenario.approval, scenario.patience, book).await;
    let known = Circumstances {
        before,
        alone: setup.alone,
        undying: agents.is_some(),
        heard: agents.is_some_and(|agents| agents.counted().failed == 0),
        patience: scenario.patience,
    };
    let verdict = oracle::judge(target, &driven, known).await?;
    let measured = measure::of(&driven, &verdict);
    let mut report = Report::of(setup, &driven, verdict, measured)?;
    report.agents_counted = agents.map(Worker::counted);
    Ok(report)
}
