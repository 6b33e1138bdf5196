//! Which files a `--sources PATH` stands for, and the name of that set by its content.
//!
//! Reads the disk and knows the limits; uploads nothing.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};
use walkdir::{DirEntry, WalkDir};

use super::text::bytes;

pub const MAX_FILES: usize = 10_000;
pub const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;
pub const MAX_TOTAL_BYTES: u64 = 512 * 1024 * 1024;

/// The forms that the researcher can read, by the ends of file names.
const FORMS: [(&str, &[&str]); 4] = [
    (
        "text/markdown; charset=utf-8",
        &["md", "markdown", "mdown", "mkd"],
    ),
    (
        "text/plain; charset=utf-8",
        &["txt", "text", "rst", "adoc", "asciidoc", "org"],
    ),
    ("text/html; charset=utf-8", &["html", "htm", "xhtml"]),
    ("application/pdf", &["pdf"]),
];

/// Files to upload, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSet {
    pub files: Vec<SourceFile>,
    pub total_bytes: u64,
    /// Files of other forms, which are left out.
    pub left_out: usize,
    /// `sources/<hash of names and contents>/`: the same files always lie at the same place.
    pub prefix: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    pub path: PathBuf,
    /// Relative to what was named, with `/` between its parts.
    pub name: String,
    pub size: u64,
    pub media_type: &'static str,
}

/// # Errors
/// Where the path cannot be read, holds nothing of a known form, or exceeds a limit.
pub fn collect(root: &Path) -> Result<SourceSet> {
    let kind = std::fs::metadata(root)
        .with_context(|| format!("cannot read the source {}", root.display()))?;
    let (mut files, left_out) = if kind.is_dir() {
        below(root)?
    } else {
        (vec![single(root, kind.len())?], 0)
    };
    if files.is_empty() {
        bail!(
            "{} holds no Markdown, text, HTML or PDF file (but {left_out} of other forms)",
            root.display()
        );
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let total_bytes = files.iter().map(|file| file.size).sum();
    if total_bytes > MAX_TOTAL_BYTES {
        bail!(
            "{} holds {} of documents, at most {} can be uploaded: name a smaller folder",
            root.display(),
            bytes(total_bytes),
            bytes(MAX_TOTAL_BYTES)
        );
    }
    let prefix = format!("sources/{}/", content_hash(&files)?);
    Ok(SourceSet {
        files,
        total_bytes,
        left_out,
        prefix,
    })
}

fn single(path: &Path, size: u64) -> Result<SourceFile> {
    let name = path.file_name().unwrap_or_default();
    match form_of(path) {
        Some(media_type) => file(path, Path::new(name), size, media_type),
        None => bail!(
            "{} is neither Markdown, text, HTML nor PDF, by the end of its name",
            path.display()
        ),
    }
}

/// Hidden files and folders are passed over, and links are not followed.
fn below(root: &Path) -> Result<(Vec<SourceFile>, usize)> {
    let visible = |entry: &DirEntry| {
        entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
    };
    let mut files = Vec::new();
    let mut left_out = 0;
    for entry in WalkDir::new(root).into_iter().filter_entry(visible) {
        let entry = entry.with_context(|| format!("cannot read the folder {}", root.display()))?;
        if !entry.file_type().is_file() {
            continue;
        }
        let Some(media_type) = form_of(entry.path()) else {
            left_out += 1;
            continue;
        };
        if files.len() == MAX_FILES {
            bail!(
                "{} holds more than {MAX_FILES} documents: name a smaller folder",
                root.display()
            );
        }
        let size = entry.metadata()?.len();
        let name = entry.path().strip_prefix(root).unwrap_or(entry.path());
        files.push(file(entry.path(), name, size, media_type)?);
    }
    Ok((files, left_out))
}

fn file(path: &Path, name: &Path, size: u64, media_type: &'static str) -> Result<SourceFile> {
    if size > MAX_FILE_BYTES {
        bail!(
            "{} has {}, a document may have at most {}",
            path.display(),
            bytes(size),
            bytes(MAX_FILE_BYTES)
        );
    }
    let parts: Option<Vec<&str>> = name.iter().map(|part| part.to_str()).collect();
    let name = parts
        .with_context(|| format!("the name of {} is not UTF-8", path.display()))?
        .join("/");
    Ok(SourceFile {
        path: path.to_owned(),
        name,
        size,
        media_type,
    })
}

fn form_of(path: &Path) -> Option<&'static str> {
    let end = path.extension()?.to_str()?.to_ascii_lowercase();
    let form = FORMS.iter().find(|(_, ends)| ends.contains(&end.as_str()));
    form.map(|(media_type, _)| *media_type)
}

/// 128 bits of SHA-256 over every name and content, each with its length.
fn content_hash(files: &[SourceFile]) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    for file in files {
        hasher.update((file.name.len() as u64).to_be_bytes());
        hasher.update(file.name.as_bytes());
        hasher.update(file.size.to_be_bytes());
        let say = || format!("cannot read {}", file.path.display());
        let mut reader = std::fs::File::open(&file.path).with_context(say)?;
        loop {
            let count = reader.read(&mut buffer).with_context(say)?;
            if count == 0 {
                break;
            }
            hasher.update(&buffer[..count]);
        }
    }
    let digest = hasher.finalize();
    Ok(digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[cfg(test)]
mod tests {
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
        ]);
        let set = collect(folder.path()).unwrap();
        let names: Vec<&str> = set.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a.md", "b/deep.HTML"]);
        assert_eq!((set.left_out, set.total_bytes), (1, 7));
        assert_eq!(set.prefix.len(), "sources/".len() + 32 + 1);
    }

    #[test]
    fn the_same_content_has_the_same_place() {
        let place = |files: &[(&str, &str)]| collect(folder(files).path()).unwrap().prefix;
        assert_eq!(place(&[("a.md", "x")]), place(&[("a.md", "x")]));
        assert_ne!(place(&[("a.md", "x")]), place(&[("a.md", "y")]));
        assert_ne!(place(&[("a.md", "x")]), place(&[("b.md", "x")]));
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let empty = folder(&[("a.png", "x")]);
        let message = collect(empty.path()).unwrap_err().to_string();
        assert!(message.contains("but 1 of other forms"), "{message}");
        let message = collect(&empty.path().join("a.png"))
            .unwrap_err()
            .to_string();
        assert!(message.contains("neither Markdown"), "{message}");
        assert!(collect(&empty.path().join("absent")).is_err());
        let large = empty.path().join("large.txt");
        std::fs::File::create(&large)
            .unwrap()
            .set_len(MAX_FILE_BYTES + 1)
            .unwrap();
        let message = collect(&large).unwrap_err().to_string();
        assert!(message.contains("at most"), "{message}");
    }
}
