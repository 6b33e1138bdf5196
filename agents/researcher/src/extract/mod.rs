//! From the bytes of a file to a document, by the file's name and first bytes.
//!
//! A file that cannot be read is a reason, never a failure: somebody's folder may hold anything.

mod encoding;
mod html;
mod lines;
mod markdown;
pub mod pdf;
mod text;

use std::panic::{AssertUnwindSafe, catch_unwind};

use aegis_agent_kit::text::counted;

use crate::document::{Document, name_of};
use crate::sources::RawFile;

use encoding::Decoded;
use html::Syntax;

/// Largest file, in bytes.
pub const MAX_FILE: u64 = 32 * 1024 * 1024;

/// Bytes within which a PDF is marked as one.
const PDF_WITHIN: usize = 8 * 1024;

/// # Errors
/// The reason, for a person.
pub fn read(file: &RawFile) -> Result<Document, String> {
    // The parsers are not ours, and a fault in them must cost one file.
    let read = catch_unwind(AssertUnwindSafe(|| document(file)));
    read.unwrap_or_else(|_| Err("cannot be read: it broke the reader".to_owned()))
}

fn document(file: &RawFile) -> Result<Document, String> {
    let size = file.bytes.len() as u64;
    if size > MAX_FILE {
        return Err(format!("has {size} bytes, at most {MAX_FILE} are read"));
    }
    let mut document = match kind(file)? {
        Kind::Pdf => pdf::document(&file.uri, &file.bytes)?,
        Kind::Text(form) => text_document(file, form)?,
    };
    if document.blocks.is_empty() {
        return Err("holds no text of its own".to_owned());
    }
    if document.title.is_empty() {
        document.title = name_of(&file.uri);
    }
    Ok(document)
}

fn text_document(file: &RawFile, form: Form) -> Result<Document, String> {
    let declared = match form {
        Form::Html => html::declared_encoding(&file.bytes),
        Form::Markdown | Form::Plain => None,
    };
    let Decoded { text, wrong } = encoding::decode(&file.bytes, declared)?;
    let mut document = match form {
        Form::Html => {
            let is_xml = text.trim_start().starts_with("<?xml")
                || file.uri.to_lowercase().ends_with(".xhtml");
            let syntax = if is_xml { Syntax::Xhtml } else { Syntax::Html };
            html::document(&file.uri, &text, syntax, None)
        }
        Form::Markdown => markdown::document(&file.uri, &text),
        Form::Plain => lines::document(&file.uri, &text),
    };
    if wrong > 0 {
        let loss = format!("{} could not be decoded", counted(wrong, "character"));
        document.losses.push(loss);
    }
    Ok(document)
}

enum Kind {
    Text(Form),
    Pdf,
}

#[derive(Clone, Copy)]
enum Form {
    Html,
    Markdown,
    Plain,
}

fn kind(file: &RawFile) -> Result<Kind, String> {
    let beginning = &file.bytes[..file.bytes.len().min(PDF_WITHIN)];
    let marked = |bytes: &[u8]| bytes.windows(5).any(|window| window == b"%PDF-");
    if file.bytes.starts_with(b"%PDF-") {
        return Ok(Kind::Pdf);
    }
    let name = file
        .uri
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    match extension {
        Some("html" | "htm" | "xhtml") => Ok(Kind::Text(Form::Html)),
        Some("md" | "markdown" | "mdown" | "mkd") => Ok(Kind::Text(Form::Markdown)),
        Some("txt" | "text" | "rst" | "adoc" | "asciidoc" | "org" | "log" | "tex") | None => {
            Ok(Kind::Text(Form::Plain))
        }
        // Viewers take what stands before the mark, too.
        Some("pdf") if marked(beginning) => Ok(Kind::Pdf),
        Some("pdf") => Err("is called PDF but is none".to_owned()),
        // Names like README.Debian: text if it looks like text, and long extensions are seldom formats.
        Some(other) if other.len() > 5 => Ok(Kind::Text(Form::Plain)),
        Some(other) => Err(format!(
            "`.{other}` is not read (Markdown, text, HTML and PDF are)"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(uri: &str, bytes: &[u8]) -> RawFile {
        RawFile {
            uri: uri.to_owned(),
            bytes: bytes.to_vec(),
        }
    }

    #[test]
    fn unreadable_files_have_a_reason() {
        for (uri, bytes, reason) in [
            ("s3://b/x.png", &b"x"[..], "`.png` is not read"),
            ("s3://b/x.txt", b"a\0b", "not text"),
            ("s3://b/x.txt", b" \n ", "no text of its own"),
            ("s3://b/x.pdf", b"hello", "none"),
        ] {
            let error = read(&file(uri, bytes)).unwrap_err();
            assert!(error.contains(reason), "{uri}: {error}");
        }
    }

    #[test]
    fn a_file_without_title_has_its_name() {
        let document = read(&file("s3://b/sources/x/meeting-notes.txt", b"We met."));
        assert_eq!(document.unwrap().title, "meeting notes");
    }
}
