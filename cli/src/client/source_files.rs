//! Which files a `--sources PATH` stands for, and the name of that set by its content.
//!
//! Reads the disk and knows the limits; uploads nothing.

use std::collections::BTreeMap;
use std::fs::FileType;
use std::io::Read as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use aegis_client::path::shown;
use aegis_contracts::sources::{MAX_SOURCE_SIZE, check_source_name};
use aegis_contracts::transfer::FileToPut;
use anyhow::{Context as _, Result, bail};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use walkdir::WalkDir;

use aegis_terminal::text::bytes;

/// As many files and bytes as the researcher reads.
const MAX_FILES: usize = 10_000;
const MAX_TOTAL_BYTES: u64 = 512 * 1024 * 1024;

const TEXT: &str = "text/plain; charset=utf-8";
/// Characters of the end of a name that may be a form. A longer one is a part of the name.
const LONGEST_END: usize = 5;
/// Bytes that are looked at where the name says nothing.
const SAMPLE: u64 = 8 * 1024;

/// The forms that the researcher can read, by the ends of file names.
const FORMS: [(&str, &[&str]); 4] = [
    (
        "text/markdown; charset=utf-8",
        &["md", "markdown", "mdown", "mkd"],
    ),
    (
        TEXT,
        &[
            "txt", "text", "rst", "adoc", "asciidoc", "org", "log", "tex",
        ],
    ),
    ("text/html; charset=utf-8", &["html", "htm", "xhtml"]),
    ("application/pdf", &["pdf"]),
];

/// Files to upload, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSet {
    pub files: Vec<SourceFile>,
    pub total_bytes: u64,
    pub left_out: LeftOut,
    /// A hash of names and contents: the same files are always the same set.
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    pub path: PathBuf,
    /// Relative to what was named, with `/` between its parts.
    pub name: String,
    pub content: FileToPut,
}

/// # Errors
/// Where the path cannot be read, holds nothing of a known form, or exceeds a limit.
pub fn collect(root: &Path) -> Result<SourceSet> {
    let kind = std::fs::metadata(root)
        .with_context(|| format!("cannot read the source {}", shown(root)))?
        .file_type();
    let Found {
        mut files,
        left_out,
    } = match special(kind) {
        None if kind.is_dir() => below(root)?,
        None => single(root)?,
        Some(what) => bail!("{} is {what}: name a file or a folder", shown(root)),
    };
    if files.is_empty() {
        let mut told = format!(
            "{} holds no Markdown, text, HTML or PDF file that can be taken",
            shown(root)
        );
        for line in left_out.lines() {
            told.push_str(&format!("\n  {line}"));
        }
        bail!(told);
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let total_bytes = files.iter().map(|file| file.content.size).sum();
    if total_bytes > MAX_TOTAL_BYTES {
        bail!(
            "{} holds {} of documents, at most {} can be uploaded: name a smaller folder",
            shown(root),
            bytes(total_bytes),
            bytes(MAX_TOTAL_BYTES)
        );
    }
    let name = name_of(&mut files)?;
    Ok(SourceSet {
        files,
        total_bytes,
        left_out,
        name,
    })
}

/// What is not uploaded: names by the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut(BTreeMap<String, Vec<String>>);

impl LeftOut {
    fn note(&mut self, path: &Path, why: impl Into<String>) {
        self.0.entry(why.into()).or_default().push(shown(path));
    }

    /// One for each reason: `left out (hidden): .git, .notes.md`.
    pub fn lines(&self) -> Vec<String> {
        /// A folder may hold thousands of pictures.
        const NAMED: usize = 5;
        let line = |(why, names): (&String, &Vec<String>)| {
            let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>();
            let more = match names.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("left out ({why}): {}{more}", named.join(", "))
        };
        self.0.iter().map(line).collect()
    }
}

#[derive(Default)]
struct Found {
    files: Vec<SourceFile>,
    left_out: LeftOut,
}

/// What is neither a file nor a folder. To open a pipe would mean to wait for somebody who writes into it.
fn special(kind: FileType) -> Option<&'static str> {
    let kinds = [
        (kind.is_symlink(), "a link"),
        (kind.is_fifo(), "a pipe"),
        (kind.is_socket(), "a socket"),
        (kind.is_char_device() || kind.is_block_device(), "a device"),
    ];
    let found = kinds.into_iter().find(|(is_it, _)| *is_it);
    found.map(|(_, what)| what)
}

fn single(path: &Path) -> Result<Found> {
    let name = path.file_name().unwrap_or_default();
    let mut found = Found::default();
    let size = std::fs::metadata(path)?.len();
    match form_of(path) {
        Some(media_type) => found.take(path, Path::new(name), size, media_type)?,
        None => bail!(
            "{} is neither Markdown, text, HTML nor PDF, by the end of its name",
            shown(path)
        ),
    }
    Ok(found)
}

