//! What an operator does to a folder: back it up, restore it, look whether it is well.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aegis_agent_kit::publish::sha256_hex;
use aegis_contracts::time::Timestamp;
use aegis_engine::ports::{Clock as _, SystemClock};
use rusqlite::{Connection, params};
use serde::Serialize;

use crate::configuration::{Configuration, Source};
use crate::database::{self, PAUSED};
use crate::folder;
use crate::records::{self, DeadLetter};

/// Messages that were set aside, in one listing.
const MOST_LETTERS: u32 = 1000;
/// Less room on the disk is told.
const LEAST_ROOM: u64 = 500 * 1024 * 1024;
/// A clock that was set back by less harms nobody.
const CLOCK_GRACE: Duration = Duration::from_secs(60);
/// An agent answers `GET /ping` at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why something could not be done to a folder.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("{} holds no database of aegis", .0.display())]
    Nothing(PathBuf),
    #[error("{} is there already: a backup never replaces anything", .0.display())]
    Exists(PathBuf),
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, std::io::Error),
    #[error("{}: {}", .0.display(), .1)]
    Sqlite(PathBuf, rusqlite::Error),
    #[error("{} is damaged: {}", .0.display(), .1)]
    Damaged(PathBuf, String),
    #[error(transparent)]
    Database(#[from] database::Unusable),
    #[error(transparent)]
    Folder(#[from] folder::Unusable),
}

/// Copies all that a folder holds into one file, while a server works in it: as it was at one moment.
///
/// # Errors
/// Where there is nothing to copy, or the copy cannot be written whole. Then there is no file.
pub fn backup(data: &Path, file: &Path) -> Result<u64, Failed> {
    let source = folder::database(data);
    if !source.exists() {
        return Err(Failed::Nothing(data.to_owned()));
    }
    if file.exists() {
        return Err(Failed::Exists(file.to_owned()));
    }
    let part = beside(file);
    let copied = copy(&source, &data.join("objects"), &part).and_then(|()| {
        let moved = folder::put_in_place(&part, file);
        moved.map_err(|error| Failed::Io(file.to_owned(), error))
    });
    if copied.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    copied?;
    let size = std::fs::metadata(file).map_err(|error| Failed::Io(file.to_owned(), error))?;
    Ok(size.len())
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:x}.part", rand::random::<u64>()));
    file.with_file_name(name)
}

/// Everything in one database: large objects move into their rows.
fn copy(source: &Path, objects: &Path, part: &Path) -> Result<(), Failed> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| Failed::Sqlite(path, error)
    };
    let from = database::reader(source).map_err(failed(source))?;
    // Made here, so that nobody else may read it at any time.
    folder::private(part).map_err(|error| Failed::Io(part.to_owned(), error))?;
    let name = part.display().to_string();
    from.execute("VACUUM INTO ?1", [&name])
        .map_err(failed(part))?;
    let to = Connection::open(part).map_err(failed(part))?;
    let large = {
        let mut statement = to
            .prepare("SELECT n, sha256 FROM objects WHERE body IS NULL")
            .map_err(failed(part))?;
        let rows = statement
            .query_map([], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
            })
            .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>);
        rows.map_err(failed(part))?
    };
    for (n, sha256) in large {
        let path = objects.join(&sha256);
        let body = std::fs::read(&path).map_err(|error| Failed::Io(path.clone(), error))?;
        if sha256_hex(&body) != sha256 {
            let why = "it was changed since it was put".to_owned();
            return Err(Failed::Damaged(path, why));
        }
        to.execute(
            "UPDATE objects SET body = ?1 WHERE n = ?2",
            params![body, n],
        )
        .map_err(failed(part))?;
    }
    whole(&to, part)
}

fn whole(connection: &Connection, path: &Path) -> Result<(), Failed> {
    let said: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| Failed::Sqlite(path.to_owned(), error))?;
    match said.as_str() {
        "ok" => Ok(()),
        _ => Err(Failed::Damaged(path.to_owned(), said)),
    }
}

