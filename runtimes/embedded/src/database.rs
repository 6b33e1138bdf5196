//! One SQLite file: who writes to it, who reads from it, and what its tables are.
//!
//! One thread writes. What waits when it begins is committed in one transaction, so that many writers share one fsync
//! (group commit); `synchronous=FULL` means that a commit which was answered outlives a power cut. Readers have
//! connections of their own and wait for nobody (WAL). A read is a few pages that lie in memory, and is done in place.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use aegis_engine::error::PortError;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

/// `PRAGMA application_id`: "aegs".
const APPLICATION: i32 = 0x6165_6773;
/// `PRAGMA user_version` of the tables below.
const VERSION: i32 = 1;
/// Writes in one transaction. More would only make the first of them wait.
const MOST_AT_ONCE: usize = 512;
/// The secret that says that nothing moves: this was restored from a backup.
pub(crate) const PAUSED: &str = "paused";
/// Another process that looks into the file, such as a backup, may hold it for a moment.
const BUSY: Duration = Duration::from_secs(5);

/// Rowids keep the long rows out of the trees that are searched: a table `WITHOUT ROWID` halves what can be written.
const TABLES: &str = "
CREATE TABLE workflows (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    seq INTEGER NOT NULL,
    state TEXT NOT NULL,
    flow TEXT NOT NULL,
    status TEXT NOT NULL,
    at TEXT,
    topic TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    wake_at INTEGER,
    unreadable INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX workflows_by_age ON workflows (created_at, id);
CREATE INDEX workflows_by_status ON workflows (status, created_at, id);
CREATE INDEX workflows_by_deadline ON workflows (wake_at, id) WHERE wake_at IS NOT NULL;
CREATE TABLE requests (n INTEGER PRIMARY KEY, request TEXT NOT NULL);
CREATE TABLE history (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    workflow INTEGER NOT NULL,
    version INTEGER NOT NULL,
    entry TEXT NOT NULL
);
CREATE UNIQUE INDEX history_of_workflow ON history (workflow, version);
CREATE TABLE flows (
    flow TEXT NOT NULL,
    version INTEGER NOT NULL,
    hash TEXT NOT NULL,
    definition TEXT NOT NULL,
    PRIMARY KEY (flow, version)
);
CREATE TABLE objects (
    n INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    media_type TEXT NOT NULL,
    body BLOB
);
CREATE TABLE dead_letters (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    set_aside_at INTEGER NOT NULL,
    service TEXT NOT NULL,
    reason TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL);
";

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("{0} is no database of aegis")]
    Foreign(String),
    #[error(
        "{path} was written by a newer aegis (version {found} of its tables; this program knows {VERSION}): use that one"
    )]
    Newer { path: String, found: i32 },
    #[error("{path}: {source}")]
    Sqlite {
        path: String,
        source: rusqlite::Error,
    },
    #[error("the thread that writes cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// What was written so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    /// Each waits for the disk once.
    pub transactions: u64,
    pub writes: u64,
}

#[derive(Debug, Default)]
struct Counters {
    transactions: AtomicU64,
    writes: AtomicU64,
}

#[derive(Debug)]
pub struct Database {
    writer: mpsc::Sender<Box<dyn Write>>,
    path: std::path::PathBuf,
    /// Those that nobody reads with at the moment.
    readers: Mutex<Vec<Connection>>,
    counters: Arc<Counters>,
}

impl Database {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// Where it is none of ours, is newer than this program, or is broken.
    pub fn open(path: &Path) -> Result<Self, Unusable> {
        let failed = |error| unusable(path, error);
        let mut connection = Connection::open(path).map_err(failed)?;
        set_up(&connection).map_err(failed)?;
        if is_empty(&connection).map_err(failed)? {
            create(&mut connection).map_err(failed)?;
        }
        ours(&connection, path)?;
        let counters = Arc::<Counters>::default();
        let (writer, waiting) = mpsc::channel();
        let counted = counters.clone();
        std::thread::Builder::new()
            .name("database".to_owned())
            .spawn(move || write_all(&mut connection, &waiting, &counted))?;
        Ok(Self {
            writer,
            path: path.to_owned(),
            readers: Mutex::default(),
            counters,
        })
    }

