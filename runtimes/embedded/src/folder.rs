//! The folder that holds all that outlives the process, and the one process that holds the folder.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A server that runs, for clients on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    pub api_endpoint: String,
    pub data: PathBuf,
    pub pid: u32,
    pub version: String,
    /// Of the database: `GET /health` answers with it, so that nobody takes another folder's server for this one's.
    pub id: String,
}

impl Description {
    pub(crate) fn new(api_endpoint: String, data: &Path, id: String) -> Self {
        Self {
            api_endpoint,
            data: std::path::absolute(data).unwrap_or_else(|_| data.to_owned()),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            id,
        }
    }
}

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    #[error("{folder} is held by another server{by}: one process at a time works in a folder")]
    Held { folder: PathBuf, by: String },
}

/// A folder that is this process's as long as it lives.
#[derive(Debug)]
pub struct Held {
    folder: PathBuf,
    lock: File,
}

const DESCRIPTION: &str = "server.json";

/// What the server in this folder says of itself, or the last one said: whether it runs, only a request tells.
pub fn description(folder: &Path) -> Option<Description> {
    let text = std::fs::read(folder.join(DESCRIPTION)).ok()?;
    serde_json::from_slice(&text).ok()
}

pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join("aegis.db")
}

/// Topics, keys and reports are this user's alone.
pub(crate) fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder)
}

pub(crate) fn hold(folder: &Path) -> Result<Held, Unusable> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| Unusable::Io(path, error)
    };
    make(folder).map_err(failed(folder))?;
    let objects = folder.join("objects");
    make(&objects).map_err(failed(&objects))?;
    let path = folder.join("lock");
    let lock = private(&path).map_err(failed(&path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let by = description(folder)
                .map(|server| format!(" (process {} at {})", server.pid, server.api_endpoint));
            return Err(Unusable::Held {
                folder: folder.to_owned(),
                by: by.unwrap_or_default(),
            });
        }
        Err(TryLockError::Error(error)) => return Err(failed(&path)(error)),
    }
    let held = Held {
        folder: folder.to_owned(),
        lock,
    };
    // Made here, so that nobody else may read it at any time; SQLite gives its other files the same mode.
    let database = held.database();
    private(&database).map_err(failed(&database))?;
    Ok(held)
}

/// Moves a file that was written whole to where it belongs, so that it is whole there after a power cut too.
pub(crate) fn put_in_place(part: &Path, place: &Path) -> std::io::Result<()> {
    File::open(part)?.sync_all()?;
    std::fs::rename(part, place)?;
    match place
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

pub(crate) fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600);
    options.open(path)
}

impl Held {
    pub(crate) fn database(&self) -> PathBuf {
        database(&self.folder)
    }

    pub(crate) fn objects(&self) -> PathBuf {
        self.folder.join("objects")
    }

    /// Replaced at once, so that nobody reads half of it.
    pub(crate) fn describe(&self, description: &Description) -> Result<(), Unusable> {
        let place = self.folder.join(DESCRIPTION);
        let part = self.folder.join("server.json.part");
        let written = serde_json::to_vec_pretty(description)
            .map_err(std::io::Error::from)
            .and_then(|text| {
                let mut file = private(&part)?;
                file.set_len(0)?;
                file.write_all(&text)?;
                std::fs::rename(&part, &place)
            });
        written.map_err(|error| Unusable::Io(place, error))
    }

    /// What the server said of itself stays: the next one listens at the same address.
    pub(crate) fn release(self) {
        // Closing the file gives up the lock.
        drop(self.lock);
    }
}
