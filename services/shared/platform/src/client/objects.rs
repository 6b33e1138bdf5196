//! Objects in S3: read, written once, listed.
//!
//! Overwrites and deletes nothing. Knows no key's meaning: what is an artifact or a source is its
//! callers' business.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;

use super::error::CallError;

const GET: &str = "GetObject";
const PUT: &str = "PutObject";
const LIST: &str = "ListObjectsV2";

/// What became of a conditional put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    Written,
    /// Something lies there already, and stays as it is.
    Exists,
}

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEntry {
    pub key: String,
    /// Bytes.
    pub size: u64,
}

/// One bucket of ours, and the right to read elsewhere.
#[derive(Debug, Clone)]
pub struct S3Objects {
    client: Client,
    bucket: String,
}

impl S3Objects {
    pub fn new(config: &SdkConfig, bucket: impl Into<String>) -> Self {
        // A custom endpoint seldom has a host name per bucket.
        let settings = Builder::from(config)
            .force_path_style(config.endpoint_url().is_some())
            .build();
        Self {
            client: Client::from_conf(settings),
            bucket: bucket.into(),
        }
    }

    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// An object of the own bucket; `None` where there is none.
    ///
    /// # Errors
    /// Where S3 refuses or cannot be reached. Without the right to list, a missing key is refused as `AccessDenied`.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CallError> {
        self.read(&self.bucket, key).await
    }

    /// An object of any bucket; `None` where the key does not exist.
    ///
    /// # Errors
    /// Like [`Self::get`].
    pub async fn read(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, CallError> {
        let answer = self
            .client
            .get_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await;
        let object = match answer {
            Ok(object) => object,
            Err(error) if error.as_service_error().is_some_and(|e| e.is_no_such_key()) => {
                return Ok(None);
            }
            Err(error) => return Err(CallError::of(GET)(error)),
        };
        let body = object.body.collect().await;
        let body = body.map_err(|error| CallError::saying(GET, None, error.to_string()))?;
        Ok(Some(body.into_bytes().to_vec()))
    }

    /// Writes unless something lies there, with a SHA-256 checksum that S3 verifies and keeps.
    ///
    /// A retry inside the SDK whose first try did arrive says `Exists` too: a caller that must know whose
    /// bytes they are reads them.
    ///
    /// # Errors
    /// Where S3 refuses or cannot be reached.
    pub async fn put_if_absent(
        &self,
        key: &str,
        bytes: Vec<u8>,
        media_type: &str,
    ) -> Result<Put, CallError> {
        let answer = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .if_none_match("*")
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .content_type(media_type)
            .body(ByteStream::from(bytes))
            .send()
            .await;
        match answer.map_err(CallError::of(PUT)) {
            Ok(_) => Ok(Put::Written),
            Err(error) if error.has_code("PreconditionFailed") => Ok(Put::Exists),
            Err(error) => Err(error),
        }
    }

    /// Keys below a prefix in S3's order, at most `limit`.
    ///
    /// # Errors
    /// Where S3 refuses or cannot be reached.
    pub async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<ObjectEntry>, CallError> {
        let request = self.client.list_objects_v2().bucket(bucket).prefix(prefix);
        let mut pages = request.into_paginator().send();
        let mut entries = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(CallError::of(LIST))?;
            for object in page.contents.unwrap_or_default() {
                if entries.len() == limit {
                    return Ok(entries);
                }
                let size = object.size.and_then(|size| u64::try_from(size).ok());
                entries.extend(object.key.map(|key| ObjectEntry {
                    key,
                    size: size.unwrap_or(0),
                }));
            }
        }
        Ok(entries)
    }
}