/// Makes a folder of a backup. Nothing moves in it until a server is told to resume: what the backup owes may have been
/// done since it was made, and must not be done twice by accident.
///
/// # Errors
/// Where the folder holds a database already, or the backup is none.
pub fn restore(file: &Path, data: &Path) -> Result<(), Failed> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| Failed::Io(path, error)
    };
    let held = folder::hold(data)?;
    let place = held.database();
    // Holding the folder has made an empty one.
    if std::fs::metadata(&place).map_err(io(&place))?.len() > 0 {
        return Err(Failed::Exists(place));
    }
    // What is left of an older one would be taken for a part of this.
    for rest in ["aegis.db-wal", "aegis.db-shm"].map(|name| data.join(name)) {
        if rest.exists() {
            return Err(Failed::Exists(rest));
        }
    }
    let part = beside(&place);
    folder::private(&part).map_err(io(&part))?;
    std::fs::copy(file, &part).map_err(io(file))?;
    let restored =
        check(&part).and_then(|()| folder::put_in_place(&part, &place).map_err(io(&place)));
    if restored.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    restored
}

fn check(part: &Path) -> Result<(), Failed> {
    let failed = |error| Failed::Sqlite(part.to_owned(), error);
    let connection = Connection::open(part).map_err(failed)?;
    database::ours(&connection, part)?;
    whole(&connection, part)?;
    connection
        .execute(
            "INSERT INTO secrets (name, value) VALUES (?1, 'restored') ON CONFLICT (name) DO NOTHING",
            [PAUSED],
        )
        .map_err(failed)?;
    Ok(())
}

/// What was set aside in a folder, the newest first, at most a thousand.
///
/// # Errors
/// Where there is no database, or it cannot be read.
pub fn letters(data: &Path) -> Result<Vec<DeadLetter>, Failed> {
    let path = folder::database(data);
    if !path.exists() {
        return Err(Failed::Nothing(data.to_owned()));
    }
    let failed = |error| Failed::Sqlite(path.clone(), error);
    let connection = database::reader(&path).map_err(failed)?;
    database::ours(&connection, &path)?;
    records::newest_letters(&connection, MOST_LETTERS).map_err(failed)
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    pub what: String,
    pub well: bool,
    /// One sentence.
    pub found: String,
    /// What to do, where it is not well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Check {
    fn well(what: &str, found: impl Into<String>) -> Self {
        Self {
            what: what.to_owned(),
            well: true,
            found: found.into(),
            remedy: None,
        }
    }

    fn ill(what: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            well: false,
            remedy: Some(remedy.into()),
            ..Self::well(what, found)
        }
    }
}

/// Looks at everything that a server in this folder needs, whether one runs or not. Changes nothing.
pub async fn doctor(data: &Path, configuration: &Configuration) -> Vec<Check> {
    let mut checks = vec![room(data), writable(data)];
    checks.extend(database_checks(data));
    checks.push(flows(configuration));
    for (name, agent) in &configuration.agents {
        if let Source::Url(url) = &agent.source {
            checks.push(reachable(name.as_str(), url).await);
        }
    }
    checks
}

