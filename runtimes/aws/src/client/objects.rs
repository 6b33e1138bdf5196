//! Objects in S3: read, written once, listed.
//!
//! Overwrites and deletes nothing. Knows no key's meaning: what is an artifact or a source is its
//! callers' business.

use std::borrow::Cow;
use std::time::Duration;

use aegis_engine::ports::ObjectEntry;
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, EncodingType};
use bytes::Bytes;
use percent_encoding::percent_decode_str;

use super::error::CallError;

const GET: &str = "GetObject";
const PUT: &str = "PutObject";
const LIST: &str = "ListObjectsV2";

/// Codes of status 409: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>.
const CONFLICTS: [&str; 2] = ["ConditionalRequestConflict", "OperationAborted"];
/// Between tries of a put that met another one of the same key.
const CONFLICT_PAUSES: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(800),
    Duration::from_millis(1600),
];

/// What became of a conditional put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    Written,
    /// Something lies there already, and stays as it is.
    Exists,
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
    /// bytes they are reads them. S3 answers 409 while another write of the key is under way, which says nothing of who
    /// will have it, and the SDK does not try again: so it is done here.
    ///
    /// # Errors
    /// Where S3 refuses or cannot be reached.
    pub async fn put_if_absent(
        &self,
        key: &str,
        bytes: Vec<u8>,
        media_type: &str,
    ) -> Result<Put, CallError> {
        let bytes = Bytes::from(bytes);
        let mut pauses = CONFLICT_PAUSES.iter();
        loop {
            let answer = self
                .client
                .put_object()
                .bucket(&self.bucket)
                .key(key)
                .if_none_match("*")
                .checksum_algorithm(ChecksumAlgorithm::Sha256)
                .content_type(media_type)
                .body(ByteStream::from(bytes.clone()))
                .send()
                .await;
            let error = match answer.map_err(CallError::of(PUT)) {
                Ok(_) => return Ok(Put::Written),
                Err(error) if error.has_code("PreconditionFailed") => return Ok(Put::Exists),
                Err(error) => error,
            };
            if !CONFLICTS.iter().any(|code| error.has_code(code)) {
                return Err(error);
            }
            let Some(pause) = pauses.next() else {
                return Err(error);
            };
            tokio::time::sleep(*pause).await;
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
        // A key may hold what XML cannot, so keys come percent-encoded.
        let request = self.client.list_objects_v2().bucket(bucket).prefix(prefix);
        let request = request.encoding_type(EncodingType::Url);
        let mut pages = request.into_paginator().send();
        let mut entries = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(CallError::of(LIST))?;
            let encoded = page.encoding_type == Some(EncodingType::Url);
            for object in page.contents.unwrap_or_default() {
                if entries.len() == limit {
                    return Ok(entries);
                }
                let size = object.size.and_then(|size| u64::try_from(size).ok());
                let key = object.key.unwrap_or_default();
                let key = if encoded { decoded(&key)? } else { key };
                let size = size.unwrap_or(0);
                entries.push(ObjectEntry { key, size });
            }
        }
        Ok(entries)
    }
}

/// As in a form: a space is `+`.
fn decoded(key: &str) -> Result<String, CallError> {
    let key = key.replace('+', " ");
    let key = percent_decode_str(&key).decode_utf8();
    let failed = |_| CallError::saying(LIST, None, "a key in the answer is not UTF-8");
    key.map(Cow::into_owned).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::told::Told;

    fn refused(code: &str) -> String {
        format!("<Error><Code>{code}</Code><Message>because</Message></Error>")
    }

    async fn put(answers: Vec<(u16, String)>) -> (Result<Put, Option<String>>, usize) {
        let told = Told::answering(answers).await;
        let objects = S3Objects::new(&told.config().await, "artifacts");
        let put = objects.put_if_absent("claim.json", b"{}".to_vec(), "application/json");
        (put.await.map_err(|error| error.code), told.asked())
    }

    #[tokio::test]
    async fn a_put_that_meets_another_one_is_tried_again() {
        let conflict = || (409, refused("ConditionalRequestConflict"));
        let aborted = || (409, refused("OperationAborted"));
        let exists = || (412, refused("PreconditionFailed"));
        let written = || (200, String::new());
        assert_eq!(put(vec![written()]).await, (Ok(Put::Written), 1));
        assert_eq!(put(vec![exists()]).await, (Ok(Put::Exists), 1));
        assert_eq!(put(vec![conflict(), exists()]).await, (Ok(Put::Exists), 2));
        let answers = vec![conflict(), aborted(), written()];
        assert_eq!(put(answers).await, (Ok(Put::Written), 3));
    }

    #[tokio::test]
    async fn a_put_that_always_meets_another_one_is_given_up() {
        let code = "ConditionalRequestConflict";
        let (put, asked) = put(vec![(409, refused(code))]).await;
        assert_eq!((put, asked), (Err(Some(code.to_owned())), 5));
    }

    #[tokio::test]
    async fn what_is_no_conflict_is_told_at_once() {
        for (status, code) in [
            (503, "SlowDown"),
            (403, "AccessDenied"),
            (500, "InternalError"),
        ] {
            let (put, asked) = put(vec![(status, refused(code))]).await;
            assert_eq!((put, asked), (Err(Some(code.to_owned())), 1));
        }
    }

    #[test]
    fn keys_come_back_as_they_were_written() {
        for (encoded, key) in [
            (
                "sources/a/new%0Aline+%28%C3%A4%29%2B%25.md",
                "sources/a/new\nline (ä)+%.md",
            ),
            ("plain/key.md", "plain/key.md"),
            ("%E6%95%B0%01%20x", "数\u{1} x"),
        ] {
            assert_eq!(decoded(encoded).unwrap(), key);
        }
        assert!(decoded("%FF").is_err());
    }
}
