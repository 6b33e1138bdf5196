//! The two streams that a program writes to, and the only code that does: `clippy::print_stdout` forbids the rest.
//!
//! A topic, a comment, a document, a file's name or a server's words must not steer a terminal. So all text is taken
//! for foreign but for the marks of [`crate::style`], and what a terminal would act upon, or a reader could not see,
//! is shown escaped, on a terminal as in a pipe. JSON stays JSON: there it is escaped as JSON does.
//!
//! On a terminal, lines are broken between words.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::process::exit;
use std::sync::{Mutex, PoisonError};

use aegis_contracts::text::{visible, visible_json};
use console::Term;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};
use unicode_width::UnicodeWidthStr as _;

use crate::style::{Mark, first_mark};

/// What a shell reports for a program that a closed pipe has ended: 128 + SIGPIPE.
const CLOSED_PIPE: i32 = 141;
/// A broken line goes on below its own start only where this many columns are left.
const ROOM: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

/// How a stream shows text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form {
    colours: bool,
    /// Columns, of a terminal.
    width: Option<usize>,
}

impl Form {
    const PLAIN: Self = Self {
        colours: false,
        width: None,
    };

    fn of(stream: Stream) -> Self {
        let (colours, is_terminal) = match stream {
            Stream::Out => (console::colors_enabled(), std::io::stdout().is_terminal()),
            Stream::Err => (
                console::colors_enabled_stderr(),
                std::io::stderr().is_terminal(),
            ),
        };
        let width = is_terminal.then(|| width_of(stream)).flatten();
        Self { colours, width }
    }

    fn rendered(self, text: &str) -> String {
        text.split_inclusive('\n')
            .map(|line| self.line(line))
            .collect()
    }

    fn line(self, line: &str) -> String {
        let mut shown = String::with_capacity(line.len());
        let (mut hang, mut whole) = (None, false);
        let mut rest = line;
        while let Some((before, mark, behind)) = first_mark(rest) {
            shown.push_str(&visible(before));
            match mark {
                Mark::Colour(code) if self.colours => {
                    shown.push_str("\u{1b}[");
                    shown.push_str(code);
                    shown.push('m');
                }
                Mark::Colour(_) => {}
                Mark::Hang => hang = Some(columns_of(&shown)),
                Mark::Whole => whole = true,
            }
            rest = behind;
        }
        shown.push_str(&visible(rest));
        match self.width {
            Some(width) if !whole && columns_of(shown.trim_end()) > width => {
                broken(&shown, hang, width)
            }
            _ => shown,
        }
    }
}

/// Of a line that is rendered: our own colours take no room.
fn columns_of(line: &str) -> usize {
    console::strip_ansi_codes(line).width()
}

fn broken(line: &str, hang: Option<usize>, width: usize) -> String {
    let (body, end) = match line.strip_suffix('\n') {
        Some(body) => (body, "\n"),
        None => (line, ""),
    };
    let start = body.len() - body.trim_start_matches(' ').len();
    let fits = |indent: &usize| indent + ROOM <= width;
    let indent = hang
        .filter(fits)
        .or(Some(start + 2).filter(fits))
        .unwrap_or(0);
    let indent = " ".repeat(indent);
    // Only a space is a place to break at: a path or an option is one word. What is longer than a line, as a sentence
    // of Chinese is, breaks where the line ends.
    let options = Options::new(width)
        .subsequent_indent(&indent)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(body, options).join("\n") + end
}

fn width_of(stream: Stream) -> Option<usize> {
    let terminal = match stream {
        Stream::Out => Term::stdout(),
        Stream::Err => Term::stderr(),
    };
    let (_, columns) = terminal.size_checked()?;
    Some(usize::from(columns)).filter(|columns| *columns > 0)
}

/// Columns of the terminal behind a stream, if there is one.
pub fn terminal_width(stream: Stream) -> Option<usize> {
    Form::of(stream).width
}

/// As it stands in a pipe: without colours, nothing broken.
pub fn plain(text: &str) -> String {
    Form::PLAIN.rendered(text)
}

/// Writes a text. What cannot be written to standard output ends the program; see [`give_up`].
pub fn write(stream: Stream, text: &str) {
    send(stream, &Form::of(stream).rendered(text));
}

/// Writes JSON, as it was sent or made, to standard output.
pub fn json(value: impl std::fmt::Display) {
    let text = value.to_string();
    send(Stream::Out, &format!("{}\n", visible_json(text.trim_end())));
}

/// Writes what this program alone has put together, with its colours: the help.
pub fn own(text: &str) {
    send(Stream::Out, text);
}

