//! How a program says that it could not do what it was asked: a sentence on standard error, and with `--json` an object
//! with a stable code on standard output as well.

use std::process::ExitCode;

use anyhow::Error;
use serde_json::{Value, json};

use crate::out;
use crate::style::Style;

/// `error: …`
pub fn sentence(error: &Error) -> String {
    format!("{} {error:#}", Style::new().red().bold().on("error:"))
}

/// For programs whose failures have no codes of their own.
pub fn tell(error: &Error, as_json: bool) {
    tell_coded(error, as_json, || object("failed", &format!("{error:#}")));
}

/// `described` is the object behind `error` in the JSON.
pub fn tell_coded(error: &Error, as_json: bool, described: impl FnOnce() -> Value) {
    errln!("{}", sentence(error));
    if as_json {
        out::json(json!({ "error": described() }));
    }
}

/// `message` as a reader can see it.
pub fn object(code: &str, message: &str) -> Value {
    json!({"code": code, "message": out::plain(message), "status": null})
}

/// Shows the help that was asked for, or says what was typed wrong.
pub fn refused(error: &clap::Error) -> ExitCode {
    let text = error.render();
    if !error.use_stderr() {
        let coloured = console::colors_enabled();
        out::own(&if coloured {
            text.ansi().to_string()
        } else {
            text.to_string()
        });
        return ExitCode::SUCCESS;
    }
    // What was typed is in it, so it is shown as any other text from elsewhere.
    let text = text.to_string();
    out::write(out::Stream::Err, &text);
    if std::env::args_os().any(|word| word == "--json") {
        let message = text.trim_start_matches("error: ").trim_end();
        out::json(json!({ "error": object("usage", message) }));
    }
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}
