//! What the server says while it works: lines on standard error, or in a file where another program has the terminal.
//!
//! `LOG_LEVEL` filters our own crates' lines (INFO if it is not set); libraries log from WARN.

use std::fs::OpenOptions;
use std::io::IsTerminal as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Mutex;

use crate::folder;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Bytes after which a file of lines begins anew.
const LARGEST_FILE: u64 = 8 * 1024 * 1024;

fn filter() -> EnvFilter {
    let level = std::env::var("LOG_LEVEL").unwrap_or_else(|_| "INFO".to_owned());
    EnvFilter::builder().parse_lossy(format!("WARN,aegis={level}"))
}

/// Whoever has set up logging before is left alone.
pub fn log_to_stderr(as_json: bool) {
    let lines = fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter());
    let _ = match as_json {
        true => registry.with(lines.json().flatten_event(true)).try_init(),
        false => registry.with(lines.with_target(false)).try_init(),
    };
}

/// Into `server.log` of the folder. Where that cannot be written, nothing is said.
pub fn log_to_file(folder: &Path) {
    if folder::make(folder).is_err() {
        // Whoever starts the server in it says so.
        return;
    }
    let path = folder.join("server.log");
    let large = std::fs::metadata(&path).is_ok_and(|file| file.len() > LARGEST_FILE);
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600).write(true);
    let opened = match large {
        true => options.truncate(true).open(&path),
        false => options.append(true).open(&path),
    };
    if let Ok(file) = opened {
        let lines = fmt::layer().with_ansi(false).with_writer(Mutex::new(file));
        let registry = tracing_subscriber::registry().with(filter());
        let _ = registry.with(lines).try_init();
    }
}
