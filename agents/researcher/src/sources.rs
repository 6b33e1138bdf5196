//! Where documents come from: the built-in corpus and prefixes in S3. The researcher's I/O.

use aegis_agent_kit::store::{ArtifactStore, ObjectEntry, StoreError};
use aegis_agent_kit::text::counted;
use aegis_agent_kit::{Parameters, WorkContext, WorkError};
use aegis_contracts::findings::{Loss, UnreadableSource};
use aegis_contracts::request::BUILTIN_SOURCE;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::Semaphore;

use crate::corpus;
use crate::document::Document;
use crate::extract::{self, MAX_FILE};

/// Files of one attempt.
const MAX_FILES: usize = 10_000;
/// Bytes of the files of one attempt, and of the text in them, which is held in memory.
const MAX_TOTAL: u64 = 512 * 1024 * 1024;
/// Reads at a time.
const READS: usize = 16;
/// KiB of files whose text is being taken at one time. It takes some twenty times as much memory.
const ROOM: usize = 64 * 1024;
/// Unreadable files named in the evidence, and kinds of losses.
const MAX_NAMED: usize = 100;

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
    /// How many could not be read, named or not.
    pub documents_unread: usize,
    pub losses: Vec<Loss>,
}

/// Everything that the task's sources hold.
///
/// # Errors
/// `source_denied`, `source_empty` and `sources_too_large`, all permanent; storage that is unavailable is transient.
pub async fn read(ctx: &WorkContext) -> Result<Library, WorkError> {
    let mut sources = Parameters::of(ctx.task())?.sources;
    if sources.is_empty() {
        sources.push(BUILTIN_SOURCE.to_owned());
    }
    sources.sort();
    sources.dedup();
    let mut found = Vec::new();
    for source in &sources {
        match source
            .strip_prefix("s3://")
            .and_then(|rest| rest.split_once('/'))
        {
            Some((bucket, prefix)) => found.extend(list(ctx, source, bucket, prefix).await?),
            None => found.extend(corpus::articles().into_iter().map(Found::Here)),
        }
        within_limits(found.len(), found.iter().map(Found::size).sum())?;
    }
    ctx.stage(10, format!("reading {}", counted(found.len(), "file")));
    let room = Semaphore::new(ROOM);
    // In order, so that the same folder always gives the same evidence.
    let reads = found.into_iter().map(|file| file.read(ctx, &room));
    let read: Vec<Outcome> = stream::iter(reads).buffered(READS).try_collect().await?;
    Ok(library(read))
}

/// A file's address, and its text or why it has none.
type Outcome = (String, Result<Document, String>);

enum Found {
    Here(RawFile),
    Stored {
        source: String,
        bucket: String,
        entry: ObjectEntry,
    },
}

impl Found {
    fn size(&self) -> u64 {
        match self {
            Self::Here(file) => file.bytes.len() as u64,
            Self::Stored { entry, .. } => entry.size,
        }
    }

    /// Fetches the file and takes its text. Its bytes are held only as long as there is room for them.
    async fn read(self, ctx: &WorkContext, room: &Semaphore) -> Result<Outcome, WorkError> {
        let needed = self.size().min(MAX_FILE) / 1024 + 1;
        let needed = u32::try_from(needed).unwrap_or(u32::MAX);
        let held = room.acquire_many(needed).await;
        let _held =
            held.map_err(|error| WorkError::transient("agent_panicked", error.to_string()))?;
        let file = match self {
            Self::Here(file) => file,
            Self::Stored {
                source,
                bucket,
                entry,
            } => {
                let fetched = fetch(ctx.store(), &bucket, entry).await;
                fetched.map_err(|error| refused(&source, error))?
            }
        };
        // Parsing takes a processor's time and must not hold up the heartbeats.
        let read = tokio::task::spawn_blocking(move || (extract::read(&file), file.uri));
        let (document, uri) = read
            .await
            .map_err(|error| WorkError::transient("agent_panicked", error.to_string()))?;
        Ok((uri, document))
    }
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

async fn list(
    ctx: &WorkContext,
    source: &str,
    bucket: &str,
    prefix: &str,
) -> Result<Vec<Found>, WorkError> {
    let listed = ctx.store().list(bucket, prefix, MAX_FILES + 1).await;
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
    let stored = |entry| Found::Stored {
        source: source.to_owned(),
        bucket: bucket.to_owned(),
        entry,
    };
    Ok(entries.into_iter().map(stored).collect())
}

async fn fetch(
    store: &dyn ArtifactStore,
    bucket: &str,
    entry: ObjectEntry,
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
    let outcome = |file: &RawFile| (file.uri.clone(), extract::read(file));
    let read = |part: &[RawFile]| part.iter().map(outcome).collect::<Vec<_>>();
    let read: Vec<Outcome> = std::thread::scope(|scope| {
        let parts = files.chunks(share);
        let workers: Vec<_> = parts.map(|part| scope.spawn(move || read(part))).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_default())
            .collect()
    });
    library(read)
}

fn library(read: Vec<Outcome>) -> Library {
    let mut library = Library::default();
    let mut text = 0;
    for (source, result) in read {
        let result = result.and_then(|document| {
            text += document
                .blocks
                .iter()
                .map(|block| block.text.len() as u64)
                .sum::<u64>();
            match text > MAX_TOTAL {
                true => Err(
                    "is left out: the files before it hold as much text as can be searched"
                        .to_owned(),
                ),
                false => Ok(document),
            }
        });
        match result {
            Ok(document) => library.documents.push(document),
            Err(reason) => library.unreadable.push(UnreadableSource { source, reason }),
        }
    }
    // A folder of pictures must not fill the evidence.
    library.documents_unread = library.unreadable.len();
    library.unreadable.truncate(MAX_NAMED);
    library.losses = losses(&library.documents);
    library
}

/// What was left out of documents that were read. The same is told once, since every page of a site has menus.
fn losses(documents: &[Document]) -> Vec<Loss> {
    let mut told: Vec<Loss> = Vec::new();
    for document in documents {
        for what in &document.losses {
            match told.iter_mut().find(|loss| loss.what == *what) {
                Some(loss) => loss.documents += 1,
                None => told.push(Loss {
                    what: what.clone(),
                    source: document.uri.clone(),
                    documents: 1,
                }),
            }
        }
    }
    told.truncate(MAX_NAMED);
    told
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
        assert_eq!(library.documents_unread, 1);
        let unreadable = &library.unreadable[0];
        assert_eq!(unreadable.source, "s3://b/c.png");
        assert!(unreadable.reason.starts_with("`.png` is not read"));
        let told: Vec<String> = library.losses.iter().map(|loss| loss.words("it")).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("menus") && told[0].ends_with("(it and 2 more files)"));
        assert!(told[1].starts_with("struck-out text") && told[1].ends_with("(it)"));
        let pictures = (0..300).map(|n| file(&format!("{n}.png"), "x")).collect();
        let pictures = parse(pictures);
        assert_eq!(pictures.documents_unread, 300);
        assert_eq!(pictures.unreadable.len(), MAX_NAMED);
    }
}
