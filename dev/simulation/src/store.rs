//! The artifact bucket as agents use it, with the harness's faults.

use std::sync::Arc;

use aegis_agent_kit::store::{ArtifactStore, ObjectEntry, Put, StoreError};
use aegis_testkit::memory::{Faults, MemoryArtifacts};
use async_trait::async_trait;

pub struct Bucket {
    pub artifacts: Arc<MemoryArtifacts>,
    pub faults: Arc<Faults>,
}

fn unavailable(error: impl ToString) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

#[async_trait]
impl ArtifactStore for Bucket {
    fn artifact_bucket(&self) -> &'static str {
        "artifacts"
    }

    async fn get(&self, _: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let effect = || Ok(self.artifacts.get(key));
        self.faults
            .call("agent get", effect)
            .await
            .map_err(unavailable)
    }

    async fn put_new(&self, key: &str, bytes: Vec<u8>, _: &str) -> Result<Put, StoreError> {
        let effect = || {
            Ok(if self.artifacts.put_new(key, &bytes) {
                Put::Written
            } else {
                Put::Exists
            })
        };
        self.faults
            .call("agent put", effect)
            .await
            .map_err(unavailable)
    }

    async fn list(&self, _: &str, _: &str, _: usize) -> Result<Vec<ObjectEntry>, StoreError> {
        Ok(Vec::new())
    }
}
