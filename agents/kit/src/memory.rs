//! The in-memory twin of the store, with faults on demand.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::store::{ArtifactStore, ObjectEntry, Put, StoreError};

const BUCKET: &str = "artifacts";

/// Objects by (bucket, key). The artifact bucket is called `artifacts`.
#[derive(Debug, Default)]
pub struct MemoryStore {
    objects: Mutex<BTreeMap<(String, String), Vec<u8>>>,
    fault: Mutex<Option<StoreError>>,
}

impl MemoryStore {
    pub fn new() -> Self {
        Self::default()
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<(String, String), Vec<u8>>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an object into the artifact bucket, replacing what was there: for arranging a test.
    pub fn arrange(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        self.objects()
            .insert((BUCKET.to_owned(), key.to_owned()), bytes.into());
    }

    /// What lies at a key of the artifact bucket.
    pub fn peek(&self, key: &str) -> Option<Vec<u8>> {
        self.objects()
            .get(&(BUCKET.to_owned(), key.to_owned()))
            .cloned()
    }

    pub fn keys(&self) -> Vec<String> {
        self.objects().keys().map(|(_, key)| key.clone()).collect()
    }

    /// From now on every call fails so, until `None`.
    pub fn fail_with(&self, fault: Option<StoreError>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    fn check(&self) -> Result<(), StoreError> {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault.clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl ArtifactStore for MemoryStore {
    fn artifact_bucket(&self) -> &str {
        BUCKET
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.check()?;
        let place = (bucket.to_owned(), key.to_owned());
        Ok(self.objects().get(&place).cloned())
    }

    async fn put_new(&self, key: &str, bytes: Vec<u8>, _: &str) -> Result<Put, StoreError> {
        self.check()?;
        let place = (BUCKET.to_owned(), key.to_owned());
        let mut objects = self.objects();
        if objects.contains_key(&place) {
            return Ok(Put::Exists);
        }
        objects.insert(place, bytes);
        Ok(Put::Written)
    }

    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<ObjectEntry>, StoreError> {
        self.check()?;
        let objects = self.objects();
        let below = objects
            .iter()
            .filter(|((b, key), _)| b == bucket && key.starts_with(prefix));
        let entry = |((_, key), bytes): (&(String, String), &Vec<u8>)| ObjectEntry {
            key: key.clone(),
            size: bytes.len() as u64,
        };
        Ok(below.take(limit).map(entry).collect())
    }
}
