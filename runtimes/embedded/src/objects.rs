//! Artifacts and sources: small ones in the database, large ones as files beside it.
//!
//! A row says that an object is there. It is written last, so that nobody finds half of one, and once, so that nothing is
//! overwritten. In the database a small object costs no fsync of its own; see [`Database::write`].
//!
//! Links are signed by the server itself: whoever has one needs no token, until it expires.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aegis_agent_kit::publish::sha256_hex;
use aegis_agent_kit::store::{ArtifactStore, Put, StoreError};
use aegis_contracts::time::Timestamp;
use aegis_contracts::transfer::{FileToPut, Transfer, TransferMethod};
use aegis_contracts::view::ResultLink;
use aegis_engine::error::PortError;
use aegis_engine::ports::{Artifacts, Clock, Contents, ObjectEntry, ObjectFacts, SystemClock};
use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::{OptionalExtension as _, Transaction, params};
use sha2::Sha256;

use crate::database::Database;
use crate::folder;

/// What stands for a bucket in addresses such as `s3://local/sources/a.md`.
pub const BUCKET: &str = "local";
/// Where objects are served, below the API.
pub const PATH: &str = "/objects/";
/// Bytes that lie in the database.
const SMALL: usize = 64 * 1024;
/// As they may stand in a path.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.');

pub struct Objects {
    database: Arc<Database>,
    /// Holds the large ones, each under its digest.
    files: PathBuf,
    /// Signs links.
    secret: Vec<u8>,
    /// The API as those who follow links reach it.
    base: String,
}

/// An object as it lies there.
pub struct Object {
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// The link is not ours, is for something else, or has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// What a request to a link says.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    pub key: &'a str,
    pub expires: &'a str,
    pub signature: &'a str,
}

impl Objects {
    pub fn new(database: Arc<Database>, files: PathBuf, secret: Vec<u8>, base: String) -> Self {
        Self {
            database,
            files,
            secret,
            base,
        }
    }

