//! The port through which agents read sources and read and write artifacts.
//!
//! There is no overwrite: an object that exists stays as it is. That, not the claim, is what makes two
//! lives of one attempt harmless to each other.

pub use aegis_engine::ports::ObjectEntry;
use async_trait::async_trait;

/// What became of a conditional put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    Written,
    Exists,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The agent's role may not do this, or the bucket does not exist. Trying again does not help.
    #[error("storage refuses: {0}")]
    Denied(String),
    /// Storage could not be reached or did not manage.
    #[error("storage does not answer properly: {0}")]
    Unavailable(String),
}

#[async_trait]
pub trait ArtifactStore: Send + Sync {
    /// The bucket that holds the artifacts, and by default the sources.
    fn artifact_bucket(&self) -> &str;

    /// `None` where there is no such object.
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes to the artifact bucket unless the key is taken.
    async fn put_new(&self, key: &str, bytes: Vec<u8>, media_type: &str)
    -> Result<Put, StoreError>;

    /// Entries below a prefix in the order of their keys, at most `limit`.
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<ObjectEntry>, StoreError>;
}
