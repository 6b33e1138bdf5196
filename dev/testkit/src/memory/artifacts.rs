//! The artifact bucket in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_contracts::artifact::{ArtifactRef, COMPLETION, CompletionRecord};
use aegis_contracts::flow::media_type;
use aegis_contracts::time::Timestamp;
use aegis_contracts::transfer::{FileToPut, Transfer, TransferMethod};
use aegis_contracts::view::ResultLink;
use async_trait::async_trait;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::{Faults, lock};
use aegis_engine::error::PortError;
use aegis_engine::ports::{Artifacts, Contents, ObjectEntry, ObjectFacts};

#[derive(Debug, Default)]
pub struct MemoryArtifacts {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    faults: Arc<Faults>,
}

impl MemoryArtifacts {
    pub fn new(faults: Arc<Faults>) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    pub fn put(&self, key: &str, bytes: &[u8]) {
        lock(&self.objects).insert(key.to_owned(), bytes.to_vec());
    }

    pub fn remove(&self, key: &str) {
        lock(&self.objects).remove(key);
    }

    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        lock(&self.objects).get(key).cloned()
    }

    /// Whether `key` was free and now holds `bytes`.
    pub fn put_new(&self, key: &str, bytes: &[u8]) -> bool {
        let mut objects = lock(&self.objects);
        let free = !objects.contains_key(key);
        if free {
            objects.insert(key.to_owned(), bytes.to_vec());
        }
        free
    }

    /// Stores the artifact `name` of the attempt of this prefix, and returns the reference to it.
    pub fn put_result(&self, prefix: &str, name: &str, bytes: &[u8]) -> ArtifactRef {
        let key = format!("{prefix}{name}");
        self.put(&key, bytes);
        ArtifactRef {
            name: name.to_owned(),
            key,
            size: bytes.len() as u64,
            media_type: media_type(name).to_owned(),
            sha256: HEXLOWER.encode(&Sha256::digest(bytes)),
        }
    }
}

#[async_trait]
impl Artifacts for MemoryArtifacts {
    async fn facts(&self, key: &str) -> Result<Option<ObjectFacts>, PortError> {
        let facts = |bytes: &Vec<u8>| ObjectFacts {
            size: bytes.len() as u64,
            sha256: Some(HEXLOWER.encode(&Sha256::digest(bytes))),
        };
        let effect = || Ok(lock(&self.objects).get(key).map(facts));
        self.faults.call("facts", effect).await
    }

    async fn read(&self, key: &str, limit: usize) -> Result<Option<Contents>, PortError> {
        let contents = |bytes: Vec<u8>| match bytes.len() > limit {
            true => Contents::TooLarge,
            false => Contents::Whole(bytes),
        };
        let effect = || Ok(self.get(key).map(contents));
        self.faults.call("read", effect).await
    }

    async fn completion(&self, prefix: &str) -> Result<Option<CompletionRecord>, PortError> {
        let key = format!("{prefix}{COMPLETION}");
        let effect = || {
            let Some(bytes) = lock(&self.objects).get(&key).cloned() else {
                return Ok(None);
            };
            serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| PortError::Permanent(format!("{key}: {error}")))
        };
        self.faults.call("completion", effect).await
    }

    async fn presign(&self, key: &str, valid: Duration) -> Result<ResultLink, PortError> {
        let link = ResultLink {
            url: format!("memory:///{key}"),
            expires_at: Timestamp::UNIX_EPOCH.plus(valid),
        };
        self.faults.call("presign", || Ok(link)).await
    }

    async fn presign_put(
        &self,
        key: &str,
        file: &FileToPut,
        valid: Duration,
    ) -> Result<Transfer, PortError> {
        let headers = [
            ("content-length", file.size.to_string()),
            ("content-type", file.media_type.clone()),
            ("if-none-match", "*".to_owned()),
            ("x-amz-checksum-sha256", file.sha256.clone()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value));
        let transfer = Transfer {
            method: TransferMethod::Put,
            url: format!("memory:///{key}"),
            headers: headers.into(),
            expires_at: Timestamp::UNIX_EPOCH.plus(valid),
        };
        self.faults.call("presign_put", || Ok(transfer)).await
    }

    async fn list(&self, prefix: &str, limit: u16) -> Result<Vec<ObjectEntry>, PortError> {
        let effect = || {
            let objects = lock(&self.objects);
            let below = objects.range(prefix.to_owned()..);
            let below = below.take_while(|(key, _)| key.starts_with(prefix));
            let entry = |(key, bytes): (&String, &Vec<u8>)| ObjectEntry {
                key: key.clone(),
                size: bytes.len() as u64,
            };
            Ok(below.map(entry).take(limit.into()).collect())
        };
        self.faults.call("list", effect).await
    }
}