/// Hidden files and folders are passed over, and links are not followed.
fn below(root: &Path) -> Result<Found> {
    let mut found = Found::default();
    let mut entries = WalkDir::new(root).into_iter();
    while let Some(entry) = entries.next() {
        let entry = entry.with_context(|| format!("cannot read the folder {}", shown(root)))?;
        let kind = entry.file_type();
        let name = entry.path().strip_prefix(root).unwrap_or(entry.path());
        if entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".") {
            found.left_out.note(name, "hidden");
            if kind.is_dir() {
                entries.skip_current_dir();
            }
            continue;
        }
        // What was named itself may be a link to a folder.
        if let Some(what) = special(kind).filter(|_| entry.depth() > 0) {
            found.left_out.note(name, what);
            continue;
        }
        if kind.is_dir() || entry.depth() == 0 {
            continue;
        }
        let Some(media_type) = form_of(entry.path()) else {
            let why = "neither Markdown, text, HTML nor PDF";
            found.left_out.note(name, why);
            continue;
        };
        if found.files.len() == MAX_FILES {
            bail!(
                "{} holds more than {MAX_FILES} documents: name a smaller folder",
                shown(root)
            );
        }
        let size = entry.metadata()?.len();
        found.take(entry.path(), name, size, media_type)?;
    }
    Ok(found)
}

impl Found {
    fn take(
        &mut self,
        path: &Path,
        name: &Path,
        size: u64,
        media_type: &'static str,
    ) -> Result<()> {
        let name = match usable(name) {
            Ok(name) => name,
            Err(why) => {
                self.left_out.note(name, why);
                return Ok(());
            }
        };
        if size > MAX_SOURCE_SIZE {
            bail!(
                "{} has {}, a document may have at most {}",
                shown(path),
                bytes(size),
                bytes(MAX_SOURCE_SIZE)
            );
        }
        self.files.push(SourceFile {
            path: path.to_owned(),
            name,
            content: FileToPut {
                size,
                sha256: String::new(),
                media_type: media_type.to_owned(),
            },
        });
        Ok(())
    }
}

fn usable(name: &Path) -> Result<String, String> {
    let parts: Option<Vec<&str>> = name.iter().map(|part| part.to_str()).collect();
    let name = parts.ok_or("its name is not UTF-8")?.join("/");
    match check_source_name(&name) {
        Ok(()) => Ok(name),
        Err(reason) => Err(format!("its name {reason}")),
    }
}

fn form_of(path: &Path) -> Option<&'static str> {
    let end = match path.extension() {
        Some(end) => end.to_str()?.to_ascii_lowercase(),
        None => String::new(),
    };
    // README, README.Debian, LICENSE: such ends are no forms.
    if end.is_empty() || end.len() > LONGEST_END {
        return looks_like_text(path).then_some(TEXT);
    }
    let form = FORMS.iter().find(|(_, ends)| ends.contains(&end.as_str()));
    form.map(|(media_type, _)| *media_type)
}

/// Programs have no ends of names either.
fn looks_like_text(path: &Path) -> bool {
    let mut sample = Vec::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(SAMPLE).read_to_end(&mut sample));
    read.is_ok() && !sample.is_empty() && !sample.contains(&0)
}

/// Reads every file, and names the set by 128 bits of SHA-256 over every name and content.
fn name_of(files: &mut [SourceFile]) -> Result<String> {
    let mut set = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    for file in files {
        let say = || format!("cannot read {}", shown(&file.path));
        let mut reader = std::fs::File::open(&file.path).with_context(say)?;
        let mut content = Sha256::new();
        loop {
            let count = reader.read(&mut buffer).with_context(say)?;
            if count == 0 {
                break;
            }
            content.update(&buffer[..count]);
        }
        file.content.sha256 = HEXLOWER.encode(&content.finalize());
        set.update((file.name.len() as u64).to_be_bytes());
        set.update(&file.name);
        set.update(&file.content.sha256);
    }
    Ok(HEXLOWER.encode(&set.finalize()[..16]))
}

