//! The artifact bucket on S3.

use std::time::Duration;

use aegis_contracts::transfer::{FileToPut, Transfer, TransferMethod};
use aegis_contracts::view::ResultLink;
use aegis_engine::error::PortError;
use aegis_engine::ports::{Artifacts, Clock, Contents, ObjectEntry, ObjectFacts, SystemClock};
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{ChecksumMode, Object};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use data_encoding::HEXLOWER;

use super::fault::{fault, unbuildable};
use super::on_demand::OnDemand;

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

    async fn presign_put(
        &self,
        key: &str,
        file: &FileToPut,
        valid: Duration,
    ) -> Result<Transfer, PortError> {
        let config = PresigningConfig::expires_in(valid).map_err(unbuildable)?;
        let expires_at = SystemClock.now().plus(valid);
        let sha256 = HEXLOWER.decode(file.sha256.as_bytes());
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .if_none_match("*")
            .content_length(i64::try_from(file.size).map_err(unbuildable)?)
            .content_type(&file.media_type)
            .checksum_sha256(BASE64_STANDARD.encode(&sha256.map_err(unbuildable)?))
            .presigned(config)
            .await
            .map_err(fault("PutObject"))?;
        // Every one of them is signed.
        let headers = request.headers();
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Transfer {
            method: TransferMethod::Put,
            url: request.uri().to_owned(),
            headers: headers.collect(),
            expires_at,
        })
    }

    async fn list(&self, prefix: &str, limit: u16) -> Result<Vec<ObjectEntry>, PortError> {
        let page = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(prefix)
            .max_keys(limit.into())
            .send()
            .await
            .map_err(fault("ListObjectsV2"))?;
        let objects = page.contents.unwrap_or_default().into_iter();
        let entry = |object: Object| {
            let size = object.size.and_then(|size| u64::try_from(size).ok());
            let size = size.unwrap_or(0);
            object.key.map(|key| ObjectEntry { key, size })
        };
        Ok(objects.filter_map(entry).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_sdk_s3::config::{Config, Credentials, Region};

    use super::*;

    /// Of the address: what must be sent with it, and for how long.
    fn signed(url: &str) -> (BTreeSet<String>, String) {
        let query = url.split_once('?').unwrap().1;
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(known, _)| *known == name)
                .unwrap()
                .1
                .to_owned()
        };
        let headers = value("X-Amz-SignedHeaders");
        let headers = headers.split("%3B").map(str::to_owned).collect();
        (headers, value("X-Amz-Expires"))
    }

    /// S3 refuses a request whose signed headers differ, so what is among them is what is enforced.
    #[tokio::test]
    async fn size_digest_type_and_condition_are_signed() {
        let config = Config::builder()
            .behavior_version_latest()
            .region(Region::from_static("eu-central-1"))
            .credentials_provider(Credentials::for_tests())
            .build();
        let port = S3Artifacts::new(Client::from_conf(config), "artifacts".to_owned());
        let file = FileToPut {
            size: 3,
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned(),
            media_type: "text/markdown; charset=utf-8".to_owned(),
        };
        let valid = Duration::from_secs(900);
        let put = port.presign_put("workflows/a/report.md", &file, valid);
        let put = put.await.unwrap();
        let wanted = [
            ("content-length", "3"),
            ("content-type", "text/markdown; charset=utf-8"),
            ("if-none-match", "*"),
            (
                "x-amz-checksum-sha256",
                "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
            ),
        ];
        for (name, value) in wanted {
            assert_eq!(put.headers.get(name).map(String::as_str), Some(value));
        }
        let (headers, expires) = signed(&put.url);
        let mut names: BTreeSet<String> = put.headers.into_keys().collect();
        names.insert("host".to_owned());
        assert_eq!(headers, names);
        assert_eq!(expires, "900");
    }
}
