//! An AWS that answers what a test has told it to, in order; the last answer again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::client::connection::{Connection, Keys};

pub(crate) struct Told {
    url: String,
    asked: Arc<AtomicUsize>,
}

impl Told {
    /// Each answer is a status and a body.
    pub(crate) async fn answering(answers: Vec<(u16, String)>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let number = counter.fetch_add(1, Ordering::SeqCst);
                let (status, body) = &answers[number.min(answers.len() - 1)];
                whole_request(&mut stream).await;
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, asked }
    }

    /// As DynamoDB says what is wrong; `more` is further members of the error.
    pub(crate) fn refusal(code: &str, more: &str) -> String {
        format!(
            r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"because"{more}}}"#
        )
    }

    /// How to reach it, without retries inside the SDK.
    pub(crate) async fn config(&self) -> SdkConfig {
        let connection = Connection {
            region: Some("us-east-1".to_owned()),
            endpoint_url: Some(self.url.clone()),
            keys: Some(Keys {
                access_key_id: "id".to_owned(),
                secret_access_key: "secret".to_owned(),
            }),
        };
        let config = connection.load().await.into_builder();
        config.retry_config(RetryConfig::disabled()).build()
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Who answers before it has heard all may cut the client short.
async fn whole_request(stream: &mut TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await.unwrap();
        let header = line.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length]).await.unwrap();
}
