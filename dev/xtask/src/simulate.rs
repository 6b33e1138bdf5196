//! `cargo xtask simulate`: every service over in-memory ports, under faults from a seed.

use std::process::ExitCode;
use std::time::Duration;

use aegis_simulation::{Campaign, Summary, campaign, population, simulate};
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use aegis_local_aws::Context;
use aegis_terminal::out;
use aegis_terminal::text::counted;

/// Run the real services through seeded faults, without AWS, and check that nothing is lost.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Workflows to simulate, at least.
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    workflows: u64,
    /// Where chance begins; the same seed makes the same seeds [default: a new one].
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Stop after this time, however many workflows that were.
    #[arg(long, value_name = "M")]
    minutes: Option<f64>,
    /// Run the one harness of `--seed`, and tell what happens in it.
    #[arg(long, requires = "seed")]
    trace: bool,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode> {
    let seed = arguments
        .seed
        .unwrap_or_else(|| rand::random::<u32>().into());
    if arguments.trace {
        return Ok(tell(seed));
    }
    let wanted = Campaign {
        seed,
        workflows: arguments.workflows,
        at_most: arguments
            .minutes
            .map(|minutes| Duration::from_secs_f64(minutes.max(0.0) * 60.0)),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    };
    let bar = ProgressBar::new(wanted.workflows);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {pos}/{len} workflows [{elapsed}] {per_sec}")
    {
        bar.set_style(style);
    }
    let summary = campaign(&wanted, &|so_far| bar.set_position(so_far));
    bar.finish_and_clear();
    if context.json {
        print_json(seed, &summary)?;
    } else {
        print_table(seed, &summary);
    }
    Ok(match summary.defeat {
        Some(_) => ExitCode::FAILURE,
        None => ExitCode::SUCCESS,
    })
}

fn tell(seed: u64) -> ExitCode {
    // A thread of its own: inside a task the runtime rations waits, and a harness is one long task.
    let harness = || simulate(seed, population(seed), true);
    let Ok(telling) = std::thread::scope(|scope| scope.spawn(harness).join()) else {
        return ExitCode::FAILURE;
    };
    for line in &telling.lines {
        outln!("{line}");
    }
    match telling.broken {
        Some(broken) => {
            outln!("BROKEN  {broken}");
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}

fn print_table(seed: u64, summary: &Summary) {
    outln!(
        "{} in {} from seed {seed}, {:.1} s",
        counted(summary.workflows, "workflow"),
        counted(summary.seeds, "seed"),
        summary.took.as_secs_f64()
    );
    for (what, count) in &summary.tally {
        outln!("{count:>12}  {what}");
    }
    match &summary.defeat {
        Some(defeat) => {
            outln!("BROKEN  {}", defeat.broken);
            outln!(
                "        replay: cargo xtask simulate --seed {} --trace",
                defeat.seed
            );
        }
        None => outln!("Every law held in every harness."),
    }
}

fn print_json(seed: u64, summary: &Summary) -> Result<()> {
    let defeat = summary.defeat.as_ref().map(
        |defeat| json!({"seed": defeat.seed, "law": defeat.broken.law, "what": defeat.broken.what}),
    );
    let report = json!({
        "seed": seed,
        "seeds": summary.seeds,
        "workflows": summary.workflows,
        "seconds": summary.took.as_secs_f64(),
        "tally": summary.tally,
        "broken": defeat,
    });
    out::json(serde_json::to_string_pretty(&report)?);
    Ok(())
}
