//! The artifact bucket on S3.

use std::time::Duration;

use aegis_contracts::artifact::{COMPLETION, CompletionRecord};
use aegis_contracts::view::ResultLink;
use aegis_engine::error::PortError;
use aegis_engine::ports::{Artifacts, Clock, Contents, ObjectFacts, SystemClock};
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::ChecksumMode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use data_encoding::HEXLOWER;

use super::fault::{fault, unbuildable};
use super::on_demand::OnDemand;

/// A completion record lists a few artifacts; what is larger is not one.
const MAX_RECORD: usize = 64 * 1024;

pub struct S3Artifacts {
    client: OnDemand<Client>,
    bucket: String,
}

impl S3Artifacts {
    pub fn new(client: impl Into<OnDemand<Client>>, bucket: String) -> Self {
        Self {
            client: client.into(),
            bucket,
        }
    }
}

#[async_trait]
impl Artifacts for S3Artifacts {
    async fn facts(&self, key: &str) -> Result<Option<ObjectFacts>, PortError> {
        let sent = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(key)
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await;
        let head = match sent {
            Ok(head) => head,
            Err(error)
                if matches!(error.as_service_error(), Some(HeadObjectError::NotFound(_))) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(fault("HeadObject")(error)),
        };
        // S3 writes the checksum in base64.
        let sha256 = head
            .checksum_sha256()
            .and_then(|checksum| BASE64_STANDARD.decode(checksum).ok())
            .map(|bytes| HEXLOWER.encode(&bytes));
        Ok(Some(ObjectFacts {
            size: u64::try_from(head.content_length().unwrap_or(0)).unwrap_or(0),
            sha256,
        }))
    }

    async fn read(&self, key: &str, limit: usize) -> Result<Option<Contents>, PortError> {
        let sent = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await;
        let mut object = match sent {
            Ok(object) => object,
            Err(error)
                if matches!(error.as_service_error(), Some(GetObjectError::NoSuchKey(_))) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(fault("GetObject")(error)),
        };
        // The rest of what is too large is never fetched.
        let mut bytes = Vec::new();
        while let Some(part) = object.body.next().await {
            let part = part.map_err(|error| PortError::Transient(format!("GetObject: {error}")))?;
            if bytes.len() + part.len() > limit {
                return Ok(Some(Contents::TooLarge));
            }
            bytes.extend_from_slice(&part);
        }
        Ok(Some(Contents::Whole(bytes)))
    }

    async fn completion(&self, prefix: &str) -> Result<Option<CompletionRecord>, PortError> {
        let key = format!("{prefix}{COMPLETION}");
        match self.read(&key, MAX_RECORD).await? {
            None => Ok(None),
            Some(Contents::TooLarge) => Err(PortError::Permanent(format!(
                "{key} has more than {MAX_RECORD} bytes"
            ))),
            Some(Contents::Whole(bytes)) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| PortError::Permanent(format!("{key}: {error}"))),
        }
    }

    async fn presign(&self, key: &str, valid: Duration) -> Result<ResultLink, PortError> {
        let config = PresigningConfig::expires_in(valid).map_err(unbuildable)?;
        let expires_at = SystemClock.now().plus(valid);
        let request = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .presigned(config)
            .await
            .map_err(fault("GetObject"))?;
        Ok(ResultLink {
            url: request.uri().to_owned(),
            expires_at,
        })
    }
}
