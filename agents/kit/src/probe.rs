//! `--check-health`: asks the agent that runs in the same container how it is, for images without a shell.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The one argument that an agent's program takes.
pub const ARGUMENT: &str = "--check-health";
const PATIENCE: Duration = Duration::from_secs(2);

/// # Errors
/// Where nobody listens at the port of `bind`, or `GET /ping` is not answered with 200 in time.
pub async fn check(bind: SocketAddr) -> anyhow::Result<()> {
    let answer = tokio::time::timeout(PATIENCE, ping(bind.port())).await;
    let answer = answer.context("no answer to /ping in time")??;
    let status = answer.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        bail!("/ping was answered with `{status}`");
    }
    Ok(())
}

async fn ping(port: u16) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream
        .write_all(b"GET /ping HTTP/1.0\r\nhost: localhost\r\n\r\n")
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn answered_with(status: &'static str) -> anyhow::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let bind = listener.local_addr()?;
        tokio::spawn(async move {
            if let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(status.as_bytes()).await;
            }
        });
        check(bind).await
    }

    #[tokio::test]
    async fn only_an_answer_of_200_is_health() {
        assert!(answered_with("HTTP/1.1 200 OK\r\n\r\n{}").await.is_ok());
        let ill = answered_with("HTTP/1.1 500 Internal Server Error\r\n\r\n200").await;
        assert!(ill.unwrap_err().to_string().contains("500"));
    }

    #[tokio::test]
    async fn where_nobody_listens_there_is_no_health() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bind = listener.local_addr().unwrap();
        drop(listener);
        assert!(check(bind).await.is_err());
    }
}