/// Whether standard output goes nowhere: to the null device, which also stands there where a shell closed it (`>&-`).
fn goes_nowhere() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let out = rustix::fs::fstat(std::io::stdout());
    let null = std::fs::metadata("/dev/null");
    matches!((out, null), (Ok(out), Ok(null)) if out.st_rdev == null.rdev() && null.rdev() != 0)
}

fn send(stream: Stream, text: &str) {
    let sent = match stream {
        Stream::Out => {
            let mut out = std::io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        }
        Stream::Err => std::io::stderr().lock().write_all(text.as_bytes()),
    };
    if let Err(error) = sent {
        give_up(stream, &error);
    }
}

/// What this program has done, for standard error if the result cannot be written.
static DONE: Mutex<Option<String>> = Mutex::new(None);

/// Called before a verb that has changed something writes its result: the change stays, and what leads on from it,
/// such as the id of a workflow that was started, must not be lost with the result.
pub fn done(what: impl Into<String>) {
    let what = what.into();
    if goes_nowhere() {
        write(Stream::Err, &(what + "\n"));
        return;
    }
    *DONE.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
}

/// Whoever reads our output may stop early, as `head` does: no failure of ours. A result that cannot be written is
/// one. What cannot be said on standard error cannot be said: the work goes on, and the exit code tells how it ended.
fn give_up(stream: Stream, error: &std::io::Error) {
    let closed = error.kind() == ErrorKind::BrokenPipe;
    if stream == Stream::Out {
        let mut sentence = match closed {
            true => String::new(),
            false => format!("error: cannot write to standard output: {error}\n"),
        };
        let done = DONE.lock().unwrap_or_else(PoisonError::into_inner).take();
        sentence.extend(done.map(|done| done + "\n"));
        let sentence = Form::of(Stream::Err).rendered(&sentence);
        let _ = std::io::stderr().write_all(sentence.as_bytes());
    }
    if closed {
        exit(CLOSED_PIPE);
    }
    if stream == Stream::Out {
        exit(1);
    }
}

/// Writes a line to standard output.
#[macro_export]
macro_rules! outln {
    ($($words:tt)*) => {
        $crate::out::write($crate::out::Stream::Out, &(format!($($words)*) + "\n"))
    };
}

/// Writes a line to standard error.
#[macro_export]
macro_rules! errln {
    ($($words:tt)*) => {
        $crate::out::write($crate::out::Stream::Err, &(format!($($words)*) + "\n"))
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::{Style, bold, hang, whole};

    fn at(width: usize, text: &str) -> String {
        Form {
            colours: false,
            width: Some(width),
        }
        .rendered(text)
    }

    #[test]
    fn only_our_own_styles_become_escape_sequences() {
        let form = Form {
            colours: true,
            width: None,
        };
        let foreign = "\u{1b}[31mred\u{1b}]0;t\u{7} \u{9b}2J \u{202e}";
        let text = format!("{} {}\n", Style::new().red().on("our"), bold(foreign));
        assert_eq!(
            form.rendered(&text),
            "\u{1b}[31mour\u{1b}[0m \u{1b}[1m\\u{1b}[31mred\\u{1b}]0;t\\u{7} \\u{9b}2J \\u{202e}\u{1b}[0m\n"
        );
    }

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(at(9, "one two three\nfour\n"), "one two\nthree\nfour\n");
        assert_eq!(
            at(30, "  deep words of one paragraph that goes on\n"),
            "  deep words of one paragraph\n    that goes on\n"
        );
        // A word longer than the line has to be broken somewhere.
        assert_eq!(at(5, "unbreakable"), "unbre\nakabl\ne");
        assert_eq!(
            at(10, "a --long-option/of-one"),
            "a\n--long-opt\nion/of-one"
        );
        assert_eq!(at(8, "数据保留期是多长"), "数据保留\n期是多长");
        for width in 1..40 {
            let _ = at(width, "  some words, 数据保留期 and\ta\u{1b}[2J tab");
        }
    }

    #[test]
    fn a_table_goes_on_in_its_last_column_and_commands_stay_whole() {
        let row = format!("name  {}words of the last column", hang());
        assert_eq!(at(32, &row), "name  words of the last column");
        assert_eq!(at(29, &row), "name  words of the last\n      column");
        let command = format!("  {}", whole("aegis watch wf_abcdefghijklmnopqrstuvwxyz"));
        assert_eq!(
            at(20, &command),
            "  aegis watch wf_abcdefghijklmnopqrstuvwxyz"
        );
    }
}
