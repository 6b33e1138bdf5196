//! Spans for an endpoint of AWS, which wants every request signed by the role of whoever sends it.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html>

use std::sync::Arc;

use aegis_signing::RequestSigner;
use async_trait::async_trait;
use aws_config::BehaviorVersion;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

/// The service whose endpoint this is.
const SERVICE: &str = "xray";

/// The exporter works on a thread of its own; signing and sending happen on the runtime that it was made on.
#[derive(Debug)]
pub(crate) struct SignedSender {
    runtime: Handle,
    parts: Arc<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    http: reqwest::Client,
    /// Made for the first spans: credentials are not looked for before.
    signer: OnceCell<RequestSigner>,
}

impl SignedSender {
    /// Has to be called on a runtime.
    pub(crate) fn new() -> Self {
        Self {
            runtime: Handle::current(),
            parts: Arc::default(),
        }
    }
}

#[async_trait]
impl HttpClient for SignedSender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let parts = self.parts.clone();
        self.runtime
            .spawn(async move { parts.send(request).await })
            .await?
    }
}

impl Parts {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let url = request.uri().to_string();
        let method = request.method().as_str();
        let headers = request.headers().iter();
        let headers: Vec<(&str, &str)> = headers
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let signer = self.signer.get_or_try_init(signer).await?;
        let proof = signer.headers(method, &url, &headers, request.body());
        let mut sent = self.http.post(&url);
        for (name, value) in proof.await? {
            sent = sent.header(name, value);
        }
        for (name, value) in headers {
            sent = sent.header(name, value);
        }
        let answer = sent.body(request.body().clone()).send().await?;
        let status = answer.status();
        let mut response = Response::new(answer.bytes().await?);
        *response.status_mut() = status;
        Ok(response)
    }
}

async fn signer() -> Result<RequestSigner, HttpError> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    Ok(crate::client::connection::signer(&config, SERVICE)?)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;
    use crate::client::connection::{Connection, Keys};

    /// What came in with the one request that is answered.
    fn receiver() -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let received = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut text = String::new();
            let mut piece = [0; 4096];
            while !text.ends_with("spans") {
                let read = stream.read(&mut piece).unwrap();
                text.push_str(&String::from_utf8_lossy(&piece[..read]));
            }
            let answer = "HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\nok";
            stream.write_all(answer.as_bytes()).unwrap();
            text.to_lowercase()
        });
        (url, received)
    }

    async fn keys() -> RequestSigner {
        let connection = Connection {
            region: Some("eu-north-1".to_owned()),
            endpoint_url: None,
            keys: Some(Keys {
                access_key_id: "AKID".to_owned(),
                secret_access_key: "secret".to_owned(),
            }),
        };
        crate::client::connection::signer(&connection.load().await, SERVICE).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn spans_are_sent_with_the_proof_of_who_sends_them() {
        let (url, received) = receiver();
        let sender = SignedSender::new();
        sender.parts.signer.set(keys().await).unwrap();
        let request = Request::post(&url)
            .header("content-type", "application/x-protobuf")
            .body(Bytes::from_static(b"spans"))
            .unwrap();
        // As the exporter does: on a thread without a runtime.
        let sent = std::thread::spawn(move || {
            futures::executor::block_on(sender.send_bytes(request)).unwrap()
        });
        let received = received.join().unwrap();
        let answer = sent.join().unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.body().as_ref()),
            (202, b"ok".as_slice())
        );
        assert!(
            received.starts_with("post /v1/traces http/1.1"),
            "{received}"
        );
        assert!(
            received.contains("content-type: application/x-protobuf"),
            "{received}"
        );
        let scope = "/eu-north-1/xray/aws4_request";
        assert!(
            received.contains("authorization: aws4-hmac-sha256 credential=akid/"),
            "{received}"
        );
        assert!(received.contains(scope), "{received}");
    }
}
