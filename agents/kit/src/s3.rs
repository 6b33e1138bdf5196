//! The store on S3.

use aegis_aws::client::error::CallError;
use aegis_aws::client::objects::{self, S3Objects};
use async_trait::async_trait;

use crate::store::{ArtifactStore, ObjectEntry, Put, StoreError};

/// Answers that another try will not change.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
const FINAL: [&str; 5] = [
    "AccessDenied",
    "NoSuchBucket",
    "PermanentRedirect",
    "InvalidBucketName",
    "AllAccessDisabled",
];

pub struct S3Store {
    objects: S3Objects,
}

impl S3Store {
    pub fn new(objects: S3Objects) -> Self {
        Self { objects }
    }
}

fn told(error: CallError) -> StoreError {
    if FINAL.iter().any(|code| error.has_code(code)) {
        StoreError::Denied(error.to_string())
    } else {
        StoreError::Unavailable(error.to_string())
    }
}

#[async_trait]
impl ArtifactStore for S3Store {
    fn artifact_bucket(&self) -> &str {
        self.objects.bucket()
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.objects.read(bucket, key).await.map_err(told)
    }

    async fn put_new(
        &self,
        key: &str,
        bytes: Vec<u8>,
        media_type: &str,
    ) -> Result<Put, StoreError> {
        let put = self.objects.put_if_absent(key, bytes, media_type).await;
        Ok(match put.map_err(told)? {
            objects::Put::Written => Put::Written,
            objects::Put::Exists => Put::Exists,
        })
    }

    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<ObjectEntry>, StoreError> {
        self.objects.list(bucket, prefix, limit).await.map_err(told)
    }
}