#[cfg(test)]
mod tests {
    use aegis_contracts::text::{Lines, check};

    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        folder
    }

    #[test]
    fn documents_are_taken_and_the_rest_is_left() {
        let folder = folder(&[
            ("b/deep.HTML", "<p>x"),
            ("a.md", "# x"),
            ("image.png", "x"),
            (".git/readme.md", "x"),
            (".git/more.md", "x"),
            ("b/.draft.md", "x"),
        ]);
        std::os::unix::fs::symlink("a.md", folder.path().join("link.md")).unwrap();
        pipe(&folder.path().join("pipe.md"));
        let socket = folder.path().join("socket.md");
        let _socket = std::os::unix::net::UnixListener::bind(socket).unwrap();
        for number in 0..7 {
            std::fs::write(folder.path().join(format!("{number}.zip")), "x").unwrap();
        }
        let set = collect(folder.path()).unwrap();
        let names: Vec<&str> = set.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a.md", "b/deep.HTML"]);
        assert_eq!(set.total_bytes, 7);
        let mut told = set.left_out.lines();
        let others = told.remove(4);
        let start = "left out (neither Markdown, text, HTML nor PDF): ";
        assert!(
            others.starts_with(start) && others.ends_with(" and 3 more"),
            "{others}"
        );
        let hidden = told.remove(3);
        assert!(
            hidden.contains(".git") && hidden.contains("b/.draft.md"),
            "{hidden}"
        );
        assert!(!hidden.contains("readme"), "{hidden}");
        assert_eq!(
            told,
            [
                "left out (a link): link.md",
                "left out (a pipe): pipe.md",
                "left out (a socket): socket.md"
            ]
        );
        assert_eq!(set.name.len(), 32);
    }

    #[test]
    fn a_link_to_a_folder_may_be_named() {
        let folder = folder(&[("a.md", "x")]);
        let elsewhere = tempfile::tempdir().unwrap();
        let link = elsewhere.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        let set = collect(&link).unwrap();
        assert_eq!((set.files.len(), set.left_out), (1, LeftOut::default()));
    }

    fn pipe(path: &Path) {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    }

    #[test]
    fn the_same_content_has_the_same_name() {
        let name = |files: &[(&str, &str)]| collect(folder(files).path()).unwrap().name;
        assert_eq!(name(&[("a.md", "x")]), name(&[("a.md", "x")]));
        assert_ne!(name(&[("a.md", "x")]), name(&[("a.md", "y")]));
        assert_ne!(name(&[("a.md", "x")]), name(&[("b.md", "x")]));
    }

    #[test]
    fn what_the_researcher_reads_is_taken_and_nothing_else() {
        use aegis_agent_researcher::{extract, sources::RawFile};
        let names = [
            "README",
            "README.Debian",
            "a.log",
            "a.tex",
            "a.md",
            "a.txt",
            "a.rst",
            "a.org",
            "a.html",
            "a.XHTML",
            "a.pdf",
            "a.docx",
            "a.json",
            "a.png",
            "Makefile",
        ];
        let files: Vec<(&str, &str)> = names.iter().map(|name| (*name, "Some words.")).collect();
        let folder = folder(&files);
        for name in names {
            let file = RawFile {
                uri: format!("s3://b/{name}"),
                bytes: b"Some words.".to_vec(),
            };
            let other = extract::read(&file).is_err_and(|reason| reason.contains("is not read"));
            assert_eq!(
                form_of(&folder.path().join(name)).is_none(),
                other,
                "{name}"
            );
        }
        let program = folder.path().join("program");
        std::fs::write(&program, b"\x7fELF\0\0").unwrap();
        assert_eq!(form_of(&program), None);
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let empty = folder(&[("a.png", "x")]);
        let message = collect(empty.path()).unwrap_err().to_string();
        let told = "left out (neither Markdown, text, HTML nor PDF): a.png";
        assert!(message.contains(told), "{message}");
        // Nobody writes into it: whoever opened it would wait for ever.
        pipe(&empty.path().join("pipe.md"));
        let message = collect(&empty.path().join("pipe.md")).unwrap_err();
        assert!(message.to_string().contains("is a pipe"), "{message}");
        let message = collect(&empty.path().join("a.png"))
            .unwrap_err()
            .to_string();
        assert!(message.contains("neither Markdown"), "{message}");
        assert!(collect(&empty.path().join("absent")).is_err());
        let large = empty.path().join("large.txt");
        std::fs::File::create(&large)
            .unwrap()
            .set_len(MAX_SOURCE_SIZE + 1)
            .unwrap();
        let message = collect(&large).unwrap_err().to_string();
        assert!(message.contains("at most"), "{message}");
    }

    #[test]
    fn a_name_that_would_hurt_is_left_out_and_named() {
        use std::os::unix::ffi::OsStrExt as _;
        let folder = folder(&[("good, (ä) 数据 #1?%25+&;*'\\.md", "# x")]);
        let hurting: [&[u8]; 5] = [
            b"ctl\x01.md",
            b"new\nline.md",
            b"tab\there.md",
            b"not-utf8-\xff.md",
            "turned\u{202e}dm.md".as_bytes(),
        ];
        for name in hurting {
            let name = std::ffi::OsStr::from_bytes(name);
            std::fs::write(folder.path().join(name), "# y").unwrap();
        }
        let set = collect(folder.path()).unwrap();
        assert_eq!(set.files.len(), 1);
        let told = set.left_out.lines();
        assert_eq!(told.len(), 5, "{told:?}");
        let told = told.join("\n");
        for part in [
            "): ctl\\u{1}.md",
            "(its name is not UTF-8): not-utf8-\\xff.md",
            "U+202E",
        ] {
            assert!(told.contains(part), "{told}");
        }
        assert_eq!(check(&told, Lines::Many), Ok(()));
        // One by itself, and a folder with nothing else, are refused.
        let alone = folder.path().join("ctl\u{1}.md");
        let message = collect(&alone).unwrap_err().to_string();
        assert!(message.contains("U+0001"), "{message}");
    }
}