    /// Puts an object where none is.
    ///
    /// # Errors
    /// Of the disk.
    pub async fn put(&self, key: &str, bytes: Vec<u8>, media_type: &str) -> Result<Put, PortError> {
        let (size, sha256) = (bytes.len(), sha256_hex(&bytes));
        let body = match size {
            0..=SMALL => Some(bytes),
            _ => {
                let (folder, name) = (self.files.clone(), sha256.clone());
                let written = tokio::task::spawn_blocking(move || keep(&folder, &name, &bytes));
                let failed = |why: String| {
                    PortError::Transient(format!("an object cannot be written: {why}"))
                };
                let written = written.await.map_err(|error| failed(error.to_string()))?;
                written.map_err(|error| failed(error.to_string()))?;
                None
            }
        };
        let (key, media_type) = (key.to_owned(), media_type.to_owned());
        let work = move |transaction: &Transaction<'_>| {
            let written = transaction
                .prepare_cached(
                    "INSERT INTO objects (key, size, sha256, media_type, body) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (key) DO NOTHING",
                )?
                .execute(params![key, size as i64, sha256, media_type, body])?;
            Ok(if written == 0 {
                Put::Exists
            } else {
                Put::Written
            })
        };
        self.database.write(work).await
    }

    /// # Errors
    /// Of the disk.
    pub async fn get(&self, key: &str) -> Result<Option<Object>, PortError> {
        let found = self.database.read(|connection| {
            connection
                .prepare_cached("SELECT media_type, sha256, body FROM objects WHERE key = ?1")?
                .query_row([key], |row| {
                    let body: Option<Vec<u8>> = row.get(2)?;
                    Ok((row.get(0)?, row.get::<_, String>(1)?, body))
                })
                .optional()
        })?;
        let Some((media_type, sha256, body)) = found else {
            return Ok(None);
        };
        let bytes = match body {
            Some(bytes) => bytes,
            None => {
                let path = self.files.join(&sha256);
                let damaged = |why: String| {
                    PortError::Permanent(format!("{key} lies in {}: {why}", path.display()))
                };
                let read = tokio::fs::read(&path).await;
                let bytes = read.map_err(|error| damaged(error.to_string()))?;
                if sha256_hex(&bytes) != sha256 {
                    return Err(damaged("it was changed since it was put".to_owned()));
                }
                bytes
            }
        };
        Ok(Some(Object { media_type, bytes }))
    }

    /// Forgets what an attempt has left that did not come to its end.
    ///
    /// # Errors
    /// Of the disk.
    pub(crate) async fn forget(&self, keys: Vec<String>) -> Result<(), PortError> {
        let work = move |transaction: &Transaction<'_>| {
            for key in &keys {
                transaction
                    .prepare_cached("DELETE FROM objects WHERE key = ?1")?
                    .execute([key])?;
            }
            Ok(())
        };
        self.database.write(work).await
    }

    fn sign(&self, text: &str) -> Result<Hmac<Sha256>, PortError> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.secret);
        let mut mac = mac.map_err(|error| PortError::Permanent(error.to_string()))?;
        mac.update(text.as_bytes());
        Ok(mac)
    }

    fn address(&self, key: &str, expires: i64, text: &str) -> Result<String, PortError> {
        let signature = HEXLOWER.encode(&self.sign(text)?.finalize().into_bytes());
        let key = utf8_percent_encode(key, PLAIN);
        let base = &self.base;
        Ok(format!(
            "{base}{PATH}{key}?expires={expires}&signature={signature}"
        ))
    }

    fn verify(&self, shown: Shown<'_>, text: &str) -> Result<(), Refused> {
        let signature = HEXLOWER.decode(shown.signature.as_bytes());
        let signature = signature.map_err(|_| Refused)?;
        let signed = self.sign(text).map_err(|_| Refused)?;
        signed.verify_slice(&signature).map_err(|_| Refused)?;
        let expires: i64 = shown.expires.parse().map_err(|_| Refused)?;
        match SystemClock.now().as_seconds() < expires {
            true => Ok(()),
            false => Err(Refused),
        }
    }

    /// # Errors
    /// Where the link is not good for reading.
    pub fn may_read(&self, shown: Shown<'_>) -> Result<(), Refused> {
        self.verify(shown, &to_read(shown.key, shown.expires))
    }

    /// `said`: what the headers of the request say of its bytes.
    ///
    /// # Errors
    /// Where the link is not good for putting such bytes.
    pub fn may_put(&self, shown: Shown<'_>, said: &FileToPut) -> Result<(), Refused> {
        self.verify(shown, &to_put(shown.key, shown.expires, said))
    }
}

/// Whether these are the bytes that were announced.
pub fn are(said: &FileToPut, bytes: &[u8]) -> bool {
    said.size == bytes.len() as u64 && said.sha256 == sha256_hex(bytes)
}

fn to_read(key: &str, expires: &str) -> String {
    format!("v1\nread\n{key}\n{expires}")
}

fn to_put(key: &str, expires: &str, file: &FileToPut) -> String {
    let FileToPut {
        size,
        sha256,
        media_type,
    } = file;
    format!("v1\nput\n{key}\n{expires}\n{size}\n{sha256}\n{media_type}")
}

/// Writes a file that is whole whenever it is there. The same bytes under the same name change nothing.
fn keep(folder: &std::path::Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let place = folder.join(name);
    if place.exists() {
        return Ok(());
    }
    let number: u64 = rand::random();
    let temporary = folder.join(format!("{name}.{number:x}.part"));
    let mut file = std::fs::File::create_new(&temporary)?;
    let written = file.write_all(bytes);
    let moved = written.and_then(|()| folder::put_in_place(&temporary, &place));
    if moved.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    moved
}