    pub(crate) fn written(&self) -> Written {
        Written {
            transactions: self.counters.transactions.load(Ordering::Relaxed),
            writes: self.counters.writes.load(Ordering::Relaxed),
        }
    }

    /// Reads what was committed last.
    ///
    /// # Errors
    /// Of the file.
    pub fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, PortError> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => reader(&self.path).map_err(|error| fault(&error))?,
        };
        let read = work(&connection).map_err(|error| fault(&error));
        self.idle().push(connection);
        read
    }

    /// Brings what is in the write-ahead log into the file itself, so that it is whole without the log beside it.
    ///
    /// # Errors
    /// Of the file. Nothing is lost then: it is done at the next start.
    pub fn tidy(&self) -> Result<(), PortError> {
        self.idle().clear();
        let tidied = Connection::open(&self.path).and_then(|connection| {
            connection.busy_timeout(BUSY)?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        });
        tidied.map_err(|error| fault(&error))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` in the next transaction, and answers once that is on the disk. It may be done twice: the first time is
    /// undone then.
    ///
    /// # Errors
    /// Of the file. Nothing of `work` is written then.
    pub async fn write<T, F>(&self, work: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: FnMut(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            work,
            done: None,
            answer,
        };
        let gone = || PortError::Transient("the database is closed".to_owned());
        self.writer.send(Box::new(job)).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

fn unusable(path: &Path, source: rusqlite::Error) -> Unusable {
    let path = path.display().to_string();
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Unusable::Foreign(path),
        Some(_) | None => Unusable::Sqlite { path, source },
    }
}

fn number(connection: &Connection, name: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    let number = |name| number(connection, name);
    Ok((number("application_id")?, number("user_version")?) == (0, 0))
}

/// # Errors
/// Where the file is none of ours, or newer than this program.
pub(crate) fn ours(connection: &Connection, path: &Path) -> Result<(), Unusable> {
    let number = |name| number(connection, name).map_err(|error| unusable(path, error));
    let shown = path.display().to_string();
    match (number("application_id")?, number("user_version")?) {
        (APPLICATION, VERSION) => Ok(()),
        (APPLICATION, found) if found > VERSION => Err(Unusable::Newer { path: shown, found }),
        _ => Err(Unusable::Foreign(shown)),
    }
}

/// Looks into a file that others may have, and changes nothing.
pub(crate) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// Something to be written.
trait Write: Send {
    fn work(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()>;
    /// Tells whoever waits what has become of it.
    fn tell(self: Box<Self>, outcome: Result<(), PortError>);
}

struct Job<F, T> {
    work: F,
    done: Option<T>,
    answer: oneshot::Sender<Result<T, PortError>>,
}

impl<F, T> Write for Job<F, T>
where
    T: Send,
    F: FnMut(&Transaction<'_>) -> rusqlite::Result<T> + Send,
{
    fn work(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        self.done = Some((self.work)(transaction)?);
        Ok(())
    }

    fn tell(self: Box<Self>, outcome: Result<(), PortError>) {
        let Self { done, answer, .. } = *self;
        let lost = || PortError::Transient("the write was not done".to_owned());
        // Whoever asked may have gone.
        let _ = answer.send(outcome.and_then(|()| done.ok_or_else(lost)));
    }
}

/// Until nobody is left who could write.
fn write_all(
    connection: &mut Connection,
    waiting: &mpsc::Receiver<Box<dyn Write>>,
    counters: &Counters,
) {
    while let Ok(first) = waiting.recv() {
        let mut jobs = vec![first];
        jobs.extend(waiting.try_iter().take(MOST_AT_ONCE - 1));
        match commit(connection, &mut jobs, counters) {
            Ok(()) => tell_all(jobs, &Ok(())),
            // One that cannot be done must not take the others with it.
            Err(_) if jobs.len() > 1 => {
                for job in jobs {
                    let mut alone = vec![job];
                    let outcome = commit(connection, &mut alone, counters);
                    tell_all(alone, &outcome.map_err(|error| fault(&error)));
                }
            }
            Err(error) => tell_all(jobs, &Err(fault(&error))),
        }
    }
}

fn tell_all(jobs: Vec<Box<dyn Write>>, outcome: &Result<(), PortError>) {
    for job in jobs {
        job.tell(outcome.clone());
    }
}

fn commit(
    connection: &mut Connection,
    jobs: &mut [Box<dyn Write>],
    counters: &Counters,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in &mut *jobs {
        job.work(&transaction)?;
    }
    transaction.commit()?;
    counters.transactions.fetch_add(1, Ordering::Relaxed);
    counters
        .writes
        .fetch_add(jobs.len() as u64, Ordering::Relaxed);
    Ok(())
}

/// What a caller can do about an error of the file.
pub fn fault(error: &rusqlite::Error) -> PortError {
    let what = format!("database: {error}");
    let passing = [
        ErrorCode::DatabaseBusy,
        ErrorCode::DatabaseLocked,
        ErrorCode::DiskFull,
        ErrorCode::SystemIoFailure,
        ErrorCode::CannotOpen,
        ErrorCode::ReadOnly,
        ErrorCode::OutOfMemory,
    ];
    match error.sqlite_error_code() {
        Some(code) if passing.contains(&code) => PortError::Transient(what),
        Some(_) | None => PortError::Permanent(what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> (tempfile::TempDir, Arc<Database>) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("aegis.db")).unwrap();
        (folder, Arc::new(database))
    }

    fn put(name: &'static str) -> impl FnMut(&Transaction<'_>) -> rusqlite::Result<()> {
        move |transaction| {
            transaction.execute("INSERT INTO secrets VALUES (?1, '')", [name])?;
            Ok(())
        }
    }

    /// Holds the writer up until it is told to go on, once.
    async fn held_up(database: &Arc<Database>) -> mpsc::Sender<()> {
        let (go, held) = mpsc::channel::<()>();
        let (begun, has_begun) = oneshot::channel();
        let mut begun = Some(begun);
        let writer = database.clone();
        tokio::spawn(async move {
            let work = move |_: &Transaction<'_>| {
                if let Some(begun) = begun.take() {
                    let _ = begun.send(());
                    let _ = held.recv();
                }
                Ok(())
            };
            writer.write(work).await
        });
        has_begun.await.unwrap();
        go
    }

    #[tokio::test]
    async fn writers_who_wait_share_a_transaction() {
        let (_folder, database) = database();
        let go = held_up(&database).await;
        let all = ["a", "b", "c"].map(|name| database.write(put(name)));
        let release = async { go.send(()).unwrap() };
        let (all, ()) = tokio::join!(futures::future::join_all(all), release);
        assert!(all.into_iter().all(|done| done.is_ok()));
        let written = database.written();
        assert_eq!((written.transactions, written.writes), (2, 4));
    }

    #[tokio::test]
    async fn one_that_cannot_be_done_harms_no_other() {
        let (_folder, database) = database();
        let go = held_up(&database).await;
        let good = ["a", "b"].map(|name| database.write(put(name)));
        let bad = database.write(|transaction| transaction.execute("nonsense", []).map(|_| ()));
        let release = async { go.send(()).unwrap() };
        let (good, bad, ()) = tokio::join!(futures::future::join_all(good), bad, release);
        assert!(good.into_iter().all(|done| done.is_ok()));
        assert!(bad.is_err());
        let count = |connection: &Connection| {
            connection.query_row("SELECT count(*) FROM secrets", [], |row| row.get(0))
        };
        assert_eq!(database.read(count), Ok(2));
    }

    #[test]
    fn a_file_of_somebody_else_or_of_newer_code_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("aegis.db");
        std::fs::write(
            &path,
            "this is no database, but long enough to look at".repeat(40),
        )
        .unwrap();
        assert!(matches!(Database::open(&path), Err(Unusable::Foreign(_))));
        std::fs::remove_file(&path).unwrap();
        drop(Database::open(&path).unwrap());
        let connection = Connection::open(&path).unwrap();
        connection
            .pragma_update(None, "user_version", VERSION + 1)
            .unwrap();
        let newer = Database::open(&path).unwrap_err().to_string();
        assert!(newer.contains("newer aegis"), "{newer}");
    }
}
