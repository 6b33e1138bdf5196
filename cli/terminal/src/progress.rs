//! Says what is being waited for: a spinner on a terminal, plain lines elsewhere. Always on
//! standard error, so that `--json` output stays clean.

use std::cell::RefCell;
use std::io::IsTerminal as _;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use aegis_contracts::text::visible_line;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::style::Style;

/// Several steps may be under way, and each has its own line.
static LINES: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Between two plain lines about the same step.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// Prints a line without disturbing the spinners.
pub fn say(text: &str) {
    LINES.suspend(|| errln!("{text}"));
}

/// One step of a longer piece of work; ends with `done`, or silently when dropped.
pub struct Step {
    title: &'static str,
    started: Instant,
    spinner: Option<ProgressBar>,
    last_plain: RefCell<Instant>,
}

impl Step {
    pub fn begin(title: &'static str) -> Self {
        let spinner = std::io::stderr().is_terminal().then(|| spinner(title));
        if spinner.is_none() {
            errln!("{title} ...");
        }
        let now = Instant::now();
        Self {
            title,
            started: now,
            spinner,
            last_plain: RefCell::new(now),
        }
    }

    /// What is being waited for right now.
    pub fn waiting_for(&self, what: &str) {
        if let Some(spinner) = &self.spinner {
            spinner.set_message(visible_line(what).into_owned());
            return;
        }
        let mut last = self.last_plain.borrow_mut();
        if last.elapsed() >= PLAIN_INTERVAL {
            *last = Instant::now();
            errln!("  {} s: {what}", self.started.elapsed().as_secs());
        }
    }

    pub fn done(self, result: &str) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
        let mark = Style::new().green().on("✓");
        let seconds = self.started.elapsed().as_secs_f64();
        say(&format!("{mark} {}: {result} ({seconds:.1} s)", self.title));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}

fn spinner(title: &'static str) -> ProgressBar {
    let bar = LINES.add(ProgressBar::new_spinner().with_prefix(title));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} [{elapsed}] {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
