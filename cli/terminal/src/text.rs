//! Small pieces of text for people: local times, durations, sizes, aligned columns, status words.

use std::time::Duration;

pub use aegis_contracts::text::counted;
use aegis_contracts::text::visible_line;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{Status, StepStatus};
use jiff::tz::TimeZone;

use crate::style::{Style, hang, width};

/// `2026-11-23 19:04:05 +01:00`, where this machine is; `UTC` where that is the offset.
pub fn local_time(at: Timestamp) -> String {
    in_local_form(at, "%Y-%m-%d %H:%M:%S")
}

/// `19:04:05 +01:00`, for lines that are printed as things happen.
pub fn clock(at: Timestamp) -> String {
    in_local_form(at, "%H:%M:%S")
}

/// The time alone where it was today, as most of the lines are that come as things happen; else with its date.
pub fn moment(at: Timestamp) -> String {
    let day = |at| in_local_form(at, "%Y-%m-%d");
    match day(at) == day(now()) {
        true => clock(at),
        false => local_time(at),
    }
}

/// `19:04:05.123 +01:00`.
pub fn fine_clock(at: Timestamp) -> String {
    in_local_form(at, "%H:%M:%S%.3f")
}

fn in_local_form(at: Timestamp, form: &str) -> String {
    let Ok(instant) = jiff::Timestamp::from_millisecond(at.as_millis()) else {
        return at.to_string();
    };
    let here = instant.to_zoned_datetime(TimeZone::system());
    let zone = match here.offset().is_zero() {
        true => "UTC",
        false => "%:z",
    };
    here.strftime(&format!("{form} {zone}")).to_string()
}

pub fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

/// `840 ms`, `12.3 s`, `4 min 5 s`, `3 h 10 min`, `2 d 4 h`.
pub fn duration(length: Duration) -> String {
    let millis = length.as_millis();
    let seconds = length.as_secs();
    match seconds {
        0 => format!("{millis} ms"),
        1..=59 => format!("{:.1} s", length.as_secs_f64()),
        60..=3_599 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..=86_399 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 3] = ["KB", "MB", "GB"];
    if size < 1_000 {
        return format!("{size} B");
    }
    let mut amount = size as f64 / 1_000.0;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if amount < 1_000.0 {
            break;
        }
        amount /= 1_000.0;
        unit = larger;
    }
    format!("{amount:.1} {unit}")
}

/// Rows with each column as wide as its widest cell. The last column is not padded, and a row that is too long for the
/// terminal goes on below it.
pub fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (index, cell) in row.iter().enumerate() {
            let width = width(cell);
            match widths.get_mut(index) {
                Some(known) => *known = width.max(*known),
                None => widths.push(width),
            }
        }
    }
    let line = |row: &Vec<String>| {
        let mut text = String::new();
        for (index, (cell, widest)) in row.iter().zip(&widths).enumerate() {
            if index > 0 && index + 1 == row.len() {
                text.push_str(&hang());
            }
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', widest - width(cell) + 2));
        }
        text.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// What somebody wrote, on one line: it cannot pretend to be lines of ours.
pub fn one_line(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    visible_line(&flat).into_owned()
}

/// One line of at most `width` columns.
pub fn shortened(text: &str, width: usize) -> String {
    console::truncate_str(&one_line(text), width, "…").into_owned()
}

pub fn status_words(status: Status) -> String {
    let words = status.as_str().replace('_', " ");
    status_style(status).on(words).to_string()
}

pub fn status_style(status: Status) -> Style {
    match status {
        Status::Running => Style::new().cyan(),
        Status::AwaitingApproval => Style::new().yellow(),
        Status::Completed => Style::new().green(),
        Status::Failed | Status::Rejected | Status::Expired => Style::new().red(),
        Status::Cancelled => Style::new().magenta(),
    }
}

pub const fn step_word(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Waiting => "waiting",
        StepStatus::Requested => "requested",
        StepStatus::Dispatched => "dispatched",
        StepStatus::Running => "running",
        StepStatus::Succeeded => "succeeded",
        StepStatus::Failed => "failed",
        StepStatus::Superseded => "superseded",
        StepStatus::Cancelled => "cancelled",
    }
}

pub fn step_style(status: StepStatus) -> Style {
    match status {
        StepStatus::Requested | StepStatus::Dispatched | StepStatus::Running => Style::new().cyan(),
        StepStatus::Succeeded => Style::new().green(),
        StepStatus::Failed => Style::new().red(),
        StepStatus::Waiting | StepStatus::Superseded | StepStatus::Cancelled => Style::new().dim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out::plain;

    #[test]
    fn lengths_and_sizes_are_short() {
        let lengths: Vec<String> = [0, 1_500, 61_000, 3_700_000, 90_000_000]
            .into_iter()
            .map(|millis| duration(Duration::from_millis(millis)))
            .collect();
        assert_eq!(
            lengths,
            ["0 ms", "1.5 s", "1 min 1 s", "1 h 1 min", "1 d 1 h"]
        );
        assert_eq!(
            [bytes(999), bytes(1_234), bytes(5_600_000)],
            ["999 B", "1.2 KB", "5.6 MB"]
        );
    }

    #[test]
    fn what_somebody_wrote_is_one_line() {
        assert_eq!(one_line("a\nnext\r\n  b\u{1b}c"), "a next b\\u{1b}c");
        assert_eq!(shortened("one two\nthree", 9), "one two …");
    }

    #[test]
    fn columns_line_up() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let lines = columns(&[row(["a", "bb", "c"]), row(["aaa", "", "cc"])]);
        let lines: Vec<String> = lines.iter().map(|line| plain(line)).collect();
        assert_eq!(lines, ["a    bb  c", "aaa      cc"]);
    }
}
