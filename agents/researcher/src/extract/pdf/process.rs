//! The text of a PDF's pages, taken in a process of its own.
//!
//! The parser behind it may run out of stack, memory or time on a file that somebody made for that, and no thread survives
//! the first two. So a program that reads PDF calls [`serve`] before anything else in its `main`. It is called again for
//! each file, limits itself and answers with a line for what it finds. Where it breaks at a page, it is called once more
//! for the pages after it.

use std::io::{BufRead as _, Read as _, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::OnceLock;

use pdf_extract::{Document, Object, PlainTextOutput, output_doc_page};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::super::text::clean;
use super::repair;

/// The only argument but one: the page to begin with, from 1.
const ARGUMENT: &str = "--read-pdf-from-page";
/// Bytes of address space: of the program itself, the file, and what its streams hold.
const MEMORY: u64 = 1024 * 1024 * 1024;
/// Bytes of the parser's stack.
const STACK: usize = 64 * 1024 * 1024;
/// Seconds of a processor.
const SECONDS: u64 = 30;
/// Bytes of text in one file.
const MOST_TEXT: u64 = 32 * 1024 * 1024;
/// Pages that may break the reader, each of which costs reading the file again.
const MOST_BREAKS: usize = 5;
const BROKE: &str =
    "it broke the reader, or needs more than 1 GiB of memory or 30 seconds of a processor";
const LONGEST_TITLE: usize = 200;

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

#[derive(Debug)]
pub struct Read {
    pub title: Option<String>,
    /// In order, each with its text or the reason why it has none.
    pub pages: Vec<Result<String, String>>,
    /// What is missing beyond single pages.
    pub unread: Option<String>,
}

#[derive(Serialize, Deserialize)]
enum Line {
    Title(String),
    Pages(usize),
    /// The text of the next page.
    Text(String),
    /// Why the next page has none.
    Failed(String),
    /// Why the whole file cannot be read.
    Refused(String),
}

/// Reads a PDF if this process was started for that: then `main` has to return what this returns. Otherwise makes this
/// program the one that is started.
pub fn serve() -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(ARGUMENT) {
        if let Ok(program) = this_program() {
            start_as(program);
        }
        return None;
    }
    let from = arguments.next().and_then(|page| page.parse().ok());
    let limited = limit().map_err(|error| error.to_string());
    let read = move || answer(from.unwrap_or(1));
    let parser = std::thread::Builder::new().stack_size(STACK);
    let done = limited.is_ok() && parser.spawn(read).is_ok_and(|parser| parser.join().is_ok());
    Some(if done {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The program that is started to read PDF, where it is not this one: one whose `main` calls [`serve`]. The first holds.
pub fn start_as(program: PathBuf) {
    let _ = PROGRAM.set(program);
}

/// Also after the file was replaced by a newer build, where the system can.
fn this_program() -> std::io::Result<PathBuf> {
    match cfg!(target_os = "linux") {
        true => Ok(PathBuf::from("/proc/self/exe")),
        false => std::env::current_exe(),
    }
}

/// # Errors
/// Where nothing of the file can be read.
pub fn read(bytes: &[u8]) -> Result<Read, String> {
    let program = PROGRAM.get().ok_or("PDF is not read by this program")?;
    let mut read = Read {
        title: None,
        pages: Vec::new(),
        unread: None,
    };
    let mut text = 0;
    let mut known = None;
    for _ in 0..=MOST_BREAKS {
        let mut child = Command::new(program)
            .arg(ARGUMENT)
            .arg((read.pages.len() + 1).to_string())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("the reader of PDF cannot be started: {error}"))?;
        let said = converse(&mut child, bytes, &mut read, &mut text);
        // It may still wait for somebody to take its text.
        let _ = child.kill();
        let _ = child.wait();
        known = said?.or(known);
        let all = known.ok_or_else(|| format!("the PDF cannot be read: {BROKE}"))?;
        if read.pages.len() < all && text >= MOST_TEXT {
            read.unread = Some(rest(&read, "the PDF holds more than 32 MiB of text"));
            return Ok(read);
        }
        if read.pages.len() < all {
            read.pages.push(Err(BROKE.to_owned()));
        }
        if read.pages.len() >= all {
            return Ok(read);
        }
    }
    read.unread = Some(rest(&read, "too many pages before them broke the reader"));
    Ok(read)
}

fn rest(read: &Read, why: &str) -> String {
    format!(
        "the pages from {} on cannot be read: {why}",
        read.pages.len() + 1
    )
}

/// How many pages the file has, if that was said.
fn converse(
    child: &mut Child,
    bytes: &[u8],
    read: &mut Read,
    text: &mut u64,
) -> Result<Option<usize>, String> {
    if let Some(mut input) = child.stdin.take() {
        // Where it breaks before it has read all, its answer tells enough.
        let _ = input.write_all(bytes);
    }
    let Some(output) = child.stdout.take() else {
        return Ok(None);
    };
    let left = MOST_TEXT.saturating_sub(*text);
    let mut all = None;
    for line in std::io::BufReader::new(output.take(left)).split(b'\n') {
        let Ok(line) = line else { break };
        *text += line.len() as u64 + 1;
        // What the parser may print itself is no line of ours, nor is one that was cut off.
        match serde_json::from_slice(&line) {
            Ok(Line::Title(title)) => read.title = Some(title),
            Ok(Line::Pages(pages)) => all = Some(pages),
            Ok(Line::Text(text)) => read.pages.push(Ok(text)),
            Ok(Line::Failed(reason)) => read.pages.push(Err(reason)),
            Ok(Line::Refused(reason)) => return Err(format!("the PDF cannot be read: {reason}")),
            Err(_) => {}
        }
    }
    Ok(all)
}

fn limit() -> std::io::Result<()> {
    let most = |value: u64| Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    setrlimit(Resource::As, most(MEMORY))?;
    setrlimit(Resource::Cpu, most(SECONDS))?;
    setrlimit(Resource::Core, most(0))?;
    Ok(())
}

fn answer(from: usize) {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    let opened = read
        .map_err(|error| error.to_string())
        .and_then(|_| open(&bytes));
    drop(bytes);
    let document = match opened {
        Ok(document) => document,
        Err(reason) => return say(&Line::Refused(reason)),
    };
    if let Some(title) = title(&document) {
        say(&Line::Title(title));
    }
    let pages: Vec<u32> = document.get_pages().into_keys().collect();
    say(&Line::Pages(pages.len()));
    for page in pages.into_iter().skip(from.saturating_sub(1)) {
        let text = catch_unwind(AssertUnwindSafe(|| {
            let mut text = String::new();
            output_doc_page(&document, &mut PlainTextOutput::new(&mut text), page).map(|()| text)
        }));
        say(&match text {
            Ok(Ok(text)) => Line::Text(text),
            Ok(Err(error)) => Line::Failed(error.to_string()),
            Err(_) => Line::Failed("it broke the reader".to_owned()),
        });
    }
}

/// Where nobody listens any more, the process has nothing left to do.
fn say(line: &Line) {
    let written = serde_json::to_vec(line).map(|mut line| {
        line.push(b'\n');
        std::io::stdout().lock().write_all(&line)
    });
    if !matches!(written, Ok(Ok(()))) {
        std::process::exit(1);
    }
}

fn open(bytes: &[u8]) -> Result<Document, String> {
    let load = |bytes: &[u8]| {
        let loaded = catch_unwind(AssertUnwindSafe(|| Document::load_mem(bytes)));
        let loaded = loaded.map_err(|_| "it broke the reader".to_owned())?;
        loaded.map_err(|error| error.to_string())
    };
    let whole = |document: &Document| !document.get_pages().is_empty();
    let mut document = match load(bytes) {
        Ok(document) if whole(&document) => document,
        other => match repair::with_objects_found_anew(bytes).map(|bytes| load(&bytes)) {
            Some(Ok(document)) if whole(&document) => document,
            _ => other?,
        },
    };
    if document.is_encrypted() {
        let opened = catch_unwind(AssertUnwindSafe(|| document.decrypt("")));
        if !matches!(opened, Ok(Ok(()))) {
            return Err("it asks for a password".to_owned());
        }
    }
    Ok(document)
}

/// What the file is called by its author. Names that a program drew from its own file are none.
fn title(document: &Document) -> Option<String> {
    let about = document.trailer.get(b"Info").ok()?;
    let about = match about {
        Object::Reference(id) => document.get_dictionary(*id).ok()?,
        other => other.as_dict().ok()?,
    };
    let title = about.get(b"Title").ok()?;
    let title = clean(&pdf_extract::decode_text_string(title).ok()?);
    let ends = [
        ".doc", ".docx", ".dvi", ".tex", ".indd", ".pdf", ".ppt", ".pptx", ".xls", ".xlsx",
    ];
    let name = title.to_lowercase();
    let drawn = ends.iter().any(|end| name.ends_with(end)) || name.contains("untitled");
    let telling = title.chars().any(char::is_alphabetic) && title.len() <= LONGEST_TITLE;
    (telling && !drawn).then_some(title)
}