fn room(data: &Path) -> Check {
    let there = data.ancestors().find(|folder| folder.exists());
    let stat = there.map(rustix::fs::statvfs);
    let Some(Ok(stat)) = stat else {
        return Check::ill(
            "disk",
            format!("nobody can tell how much room {} has", data.display()),
            "name a folder on a disk with --data",
        );
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let found = format!("{} MiB are free", free / (1024 * 1024));
    match free < LEAST_ROOM {
        true => Check::ill(
            "disk",
            found,
            "make room: without it no workflow can be written",
        ),
        false => Check::well("disk", found),
    }
}

fn writable(data: &Path) -> Check {
    let probe = data.join(format!("probe.{:x}", rand::random::<u64>()));
    if !data.exists() {
        return Check::well(
            "folder",
            format!("{} is made at the first start", data.display()),
        );
    }
    let written = File::create_new(&probe).and_then(|_| std::fs::remove_file(&probe));
    match written {
        Ok(()) => Check::well("folder", format!("{} can be written", data.display())),
        Err(error) => Check::ill(
            "folder",
            format!("{} cannot be written: {error}", data.display()),
            "give it to the user that runs the server, or name another with --data",
        ),
    }
}

fn database_checks(data: &Path) -> Vec<Check> {
    let path = folder::database(data);
    if !path.exists() {
        return vec![Check::well("database", "there is none yet")];
    }
    let looked = database::reader(&path)
        .map_err(|error| Failed::Sqlite(path.clone(), error))
        .and_then(|connection| {
            database::ours(&connection, &path)?;
            whole(&connection, &path)?;
            Ok(connection)
        });
    match looked {
        Ok(connection) => vec![
            Check::well("database", format!("{} is whole", path.display())),
            clock(&connection),
            paused(&connection),
            set_aside(&connection),
        ],
        Err(error) => vec![Check::ill(
            "database",
            error.to_string(),
            "restore a backup into another folder with `aegis restore`, and keep this one for whoever looks into it",
        )],
    }
}

/// Those of the configuration, or those that ship: which folders a server was given beside them, only it knows.
fn flows(configuration: &Configuration) -> Check {
    let looked =
        crate::read_flows(configuration, &[]).and_then(|all| crate::startable(all, configuration));
    match looked {
        Ok((_, left_out)) => match left_out.first() {
            None => Check::well("flows", "every flow has its agents"),
            Some(flow) => Check::ill(
                "flows",
                flow.to_string(),
                "name the agent in aegis.toml, and start the server anew",
            ),
        },
        Err(error) => Check::ill("flows", error.to_string(), "mend the file"),
    }
}

fn clock(connection: &Connection) -> Check {
    let newest = connection.query_row("SELECT max(created_at) FROM workflows", [], |row| {
        row.get::<_, Option<i64>>(0)
    });
    let newest = newest.ok().flatten().map(Timestamp::from_millis);
    let now = SystemClock.now();
    match newest.filter(|newest| *newest > now.plus(CLOCK_GRACE)) {
        Some(newest) => Check::ill(
            "clock",
            format!("it is {now} here, and a workflow was started at {newest}"),
            "set the clock: deadlines wait for times that are far away",
        ),
        None => Check::well("clock", format!("it is {now}")),
    }
}

fn paused(connection: &Connection) -> Check {
    match records::secret(connection, PAUSED) {
        Ok(None) => Check::well("moving", "workflows move while a server runs"),
        Ok(Some(_)) | Err(_) => Check::ill(
            "moving",
            "this was restored from a backup, and nothing moves",
            "start it with `aegis serve --resume` once the server that it was copied from has ended",
        ),
    }
}

fn set_aside(connection: &Connection) -> Check {
    let counted = connection.query_row("SELECT count(*) FROM dead_letters", [], |row| {
        row.get::<_, i64>(0)
    });
    match counted {
        Ok(0) => Check::well("dead letters", "nothing was set aside"),
        Ok(number) => Check::ill(
            "dead letters",
            format!("{number} messages were set aside"),
            "see which and why with `aegis dlq`",
        ),
        Err(error) => Check::ill("dead letters", error.to_string(), "see the database"),
    }
}

async fn reachable(name: &str, url: &str) -> Check {
    let what = format!("agent {name}");
    let asked = crate::agents::client_for(url)
        .unwrap_or_default()
        .get(format!("{url}/ping"))
        .timeout(PATIENCE);
    let remedy = || "start the agent's server, or mend its `url` in aegis.toml".to_owned();
    match asked.send().await {
        Ok(answer) if answer.status().is_success() => Check::well(&what, format!("{url} answers")),
        Ok(answer) => Check::ill(
            &what,
            format!("{url}/ping answers {}", answer.status()),
            remedy(),
        ),
        Err(_) => Check::ill(&what, format!("{url} does not answer"), remedy()),
    }
}
