//! What is stored beside workflows: keys, secrets, and what was set aside.

use std::sync::Arc;

use aegis_contracts::time::Timestamp;
use aegis_engine::error::PortError;
use aegis_engine::ports::{Clock as _, DeadLetters, KeyStore, SystemClock};
use aegis_engine::stored::encode;
use aegis_engine::token::TokenKeys;
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde::Serialize;

use crate::database::{Database, PAUSED};

const TOKEN_KEYS: &str = "token_keys";
/// Bytes of a reason that are kept.
const LONGEST_REASON: usize = 4096;

pub(crate) fn secret(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT value FROM secrets WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

/// Stores a secret unless there is one, and returns the one that is stored.
///
/// # Errors
/// Of the file.
pub(crate) async fn secret_or(
    database: &Database,
    name: &'static str,
    value: String,
) -> Result<String, PortError> {
    let work = move |transaction: &Transaction<'_>| {
        transaction.execute(
            "INSERT INTO secrets (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
            params![name, value],
        )?;
        Ok(secret(transaction, name)?.unwrap_or_else(|| value.clone()))
    };
    database.write(work).await
}

/// Whether nothing may move; `resume`: from now on it may.
///
/// # Errors
/// Of the file.
pub(crate) async fn paused(database: &Database, resume: bool) -> Result<bool, PortError> {
    if resume {
        let work = |transaction: &Transaction<'_>| {
            transaction.execute("DELETE FROM secrets WHERE name = ?1", [PAUSED])
        };
        database.write(work).await?;
    }
    database.read(|connection| Ok(secret(connection, PAUSED)?.is_some()))
}

pub struct SqliteKeys(pub Arc<Database>);

fn keys(json: &str) -> Result<TokenKeys, PortError> {
    // Not quoted: there are secrets in it.
    serde_json::from_str(json)
        .map_err(|_| PortError::Permanent("the stored token keys cannot be read".to_owned()))
}

#[async_trait]
impl KeyStore for SqliteKeys {
    async fn load(&self) -> Result<Option<TokenKeys>, PortError> {
        let found = self.0.read(|connection| secret(connection, TOKEN_KEYS))?;
        found.map(|json| keys(&json)).transpose()
    }

    async fn create(&self, made: &TokenKeys) -> Result<TokenKeys, PortError> {
        keys(&secret_or(&self.0, TOKEN_KEYS, encode(made)?).await?)
    }
}

/// What one service sets aside.
pub struct SqliteDeadLetters {
    pub database: Arc<Database>,
    pub service: String,
}

/// A message that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    pub number: i64,
    pub set_aside_at: Timestamp,
    pub service: String,
    pub reason: String,
    pub body: String,
}

/// The newest first.
pub(crate) fn newest_letters(
    connection: &Connection,
    limit: u32,
) -> rusqlite::Result<Vec<DeadLetter>> {
    let mut statement = connection.prepare_cached(
        "SELECT n, set_aside_at, service, reason, body FROM dead_letters ORDER BY n DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], |row| {
        Ok(DeadLetter {
            number: row.get(0)?,
            set_aside_at: Timestamp::from_millis(row.get(1)?),
            service: row.get(2)?,
            reason: row.get(3)?,
            body: row.get(4)?,
        })
    })?;
    rows.collect()
}

#[async_trait]
impl DeadLetters for SqliteDeadLetters {
    async fn put(&self, body: &str, reason: &str) -> Result<(), PortError> {
        let at = SystemClock.now().as_millis();
        let service = self.service.clone();
        let reason: String = reason.chars().take(LONGEST_REASON).collect();
        let body = body.to_owned();
        let work = move |transaction: &Transaction<'_>| {
            transaction.execute(
                "INSERT INTO dead_letters (set_aside_at, service, reason, body) VALUES (?1, ?2, ?3, ?4)",
                params![at, service, reason, body],
            )?;
            Ok(())
        };
        self.database.write(work).await
    }
}
