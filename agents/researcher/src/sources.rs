//! Where documents come from: the built-in corpus and prefixes in S3. The researcher's I/O.

use aegis_agent_kit::store::{ArtifactStore, Entry, StoreError};
use aegis_agent_kit::text::counted;
use aegis_agent_kit::{WorkContext, WorkError};
use aegis_contracts::findings::UnreadableSource;
use aegis_contracts::request::BUILTIN_SOURCE;
use futures::{StreamExt, TryStreamExt, stream};

use crate::corpus;
use crate::document::Document;
use crate::extract::{self, MAX_FILE};

/// Files of one attempt.
const MAX_FILES: usize = 10_000;
/// Bytes of one attempt: all of it is held in memory.
const MAX_TOTAL: u64 = 512 * 1024 * 1024;
/// Reads at a time.
const READS: usize = 16;
/// Unreadable files named in the evidence. A folder of pictures must not fill it.
const MAX_UNREADABLE: usize = 200;

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFile {
    pub uri: String,
    pub bytes: Vec<u8>,
}

/// What could be read, and what could not.
#[derive(Debug, Default)]
pub struct Library {
    pub documents: Vec<Document>,
    pub unreadable: Vec<UnreadableSource>,
}

/// Everything that the task's sources hold.
///
/// # Errors
/// `source_denied`, `source_empty` and `sources_too_large`, all permanent; storage that is unavailable is transient.
pub async fn read(ctx: &WorkContext) -> Result<Library, WorkError> {
    let mut sources = ctx.task().parameters.sources.clone();
    if sources.is_empty() {
        sources.push(BUILTIN_SOURCE.to_owned());
    }
    sources.sort();
    sources.dedup();
    let mut files = Vec::new();
    for source in &sources {
        match source
            .strip_prefix("s3://")
            .and_then(|rest| rest.split_once('/'))
        {
            Some((bucket, prefix)) => files.extend(folder(ctx, source, bucket, prefix).await?),
            None => files.extend(corpus::articles()),
        }
        within_limits(
            files.len(),
            files.iter().map(|file| file.bytes.len() as u64).sum(),
        )?;
    }
    ctx.stage(25, format!("reading {}", counted(files.len(), "file")));
    // Parsing takes a processor's time and must not hold up the heartbeats.
    let library = tokio::task::spawn_blocking(move || parse(files)).await;
    library.map_err(|error| WorkError::transient("agent_panicked", error.to_string()))
}

fn within_limits(files: usize, bytes: u64) -> Result<(), WorkError> {
    if files > MAX_FILES || bytes > MAX_TOTAL {
        let message = format!(
            "the sources hold more than can be read: at most {MAX_FILES} files and {} MiB",
            MAX_TOTAL / 1024 / 1024
        );
        return Err(WorkError::permanent("sources_too_large", message));
    }
    Ok(())
}

async fn folder(
    ctx: &WorkContext,
    source: &str,
    bucket: &str,
    prefix: &str,
) -> Result<Vec<RawFile>, WorkError> {
    let store = ctx.store();
    let listed = store.list(bucket, prefix, MAX_FILES + 1).await;
    let mut entries = listed.map_err(|error| refused(source, error))?;
    // `notes` means the folder or the one object, not `notes-of-somebody-else/`.
    entries.retain(|entry| {
        let rest = entry.key.strip_prefix(prefix).unwrap_or_default();
        let inside = prefix.ends_with('/') || rest.is_empty() || rest.starts_with('/');
        inside && !entry.key.ends_with('/')
    });
    if entries.is_empty() {
        let message = format!("there is nothing at the source `{source}`");
        return Err(WorkError::permanent("source_empty", message));
    }
    within_limits(entries.len(), entries.iter().map(|entry| entry.size).sum())?;
    ctx.stage(10, format!("fetching {}", counted(entries.len(), "file")));
    // In order, so that the same folder always gives the same evidence.
    let reads = entries.into_iter().map(|entry| fetch(store, bucket, entry));
    let files = stream::iter(reads).buffered(READS).try_collect().await;
    files.map_err(|error| refused(source, error))
}

async fn fetch(
    store: &dyn ArtifactStore,
    bucket: &str,
    entry: Entry,
) -> Result<RawFile, StoreError> {
    // Too large to be read is told by the extraction, which sees the missing bytes as no text.
    let bytes = if entry.size > MAX_FILE {
        Vec::new()
    } else {
        store.get(bucket, &entry.key).await?.unwrap_or_default()
    };
    Ok(RawFile {
        uri: format!("s3://{bucket}/{}", entry.key),
        bytes,
    })
}

fn refused(source: &str, error: StoreError) -> WorkError {
    match error {
        StoreError::Denied(reason) => {
            let message = format!("the source `{source}` may not be read: {reason}");
            WorkError::permanent("source_denied", message)
        }
        StoreError::Unavailable(_) => error.into(),
    }
}

/// Extracts on all processors; the order stays.
pub fn parse(files: Vec<RawFile>) -> Library {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = files.len().div_ceil(threads).max(1);
    let read = |part: &[RawFile]| part.iter().map(extract::read).collect::<Vec<_>>();
    let results: Vec<_> = std::thread::scope(|scope| {
        let parts = files.chunks(share);
        let workers: Vec<_> = parts.map(|part| scope.spawn(move || read(part))).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_default())
            .collect()
    });
    let mut library = Library::default();
    for (file, result) in files.iter().zip(results) {
        match result {
            Ok(document) => library.documents.push(document),
            Err(reason) => library.unreadable.push(UnreadableSource {
                source: file.uri.clone(),
                reason,
            }),
        }
    }
    library.unreadable.extend(losses(&library.documents));
    let count = library.unreadable.len();
    if count > MAX_UNREADABLE {
        library.unreadable.truncate(MAX_UNREADABLE - 1);
        library.unreadable.push(UnreadableSource {
            source: format!("{} more", count - MAX_UNREADABLE + 1),
            reason: "not listed one by one".to_owned(),
        });
    }
    library
}

/// What was lost of documents that were read. The same loss is told once, since every page of a site has menus.
fn losses(documents: &[Document]) -> Vec<UnreadableSource> {
    let mut told: Vec<(&str, &str, usize)> = Vec::new();
    for document in documents {
        for loss in &document.losses {
            match told.iter_mut().find(|(known, ..)| known == loss) {
                Some((.., more)) => *more += 1,
                None => told.push((loss, &document.uri, 0)),
            }
        }
    }
    let entry = |(loss, uri, more): (&str, &str, usize)| UnreadableSource {
        source: match more {
            0 => uri.to_owned(),
            _ => format!("{uri} and {}", counted(more, "more file")),
        },
        reason: loss.to_owned(),
    };
    told.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_is_told_once_for_all_files() {
        let file = |name: &str, text: &str| RawFile {
            uri: format!("s3://b/{name}"),
            bytes: text.as_bytes().to_vec(),
        };
        let library = parse(vec![
            file("a.html", "<nav>Home</nav><p>It is <s>was</s>."),
            file("b.html", "<nav>Home</nav><p>It is."),
            file("c.png", "x"),
            file("d.html", "<nav>Home</nav><p>It is."),
        ]);
        let told: Vec<String> = library
            .unreadable
            .iter()
            .map(|file| format!("{}: {}", file.source, file.reason))
            .collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0].starts_with("s3://b/c.png: `.png` is not read"),
            "{told:?}"
        );
        assert!(
            told[1].starts_with("s3://b/a.html and 2 more files: menus"),
            "{told:?}"
        );
        assert!(
            told[2].starts_with("s3://b/a.html: struck-out text"),
            "{told:?}"
        );
    }
}