#[async_trait]
impl Artifacts for Objects {
    async fn facts(&self, key: &str) -> Result<Option<ObjectFacts>, PortError> {
        self.database.read(|connection| {
            connection
                .prepare_cached("SELECT size, sha256 FROM objects WHERE key = ?1")?
                .query_row([key], |row| {
                    Ok(ObjectFacts {
                        size: row.get::<_, i64>(0)?.unsigned_abs(),
                        sha256: Some(row.get(1)?),
                    })
                })
                .optional()
        })
    }

    async fn read(&self, key: &str, limit: usize) -> Result<Option<Contents>, PortError> {
        match self.facts(key).await? {
            None => return Ok(None),
            Some(facts) if facts.size > limit as u64 => return Ok(Some(Contents::TooLarge)),
            Some(_) => {}
        }
        let object = self.get(key).await?;
        Ok(object.map(|object| Contents::Whole(object.bytes)))
    }

    async fn presign(&self, key: &str, valid: Duration) -> Result<ResultLink, PortError> {
        let expires_at = until(valid);
        let expires = expires_at.as_seconds();
        Ok(ResultLink {
            url: self.address(key, expires, &to_read(key, &expires.to_string()))?,
            expires_at,
        })
    }

    async fn presign_put(
        &self,
        key: &str,
        file: &FileToPut,
        valid: Duration,
    ) -> Result<Transfer, PortError> {
        let expires_at = until(valid);
        let expires = expires_at.as_seconds();
        let text = to_put(key, &expires.to_string(), file);
        let digest = HEXLOWER.decode(file.sha256.as_bytes());
        let digest = digest.map_err(|error| PortError::Permanent(error.to_string()))?;
        // As S3 wants them: an agent need not know where it runs.
        let headers = [
            ("content-length", file.size.to_string()),
            ("content-type", file.media_type.clone()),
            ("if-none-match", "*".to_owned()),
            ("x-amz-checksum-sha256", BASE64_STANDARD.encode(digest)),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value));
        Ok(Transfer {
            method: TransferMethod::Put,
            url: self.address(key, expires, &text)?,
            headers: headers.into_iter().collect(),
            expires_at,
        })
    }

    async fn list(&self, prefix: &str, limit: u16) -> Result<Vec<ObjectEntry>, PortError> {
        self.database.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key, size FROM objects WHERE key >= ?1 AND key < ?1 || char(1114111) ORDER BY key LIMIT ?2",
            )?;
            let rows = statement.query_map(params![prefix, limit], |row| {
                Ok(ObjectEntry {
                    key: row.get(0)?,
                    size: row.get::<_, i64>(1)?.unsigned_abs(),
                })
            })?;
            rows.collect()
        })
    }
}

fn until(valid: Duration) -> Timestamp {
    SystemClock.now().plus(valid)
}

fn told(error: PortError) -> StoreError {
    match error {
        PortError::Permanent(what) => StoreError::Denied(what),
        PortError::Transient(what) | PortError::Throttled(what) => StoreError::Unavailable(what),
    }
}

/// What built-in agents read and write by.
#[async_trait]
impl ArtifactStore for Objects {
    fn artifact_bucket(&self) -> &str {
        BUCKET
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        own(bucket)?;
        let object = Self::get(self, key).await.map_err(told)?;
        Ok(object.map(|object| object.bytes))
    }

    async fn put_new(
        &self,
        key: &str,
        bytes: Vec<u8>,
        media_type: &str,
    ) -> Result<Put, StoreError> {
        self.put(key, bytes, media_type).await.map_err(told)
    }

    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<ObjectEntry>, StoreError> {
        own(bucket)?;
        let limit = u16::try_from(limit).unwrap_or(u16::MAX);
        Artifacts::list(self, prefix, limit).await.map_err(told)
    }
}

fn own(bucket: &str) -> Result<(), StoreError> {
    if bucket == BUCKET {
        return Ok(());
    }
    let what = format!("there is no bucket `{bucket}` here, but `{BUCKET}`");
    Err(StoreError::Denied(what))
}
